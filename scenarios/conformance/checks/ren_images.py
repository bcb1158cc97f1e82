"""Rendered images: the types that are offered, and the picture that an instance or a frame shows."""

from collections.abc import Mapping
from http import HTTPStatus

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.documents import PHRASE
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.media_type import ANY
from scenarios.conformance.message import Response
from scenarios.conformance.picture import Picture
from scenarios.conformance.target import Capability
from scenarios.conformance.verdict import Severity

NOT_OFFERED = {
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.NOT_IMPLEMENTED,
}
JPEG_BITS = 8  # of a sample in baseline JPEG
WHITE, BLACK = 200, 55  # of 255: at least, and at most, after JPEG
TOLERANCE = 24  # of a colour that went through JPEG


def query(params: Mapping[str, str | int] | None) -> str:
    """Return the query as the standard writes it, with bare commas: some archives do not decode %2C."""
    return "?" + "&".join(f"{name}={value}" for name, value in params.items()) if params else ""


def rendered(
    archive: Archive, path: str, params: Mapping[str, str | int] | None = None, accept: str = ANY
) -> Response:
    """Return the rendered resource of a path; an archive that renders nothing there ends the check."""
    plain = archive.get(f"{path}/rendered")
    if plain.status in NOT_OFFERED:
        raise Unsupported(f"the archive does not render: {plain}")
    Picture.of(plain)
    if params is None and accept == ANY:
        return plain
    return archive.get(f"{path}/rendered{query(params)}", accept=accept)


@check("REN-001", needs=F.GRAD, capability=Capability.RENDERED)
def an_image_is_rendered_as_jpeg(archive: Archive, grad: Stock) -> None:
    """A single-frame image renders to image/jpeg of its own size."""
    response = rendered(archive, grad["ramp"].path)
    expect_equal(response.content_type.name, "image/jpeg", "Content-Type")
    picture = Picture.of(response)
    expect_equal((picture.format, picture.size), ("JPEG", (512, 256)), "format and size")


@check("REN-002", needs=F.GRAD, capability=Capability.RENDERED)
def jpeg_is_baseline(archive: Archive, grad: Stock) -> None:
    """A rendered JPEG is baseline (SOF0) of eight bits."""
    picture = Picture.of(rendered(archive, grad["ramp"].path, accept="image/jpeg"))
    expect(picture.is_baseline_jpeg, "a baseline JPEG of 8 bits", got=picture.format)


@check("REN-003", needs=F.GRAD, capability=Capability.RENDERED)
def png_and_gif_are_offered(archive: Archive, grad: Stock) -> None:
    """A single-frame image renders to PNG and to GIF."""
    for name in ("PNG", "GIF"):
        response = rendered(archive, grad["ramp"].path, accept=f"image/{name.lower()}")
        picture = Picture.of(response)
        expect_equal((picture.format, picture.size), (name, (512, 256)), "format and size")


@check("REN-004", needs=F.GRAD, capability=Capability.RENDERED)
def channels_have_eight_bits(archive: Archive, grad: Stock) -> None:
    """An image of 12 bits renders to a PNG of at most 8 bits per channel."""
    picture = Picture.of(rendered(archive, grad["ramp"].path, accept="image/png"))
    expect(picture.format == "PNG", "a PNG", got=picture.format)
    expect(picture.bits_per_sample <= JPEG_BITS, "at most 8 bits", got=picture.bits_per_sample)


@check("REN-005", needs=F.MF, capability=Capability.RENDERED)
def a_rendered_frame_is_that_frame(archive: Archive, mf: Stock) -> None:
    """In one window for all frames, frame 3 is brighter than frame 1 and darker than frame 5."""
    window = {"window": "3,6,linear"}
    pictures = [
        Picture.of(rendered(archive, f"{mf['frames'].path}/frames/{number}", window)) for number in (1, 3, 5)
    ]
    greys = [picture.greys[0] for picture in pictures]
    expect(greys[0] < greys[1] < greys[2], "rising brightness of frames 1, 3 and 5", got=greys)


@check("REN-006", needs=F.MF, capability=Capability.RENDERED)
def a_multi_frame_image_is_rendered_somehow(archive: Archive, mf: Stock) -> None:
    """A multi-frame instance renders to a GIF, a video or several parts; to one frame is DR-24."""
    response = archive.get(f"{mf['frames'].path}/rendered")
    if response.status in NOT_OFFERED:
        raise Unsupported(f"the archive does not render a multi-frame instance: {response}")
    expect_equal(response.status, HTTPStatus.OK, "status")
    name = response.content_type.name
    if name in {"image/jpeg", "image/png"}:
        Picture.of(response)
        archive.warn("DR-24: a multi-frame instance renders to one frame")
        return
    fits = name in {"image/gif", "multipart/related"} or name.startswith("video/")
    expect(fits, "a GIF, a video or several parts", got=response)


