"""Parameters of rendering: viewport, window, quality, annotation and colour profile (PS3.18 8.3.5)."""

import math
from http import HTTPStatus

import numpy as np

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.ren_images import NOT_OFFERED, rendered
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.picture import Picture
from scenarios.conformance.target import Capability
from scenarios.conformance.verdict import Severity

DARK = 90  # of 255: the left quarter of the ramp ends at 64, and JPEG adds some
TOLERANCE = 8  # of a grey value that went through JPEG
VALUE_PER_COLUMN = 8  # of the ramp of F-GRAD
CENTER, WIDTH = 1024, 1024


def expect_refused(archive: Archive, path: str, name: str, *values: str) -> None:
    """Expect 400 for each value of a parameter, at a path that renders without it."""
    for value in values:
        response = rendered(archive, path, {name: value})
        expect_equal(response.status, HTTPStatus.BAD_REQUEST, f"status of {name}={value}")


@check("REN-008", needs=F.GRAD, capability=Capability.RENDERED)
def a_viewport_keeps_the_aspect_ratio(archive: Archive, grad: Stock) -> None:
    """viewport=100,100 makes 100 x 50 of an image of 512 x 256, or puts that between borders (DR-35)."""
    picture = Picture.of(rendered(archive, grad["ramp"].path, {"viewport": "100,100"}))
    borders = np.concatenate([picture.samples[:20], picture.samples[-20:]])
    if picture.size == (100, 100) and np.ptp(borders) <= TOLERANCE < np.ptp(picture.samples[50]):
        archive.warn("DR-35: the picture has the size of the viewport, with borders")
        return
    expect_equal(picture.size, (100, 50), "columns and rows")


@check("REN-009", needs=F.GRAD, capability=Capability.RENDERED)
def a_viewport_crops(archive: Archive, grad: Stock) -> None:
    """A source rectangle of 128 x 128 at 0,0 fills the viewport; left out, its corner is 0,0.

    The window is named, so that a window of the archive's own choice for the rectangle is not seen here.
    """
    path, window = grad["ramp"].path, "2048,4096,linear"
    cropped = Picture.of(rendered(archive, path, {"viewport": "100,100,0,0,128,128", "window": window}))
    expect_equal(cropped.size, (100, 100), "columns and rows")
    expect(cropped.greys[-1] < DARK, "the dark left quarter of the ramp", got=cropped.greys[-1])
    default = Picture.of(rendered(archive, path, {"viewport": "100,100,,,128,128", "window": window}))
    expect_equal(default.greys, cropped.greys, "greys with the corner left out")


@check("REN-010", needs=F.GRAD, capability=Capability.RENDERED)
def a_negative_width_flips(archive: Archive, grad: Stock) -> None:
    """A source rectangle of negative width mirrors the ramp from left to right."""
    path = grad["ramp"].path
    plain = Picture.of(rendered(archive, path, {"viewport": "512,256,0,0,512,256"})).greys
    flipped = Picture.of(rendered(archive, path, {"viewport": "512,256,0,0,-512,256"})).greys
    expect(
        plain[0] < plain[-1] and flipped[0] > flipped[-1], "a mirrored ramp", got=flipped[:: len(flipped) - 1]
    )


@check("REN-011", needs=F.GRAD, capability=Capability.RENDERED)
def an_ill_formed_viewport_is_refused(archive: Archive, grad: Stock) -> None:
    """A viewport of one value, of letters or of nothing is 400."""
    expect_refused(archive, grad["ramp"].path, "viewport", "100", "a,b", "0,0")


def grey(value: float, function: str) -> float:
    """Return the grey that PS3.3 C.11.2 gives a value in the window of these checks."""
    if function == "sigmoid":
        return 255 / (1 + math.exp(-4 * (value - CENTER) / WIDTH))
    center, width = (CENTER - 0.5, WIDTH - 1) if function == "linear" else (CENTER, WIDTH)
    return float(np.clip(((value - center) / width + 0.5) * 255, 0, 255))


