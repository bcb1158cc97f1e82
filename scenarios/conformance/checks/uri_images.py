"""WADO-URI: an instance as a picture, and parameters of rendering that an archive may lack (PS3.18 9.5)."""

from collections.abc import Mapping
from http import HTTPStatus

import numpy as np

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.ren_images import NOT_OFFERED
from scenarios.conformance.checks.ren_parameters import TOLERANCE, VALUE_PER_COLUMN, grey
from scenarios.conformance.checks.uri_instances import AS_DICOM, expect_status, served, wado
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.message import Response
from scenarios.conformance.picture import Picture
from scenarios.conformance.target import Capability
from scenarios.conformance.verdict import Severity

WINDOW = {"windowCenter": "1024", "windowWidth": "1024"}


def shown(archive: Archive, instance: Instance) -> Picture:
    """Return the picture of an instance; an archive that shows none ends the check."""
    served(archive, instance)
    response = wado(archive, instance, {})
    if response.status in NOT_OFFERED:
        raise Unsupported(f"the archive shows no pictures by WADO-URI: {response}")
    return Picture.of(response)


def changed(archive: Archive, instance: Instance, parameters: Mapping[str, str]) -> Picture:
    """Return the picture with these parameters; if it is the same as without, the archive ignores them."""
    plain = shown(archive, instance)
    picture = Picture.of(wado(archive, instance, parameters))
    if np.array_equal(plain.samples, picture.samples):
        raise Unsupported(f"the archive ignores {' and '.join(parameters)}")
    return picture


@check("URI-002", needs=F.GRAD, capability=Capability.WADO_URI)
def an_image_is_a_jpeg(archive: Archive, grad: Stock) -> None:
    """Without contentType an image comes as image/jpeg, in its own size."""
    served(archive, grad["ramp"])
    response = wado(archive, grad["ramp"], {})
    expect_equal(response.status, HTTPStatus.OK, "status")
    expect_equal(response.content_type.name, "image/jpeg", "Content-Type")
    picture = Picture.of(response)
    expect_equal((picture.format, picture.size), ("JPEG", (512, 256)), "format and size")
    expect(picture.greys[0] < picture.greys[-1], "a ramp that rises", got=picture.greys[::511])


@check("URI-009", needs=F.MF, capability=Capability.WADO_URI)
def a_frame_number_selects_the_frame(archive: Archive, mf: Stock) -> None:
    """In one window for all frames, frame 3 is brighter than frame 1 and darker than frame 5."""
    window = {"windowCenter": "3", "windowWidth": "6"}
    shown(archive, mf["frames"])
    pictures = [
        Picture.of(wado(archive, mf["frames"], {"frameNumber": number, **window})) for number in "135"
    ]
    greys = [picture.greys[0] for picture in pictures]
    if greys[0] == greys[1] == greys[2]:
        raise Unsupported("the archive ignores frameNumber, or shows all frames alike")
    expect(greys[0] < greys[1] < greys[2], "rising brightness of frames 1, 3 and 5", got=greys)


@check("URI-009", needs=(F.MF, F.GRAD), capability=Capability.WADO_URI)
def a_frame_that_does_not_exist_is_refused(archive: Archive, mf: Stock, grad: Stock) -> None:
    """Frames 0 and 6 of 5, and any frame of a single-frame image, are 400."""
    plain, last = shown(archive, mf["frames"]), wado(archive, mf["frames"], {"frameNumber": "6"})
    if last.ok and np.array_equal(Picture.of(last).samples, plain.samples):
        raise Unsupported("the archive ignores frameNumber")
    for number in ("6", "0"):
        expect_status(archive, mf["frames"], HTTPStatus.BAD_REQUEST, {"frameNumber": number})
    shown(archive, grad["ramp"])
    expect_status(archive, grad["ramp"], HTTPStatus.BAD_REQUEST, {"frameNumber": "1"})


@check("URI-010", needs=F.GRAD, capability=Capability.WADO_URI)
def a_window_is_applied(archive: Archive, grad: Stock) -> None:
    """windowCenter=1024 with windowWidth=1024 gives the greys of PS3.3 C.11.2."""
    greys = changed(archive, grad["ramp"], WINDOW).greys
    for column in (20, 96, 128, 160, 400):
        expected = grey(column * VALUE_PER_COLUMN, "linear")
        near = abs(greys[column] - expected) <= TOLERANCE
        expect(near, f"grey {expected:.0f} in column {column}", got=greys[column])


