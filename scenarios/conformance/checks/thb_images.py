"""Thumbnails: one small image of a study, series, instance or frame (PS3.18 10.4.1.1.4)."""

from http import HTTPStatus

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.ren_images import NOT_OFFERED, query
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.message import Response
from scenarios.conformance.picture import Picture
from scenarios.conformance.target import Capability

PIXELS = 64  # the side of a viewport that a thumbnail is asked to fit


def thumbnail(archive: Archive, path: str, **params: str | int) -> Response:
    """Return the thumbnail of a path, a redirect followed; an archive without it ends the check."""
    plain = archive.get(f"{path}/thumbnail")
    if plain.status in NOT_OFFERED:
        raise Unsupported(f"the archive has no thumbnail there: {plain}")
    response = archive.get(f"{path}/thumbnail{query(params)}") if params else plain
    location = response.header("Location")
    return archive.follow(location, response) if location else response


@check("THB-001", needs=F.GRAD, capability=Capability.THUMBNAILS)
def all_levels_have_a_thumbnail(archive: Archive, grad: Stock) -> None:
    """If a thumbnail of an instance is given, study, series and frame have one too."""
    ramp = grad["ramp"]
    paths = (ramp.study_path, ramp.series_path, ramp.path, f"{ramp.path}/frames/1")
    responses = [archive.get(f"{path}/thumbnail") for path in paths]
    if all(response.status in NOT_OFFERED for response in responses):
        raise Unsupported("the archive has no thumbnails")
    missing = [str(response) for response in responses if response.status in NOT_OFFERED]
    expect(not missing, "thumbnails of all four levels", got=missing)
    for path in paths:
        expect(Picture.of(thumbnail(archive, path)).size, f"a thumbnail of {path}")


@check("THB-002", needs=F.GRAD, capability=Capability.THUMBNAILS)
def a_thumbnail_is_a_jpeg(archive: Archive, grad: Stock) -> None:
    """A thumbnail is one image/jpeg, or a redirect to one."""
    response = thumbnail(archive, grad["ramp"].path)
    expect_equal(response.content_type.name, "image/jpeg", "Content-Type")
    expect_equal(Picture.of(response).format, "JPEG", "format")


@check("THB-003", needs=F.GRAD, capability=Capability.THUMBNAILS)
def a_viewport_of_a_thumbnail_has_two_values(archive: Archive, grad: Stock) -> None:
    """viewport=64,64 bounds the thumbnail; with a source rectangle it is 400."""
    path = grad["ramp"].path
    viewport = f"{PIXELS},{PIXELS}"
    columns, rows = Picture.of(thumbnail(archive, path, viewport=viewport)).size
    expect(max(columns, rows) <= PIXELS, f"at most {PIXELS} x {PIXELS}", got=f"{columns} x {rows}")
    response = archive.get(f"{path}/thumbnail?viewport={viewport},0,0,10,10")
    expect_equal(response.status, HTTPStatus.BAD_REQUEST, "status of a source rectangle")


@check("THB-005", needs=(F.GRAD, F.SR), capability=Capability.THUMBNAILS)
def a_study_without_images_has_an_icon_or_none(archive: Archive, grad: Stock, sr: Stock) -> None:
    """The thumbnail of a study of reports is an image or 404."""
    Picture.of(thumbnail(archive, grad["ramp"].path))
    response = archive.get(f"{sr['report'].study_path}/thumbnail")
    if response.status == HTTPStatus.NOT_FOUND:
        return
    location = response.header("Location")
    Picture.of(archive.follow(location, response) if location else response)