@check("REN-012", needs=F.GRAD, capability=Capability.RENDERED)
def a_window_is_applied(archive: Archive, grad: Stock) -> None:
    """window=1024,1024 with linear, linear-exact and sigmoid gives the greys of PS3.3 C.11.2."""
    for function in ("linear", "linear-exact", "sigmoid"):
        window = {"window": f"{CENTER},{WIDTH},{function}"}
        greys = Picture.of(rendered(archive, grad["ramp"].path, window)).greys
        for column in (20, 96, 128, 160, 400):
            expected = grey(column * VALUE_PER_COLUMN, function)
            near = abs(greys[column] - expected) <= TOLERANCE
            expect(near, f"grey {expected:.0f} in column {column}, {function}", got=greys[column])


@check("REN-013", needs=F.GRAD, capability=Capability.RENDERED)
def an_ill_formed_window_is_refused(archive: Archive, grad: Stock) -> None:
    """A window without function, of an unknown function or of letters is 400."""
    expect_refused(archive, grad["ramp"].path, "window", "40,400", "40,400,foo", "a,b,linear")


@check("REN-014", needs=F.GRAD, capability=Capability.RENDERED)
def quality_is_from_1_to_100(archive: Archive, grad: Stock) -> None:
    """quality=0, 101 and x are 400; quality=10 gives no larger JPEG than quality=95."""
    path = grad["ramp"].path
    low, high = (Picture.of(rendered(archive, path, {"quality": value})) for value in (10, 95))
    expect(len(low.data) <= len(high.data), "no larger JPEG of lower quality", got=len(low.data))
    expect_refused(archive, path, "quality", "0", "101", "x")


@check("REN-015", needs=F.GRAD, capability=Capability.RENDERED)
def annotations_are_burned_in(archive: Archive, grad: Stock) -> None:
    """annotation=patient changes the picture and an unknown keyword does not; 400 for it is DR-25."""
    path = grad["ramp"].path
    plain, marked = (Picture.of(rendered(archive, path, each)) for each in (None, {"annotation": "patient"}))
    expect(not np.array_equal(plain.samples, marked.samples), "another picture", got="the same picture")
    expect_refused(archive, path, "annotation", "")
    unknown = rendered(archive, path, {"annotation": "zzqq"})
    if unknown.status == HTTPStatus.BAD_REQUEST:
        archive.warn("DR-25: an unknown annotation is refused")
        return
    expect_equal(unknown.status, HTTPStatus.OK, "status of an unknown annotation", severity=Severity.FAIL)
    warning = unknown.header("Warning") or ""
    expect(warning.startswith("299"), "Warning: 299", got=warning or "no Warning")


@check("REN-016", needs=F.COLOR, capability=Capability.RENDERED)
def a_color_profile_is_embedded_or_refused(archive: Archive, color: Stock) -> None:
    """iccprofile=no embeds no profile, and srgb embeds one in a JPEG or is refused."""
    path = color["rgb"].path
    without = Picture.of(rendered(archive, path, {"iccprofile": "no"}, "image/jpeg"))
    expect(b"ICC_PROFILE" not in without.data, "no profile", got="a profile")
    response = rendered(archive, path, {"iccprofile": "srgb"}, "image/jpeg")
    if response.status in {HTTPStatus.BAD_REQUEST, *NOT_OFFERED}:
        raise Unsupported("the archive embeds no colour profiles")
    expect(b"ICC_PROFILE" in Picture.of(response).data, "a profile in APP2", got="no profile")


@check("REN-019", needs=F.PR, capability=Capability.RENDERED)
def a_presentation_state_shows_its_image(archive: Archive, pr: Stock) -> None:
    """A presentation state renders to a picture of its image's size, and a window with it is 400."""
    path = pr["state"].path
    rendered(archive, pr["image"].path)
    plain = archive.get(f"{path}/rendered")
    if plain.status in {HTTPStatus.BAD_REQUEST, *NOT_OFFERED}:
        raise Unsupported(f"the archive does not render presentation states: {plain}")
    picture = Picture.of(rendered(archive, path))
    expect_equal(picture.size, (8, 8), "columns and rows")
    expect_refused(archive, path, "window", "40,400,linear")
