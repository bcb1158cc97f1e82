"""Faults in rendered resources and thumbnails: wrong pictures, wrong types, and parameters not heeded."""

import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scenarios.conformance.message import Request, Response
from tests.faults.edits import (
    answer,
    map_parameter,
    parameters,
    with_body,
    with_header,
    without_header,
    without_parameter,
)
from tests.faults.fault import in_request, in_response
from tests.faults.zoo_transfer_syntaxes import accept_of

FRAME = re.compile(r"/frames/(\d+)/rendered")
LAST = 5  # of the frames of F-MF
ANY = "*/*"
JPEG, PNG = "image/jpeg", "image/png"


def shows(request: Request, resource: str = "rendered", level: str = "") -> bool:
    """Tell whether a request is for a picture, of that level of the hierarchy if one is named."""
    path = urlsplit(request.target).path
    levels = [each for each in ("studies", "series", "instances", "frames") if f"/{each}/" in path]
    return path.endswith(f"/{resource}") and (not level or levels[-1:] == [level])


def map_picture(
    request: Request, response: Response, change: Callable[[Image.Image], Image.Image], **options: object
) -> Response:
    """Return the response with its picture changed and encoded again; another payload stays as it is."""
    if not (shows(request) and response.ok and response.content_type.name in {JPEG, PNG}):
        return response
    image = Image.open(BytesIO(response.body))
    encoding = image.format
    buffer = BytesIO()
    change(image).save(buffer, encoding, **options)
    return with_body(response, buffer.getvalue())


def map_samples(
    request: Request, response: Response, change: Callable[[NDArray[np.uint8]], NDArray[Any]]
) -> Response:
    """Return the response with the samples of its picture changed."""
    return map_picture(
        request, response, lambda image: Image.fromarray(np.ascontiguousarray(change(np.asarray(image))))
    )


def one_picture() -> Response:
    """Return a small picture of nothing."""
    buffer = BytesIO()
    Image.new("L", (8, 8)).save(buffer, "JPEG")
    return answer(HTTPStatus.OK, buffer.getvalue(), JPEG)


def value_of(request: Request, name: str) -> str | None:
    """Return the value of a parameter of a request for a picture, or None."""
    return dict(parameters(request)).get(name) if shows(request) else None


@in_request("REN-001")
def pictures_are_png_by_default(request: Request) -> Request:
    """Whoever accepts anything gets PNG."""
    return with_header(request, "Accept", PNG) if shows(request) and accept_of(request) == ANY else request


@in_response("REN-001")
def pictures_are_half_as_large(request: Request, response: Response) -> Response:
    """An image is rendered in half its size."""
    return map_picture(request, response, lambda image: image.reduce(2))


@in_response("REN-002")
def jpeg_is_progressive(request: Request, response: Response) -> Response:
    """JPEG comes in scans of rising quality."""
    if response.content_type.name != JPEG:
        return response
    return map_picture(request, response, lambda image: image, progressive=True)


@in_request("REN-003")
def gif_is_png(request: Request) -> Request:
    """Whoever asks for GIF gets PNG."""
    return with_header(request, "Accept", PNG) if accept_of(request) == "image/gif" else request


@in_response("REN-004")
def png_has_sixteen_bits(request: Request, response: Response) -> Response:
    """A PNG of greys has sixteen bits per sample."""
    if response.content_type.name != PNG:
        return response
    return map_samples(request, response, lambda greys: greys.astype(np.uint16) << 8)


@in_request("REN-005")
def every_rendered_frame_is_the_first(request: Request) -> Request:
    """Whichever frame is asked for, the first is rendered."""
    return replace(request, target=FRAME.sub("/frames/1/rendered", request.target))


@in_request("REN-006")
def a_moving_image_stands_still(request: Request) -> Request:
    """A rendered multi-frame instance is its first frame."""
    still = shows(request, level="instances") and accept_of(request) == ANY
    return with_header(request, "Accept", JPEG) if still else request