@check("REN-007", needs=F.GRAD, capability=Capability.RENDERED)
def a_study_is_not_rendered_as_one_image(archive: Archive, grad: Stock) -> None:
    """The rendered study and series are 406 if only single-part types are acceptable, even of one image.

    Before 2025a nothing kept one image from standing for all of them.
    """
    rendered(archive, grad["ramp"].path)
    for path in (grad["ramp"].study_path, grad["ramp"].series_path):
        response = archive.get(f"{path}/rendered", accept="image/jpeg")
        if response.ok and archive.edition < "2025a":
            archive.note(f"{path}/rendered is one image")
            continue
        expect_equal(response.status, HTTPStatus.NOT_ACCEPTABLE, f"status of {path}/rendered")


@check("REN-017", needs=F.COLOR, capability=Capability.RENDERED)
def colors_are_right(archive: Archive, color: Stock) -> None:
    """RGB, planar RGB, palette and YBR images of a red and a blue half show red and blue."""
    for label in ("rgb", "rgb-planar", "palette", "ybr"):
        picture = Picture.of(rendered(archive, color[label].path))
        for column, expected in ((2, (255, 0, 0)), (13, (0, 0, 255))):
            got = picture.color(column, 8)
            near = all(abs(a - b) <= TOLERANCE for a, b in zip(got, expected, strict=True))
            expect(near, f"{expected} in column {column} of {label}", got=got)


@check("REN-017", needs=F.COLOR, capability=Capability.RENDERED)
def monochrome1_is_inverted(archive: Archive, color: Stock) -> None:
    """In a MONOCHROME1 image the lowest value is white and the highest is black."""
    greys = Picture.of(rendered(archive, color["monochrome1"].path)).greys
    expect(greys[0] > WHITE and greys[-1] < BLACK, "white at the left, black at the right", got=greys)


@check("REN-018", needs=F.SR, capability=Capability.RENDERED)
def a_report_is_rendered_as_text(archive: Archive, sr: Stock) -> None:
    """A structured report renders to text/html that contains its text."""
    response = archive.get(f"{sr['report'].path}/rendered")
    if response.status in {HTTPStatus.BAD_REQUEST, *NOT_OFFERED}:
        raise Unsupported(f"the archive does not render reports: {response}")
    expect_equal(response.content_type.name, "text/html", "Content-Type")
    expect(PHRASE.encode() in response.body, "the text of the report", got=response.body[:100])


@check("REN-020", needs=F.GRAD, capability=Capability.RENDERED)
def transfer_syntax_is_no_parameter_of_a_rendered_type(archive: Archive, grad: Stock) -> None:
    """image/jpeg with a transfer-syntax is 406, or the parameter is ignored."""
    accept = "image/jpeg;transfer-syntax=1.2.840.10008.1.2.4.50"
    response = rendered(archive, grad["ramp"].path, accept=accept)
    if response.status != HTTPStatus.NOT_ACCEPTABLE:
        expect_equal(Picture.of(response).format, "JPEG", "format")


@check("REN-021", needs=F.MF, capability=Capability.RENDERED)
def a_frame_that_does_not_exist_is_not_rendered(archive: Archive, mf: Stock) -> None:
    """Frame 6 of 5 is 404 and frame 0 a client error."""
    path = mf["frames"].path
    rendered(archive, f"{path}/frames/1")
    response = archive.get(f"{path}/frames/6/rendered")
    if response.status == HTTPStatus.BAD_REQUEST:
        archive.warn("a frame beyond the last is a bad request rather than not found")
    else:
        expect_equal(response.status, HTTPStatus.NOT_FOUND, "status of frame 6")
    zero = archive.get(f"{path}/frames/0/rendered")
    expect(zero.is_client_error, "a client error for frame 0", got=zero)


@check("REN-022", needs=F.GRAD, capability=Capability.RENDERED)
def a_type_that_is_not_offered_is_refused(archive: Archive, grad: Stock) -> None:
    """A media type that nobody has is 406; the default type instead is the other reading (DR-33)."""
    response = rendered(archive, grad["ramp"].path, accept="image/x-phantom")
    if response.ok:
        archive.warn("DR-33: the default type is sent where nothing acceptable is offered")
        return
    expect_equal(response.status, HTTPStatus.NOT_ACCEPTABLE, "status", severity=Severity.FAIL)