@check("URI-010", needs=F.GRAD, capability=Capability.WADO_URI)
def a_window_is_whole_and_for_pictures(archive: Archive, grad: Stock) -> None:
    """Half a window, one that is no number, and a window with application/dicom are 400."""
    changed(archive, grad["ramp"], WINDOW)
    for changes in (
        {"windowCenter": "1024"},
        {"windowWidth": "1024"},
        {"windowCenter": "x", "windowWidth": "1024"},
        {**WINDOW, **AS_DICOM},
    ):
        expect_status(archive, grad["ramp"], HTTPStatus.BAD_REQUEST, changes)


@check("URI-011", needs=F.GRAD, capability=Capability.WADO_URI)
def rows_and_columns_bound_the_size(archive: Archive, grad: Stock) -> None:
    """rows=100 and columns=100 make 100 x 50 of an image of 512 x 256."""
    picture = changed(archive, grad["ramp"], {"rows": "100", "columns": "100"})
    expect_equal(picture.size, (100, 50), "columns and rows")


@check("URI-011", needs=F.GRAD, capability=Capability.WADO_URI)
def one_bound_implies_the_other(archive: Archive, grad: Stock) -> None:
    """rows=100 alone makes 200 x 100, and columns=100 alone 100 x 50; 400 is the other reading (DR-26)."""
    changed(archive, grad["ramp"], {"rows": "100", "columns": "100"})
    for name, size in (("rows", (200, 100)), ("columns", (100, 50))):
        response = wado(archive, grad["ramp"], {name: "100"})
        if response.status == HTTPStatus.BAD_REQUEST:
            archive.warn(f"DR-26: {name} alone is refused")
            continue
        expect_equal(response.status, HTTPStatus.OK, f"status of {name} alone", severity=Severity.FAIL)
        expect_equal(Picture.of(response).size, size, f"columns and rows for {name} alone")


@check("URI-012", needs=F.GRAD, capability=Capability.WADO_URI)
def a_region_is_cut_out(archive: Archive, grad: Stock) -> None:
    """region=0,0,0.5,0.5 is the upper left quarter, whose right edge is half as bright as the whole's."""
    picture = changed(archive, grad["ramp"], {"region": "0,0,0.5,0.5"})
    expect_equal(picture.size, (256, 128), "columns and rows")
    brightest = picture.greys[-1]
    expect(abs(brightest - 127) <= TOLERANCE, "half of the ramp, up to grey 127", got=brightest)


@check("URI-012", needs=F.GRAD, capability=Capability.WADO_URI)
def an_ill_defined_region_is_refused(archive: Archive, grad: Stock) -> None:
    """A region whose edges are reversed, beyond the image, or not four is 400."""
    changed(archive, grad["ramp"], {"region": "0,0,0.5,0.5"})
    for region in ("0.5,0,0.1,1", "0,0,1.5,1", "0,0,0.5", "a,b,c,d"):
        expect_status(archive, grad["ramp"], HTTPStatus.BAD_REQUEST, {"region": region})


def expect_no_crash(archive: Archive, response: Response, what: str) -> None:
    """Expect a picture or a client error, and say which."""
    fits = response.ok or response.is_client_error or response.status == HTTPStatus.NOT_IMPLEMENTED
    expect(fits, f"a picture or a client error for {what}", got=response, severity=Severity.FAIL)
    archive.note(f"{what} is {response.status}")
    if response.ok:
        Picture.of(response)


@check("URI-014", needs=F.GRAD, capability=Capability.WADO_URI)
def quality_and_annotation_are_survived(archive: Archive, grad: Stock) -> None:
    """Quality and annotation are honoured, ignored or refused, without a server error."""
    shown(archive, grad["ramp"])
    for name, value in (
        ("imageQuality", "50"),
        ("imageQuality", "0"),
        ("imageAnnotation", "patient,technique"),
    ):
        expect_no_crash(archive, wado(archive, grad["ramp"], {name: value}), f"{name}={value}")


@check("URI-014", needs=F.PR, capability=Capability.WADO_URI)
def a_presentation_state_is_survived(archive: Archive, pr: Stock) -> None:
    """A presentation state, and its series or its UID alone, cause no server error."""
    image, state = pr["image"], pr["state"]
    shown(archive, image)
    pair = {"presentationSeriesUID": state.series_uid, "presentationUID": state.uid}
    expect_no_crash(archive, wado(archive, image, pair), "a presentation state")
    for name, value in pair.items():
        expect_no_crash(archive, wado(archive, image, {name: value}), f"{name} alone")