@in_response("REN-006")
def a_moving_image_is_an_archive_of_files(request: Request, response: Response) -> Response:
    """A rendered multi-frame instance is a ZIP file."""
    moving = shows(request) and response.content_type.name == "image/gif"
    return with_header(response, "Content-Type", "application/zip") if moving else response


@in_response("REN-007")
def one_image_stands_for_a_study(request: Request, response: Response) -> Response:
    """A study or series is rendered as one image for whoever accepts one."""
    several = shows(request, level="studies") or shows(request, level="series")
    return one_picture() if several and accept_of(request) == JPEG else response


@in_request("REN-008", "REN-009", "REN-010")
def viewports_are_ignored(request: Request) -> Request:
    """The server never heard of viewport."""
    return without_parameter(request, "viewport") if shows(request) else request


@in_response("REN-008")
def pictures_fill_their_viewport(request: Request, response: Response) -> Response:
    """A picture is stretched to the viewport."""
    sides = re.match(r"(\d+),(\d+)", value_of(request, "viewport") or "")
    if sides is None:
        return response
    size = (int(sides[1]), int(sides[2]))
    return map_picture(request, response, lambda image: image.resize(size))


@in_request("REN-009", "REN-010")
def source_rectangles_are_ignored(request: Request) -> Request:
    """Of a viewport, the first two values count."""
    return map_parameter(request, "viewport", lambda value: ",".join(value.split(",")[:2]))


@in_request("REN-009")
def an_omitted_corner_is_elsewhere(request: Request) -> Request:
    """A source rectangle without a corner begins at 256,0."""
    return map_parameter(request, "viewport", lambda value: value.replace(",,,", ",256,0,"))


@in_request("REN-010")
def the_sign_of_a_width_is_dropped(request: Request) -> Request:
    """A negative width does not mirror."""
    return map_parameter(request, "viewport", lambda value: value.replace("-", ""))


@in_request("REN-011")
def an_ill_formed_viewport_is_none(request: Request) -> Request:
    """A viewport that is no list of at least two positive numbers is ignored."""
    value = value_of(request, "viewport")
    formed = value is None or re.match(r"[1-9]\d*,[1-9]\d*", value)
    return request if formed else without_parameter(request, "viewport")


@in_request("REN-012", "REN-005")
def windows_are_ignored(request: Request) -> Request:
    """The server never heard of window."""
    return without_parameter(request, "window") if shows(request) else request


@in_request("REN-012")
def every_window_is_linear(request: Request) -> Request:
    """The function of a window does not matter."""
    return map_parameter(request, "window", lambda value: re.sub("linear-exact|sigmoid", "linear", value))


@in_request("REN-013")
def an_incomplete_window_is_none(request: Request) -> Request:
    """A window without one of the three functions is ignored."""
    value = value_of(request, "window")
    formed = value is None or re.fullmatch(r"[\d.-]+,[\d.-]+,(linear|linear-exact|sigmoid)", value)
    return request if formed else without_parameter(request, "window")


@in_request("REN-014")
def quality_counts_downwards(request: Request) -> Request:
    """Quality 1 is the best."""
    return map_parameter(
        request, "quality", lambda value: str(101 - int(value)) if value.isdigit() else value
    )


@in_request("REN-014")
def an_impossible_quality_is_none(request: Request) -> Request:
    """A quality that is none is ignored."""
    value = value_of(request, "quality")
    formed = value is None or re.fullmatch(r"[1-9]\d?|100", value)
    return request if formed else without_parameter(request, "quality")


@in_request("REN-015")
def annotations_are_ignored(request: Request) -> Request:
    """The server never heard of annotation."""
    return without_parameter(request, "annotation")


@in_response("REN-015")
def an_unknown_annotation_is_not_warned_of(request: Request, response: Response) -> Response:
    """An annotation that is not known is ignored without a word."""
    return without_header(response, "Warning") if shows(request) else response


@in_request("REN-016")
def a_profile_is_always_embedded(request: Request) -> Request:
    """iccprofile=no embeds sRGB."""
    return map_parameter(request, "iccprofile", lambda _: "srgb")


@in_response("ren/images/colors_are_right")
def red_and_blue_are_swapped(request: Request, response: Response) -> Response:
    """Colours are written in the order blue, green, red."""
    return map_samples(request, response, lambda samples: samples[..., ::-1] if samples.ndim > 2 else samples)


@in_response("ren/images/monochrome1*")
def greys_are_inverted(request: Request, response: Response) -> Response:
    """The photometric interpretation of greys is taken for the other."""
    return map_samples(request, response, lambda samples: 255 - samples if samples.ndim == 2 else samples)


@in_response("REN-018")
def a_report_is_a_title(request: Request, response: Response) -> Response:
    """A rendered report is a page without its content."""
    page = shows(request) and response.content_type.name == "text/html"
    return with_body(response, b"<!DOCTYPE html><title>Report</title>") if page else response


@in_request("REN-018")
def reports_are_plain_text(request: Request) -> Request:
    """A report is plain text by default."""
    anything = shows(request, level="instances") and accept_of(request) == ANY
    return with_header(request, "Accept", "text/plain, */*;q=0.5") if anything else request


@in_request("REN-020")
def a_transfer_syntax_makes_another_type(request: Request) -> Request:
    """image/jpeg with a transfer syntax is answered with PNG."""
    accept = accept_of(request)
    named = shows(request) and accept.startswith("image/") and "transfer-syntax" in accept
    return with_header(request, "Accept", PNG) if named else request


@in_request("REN-021")
def frames_behind_the_last_are_the_last(request: Request) -> Request:
    """Frame 6 of 5 is frame 5."""
    beyond = FRAME.sub(lambda found: f"/frames/{min(int(found[1]), LAST)}/rendered", request.target)
    return replace(request, target=beyond)


@in_request("REN-021")
def frames_are_counted_from_zero_too(request: Request) -> Request:
    """Frame 0 is frame 1."""
    return replace(request, target=request.target.replace("/frames/0/rendered", "/frames/1/rendered"))


@in_response("REN-022")
def an_unknown_picture_type_is_a_crash(request: Request, response: Response) -> Response:
    """A type that nobody has is an internal error."""
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"no encoder") if _is_unknown(request) else response


@in_request("REN-022")
def an_unknown_picture_type_is_the_default(request: Request) -> Request:
    """A type that nobody has is answered with JPEG (DR-33)."""
    return with_header(request, "Accept", JPEG) if _is_unknown(request) else request


def _is_unknown(request: Request) -> bool:
    return shows(request) and accept_of(request).startswith("image/x-")


@in_request("THB-001")
def a_study_has_no_thumbnail(request: Request) -> Request | Response:
    """Thumbnails are of instances and frames."""
    return answer(HTTPStatus.NOT_FOUND) if shows(request, "thumbnail", "studies") else request


@in_request("THB-002")
def thumbnails_are_png(request: Request) -> Request:
    """A thumbnail is PNG by default."""
    return with_header(request, "Accept", PNG) if shows(request, "thumbnail") else request


@in_request("THB-003")
def the_viewport_of_a_thumbnail_may_crop(request: Request) -> Request:
    """A source rectangle in the viewport of a thumbnail is ignored."""
    if not shows(request, "thumbnail"):
        return request
    return map_parameter(request, "viewport", lambda value: ",".join(value.split(",")[:2]))


@in_request("THB-003")
def thumbnails_have_one_size(request: Request) -> Request:
    """The viewport of a thumbnail is ignored where it has two values."""
    bounded = shows(request, "thumbnail") and dict(parameters(request)).get("viewport", "").count(",") == 1
    return without_parameter(request, "viewport") if bounded else request


@in_response("THB-005")
def a_study_without_images_crashes(request: Request, response: Response) -> Response:
    """Where there is no picture, the thumbnail is an internal error."""
    nothing = shows(request, "thumbnail") and response.status == HTTPStatus.NOT_FOUND
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"no pixels") if nothing else response
