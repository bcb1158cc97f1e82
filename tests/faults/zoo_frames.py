"""Faults in frames: the wrong ones, in the wrong order, and streams that are wrapped, cut or unlabelled."""

import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from scenarios.conformance import multipart
from scenarios.conformance.message import Request, Response
from scenarios.conformance.multipart import Part
from tests.faults.edits import answer, with_body, with_header
from tests.faults.fault import in_request, in_response
from tests.faults.zoo_bulk import ITEM
from tests.faults.zoo_multipart import map_parts, renamed, without_header_of
from tests.faults.zoo_transfer_syntaxes import accept_of, syntaxes
from tests.faults.zoo_wado import with_parts

FRAME_LIST = re.compile(r"/frames/([^/?]*)$")
OCTETS = "application/octet-stream"
LAST = 5  # of the frames of F-MF
BIT_FRAME_BYTES = 2  # of a frame of F-BIT


def listed(request: Request) -> str | None:
    """Return the list of frames that a request retrieves, or None if it retrieves something else."""
    found = FRAME_LIST.search(urlsplit(request.target).path) if request.method == "GET" else None
    return unquote(found[1]) if found else None


def numbers(request: Request) -> list[int]:
    """Return the frame numbers of a request that lists numbers, else none."""
    text = listed(request) or ""
    return [int(each) for each in text.split(",")] if re.fullmatch(r"\d+(,\d+)*", text) else []


def with_numbers(request: Request, found: list[int]) -> Request:
    """Return the request for these frames."""
    text = ",".join(str(number) for number in found)
    return replace(request, target=FRAME_LIST.sub(f"/frames/{text}", request.target))


def map_frames(request: Request, response: Response, change: Callable[[bytes], bytes]) -> Response:
    """Return the response with the bytes of each frame changed."""
    if listed(request) is None:
        return response
    return map_parts(response, lambda part: replace(part, body=change(part.body)))


def refused(status: int) -> Response:
    """Return a refusal."""
    return answer(status, b"no such frame")


@in_response("FRM-001")
def one_frame_is_never_framed(request: Request, response: Response) -> Response:
    """A single frame comes as a single part, though a multipart was asked for."""
    if len(numbers(request)) != 1 or "multipart" not in response.content_type.name:
        return response
    return with_header(with_body(response, multipart.read(response).parts[0].body), "Content-Type", OCTETS)


@in_response("FRM-001")
def words_of_frames_are_big_endian(request: Request, response: Response) -> Response:
    """Every two bytes of a frame are swapped."""
    return map_frames(
        request,
        response,
        lambda body: bytes(body[at ^ 1] if at ^ 1 < len(body) else body[at] for at in range(len(body))),
    )


@in_response("FRM-001", "FRM-013")
def frames_are_padded(request: Request, response: Response) -> Response:
    """Two bytes follow each frame."""
    return map_frames(request, response, lambda body: body + b"\0\0")


@in_request("FRM-002", "FRM-003")
def frames_are_counted_from_zero(request: Request) -> Request:
    """Frame 1 is the second."""
    found = numbers(request)
    return with_numbers(request, [min(number + 1, LAST) for number in found]) if found else request


@in_response("frm/lists/a_list*")
def frames_come_in_reverse(request: Request, response: Response) -> Response:
    """The last frame of a list comes first."""
    return with_parts(response, lambda parts: parts[::-1]) if listed(request) else response


@in_response("frm/lists/a_list*", "frm/lists/a_comma*", "FRM-008")
def the_first_frame_will_do(request: Request, response: Response) -> Response:
    """A list of frames gives its first."""
    return with_parts(response, lambda parts: parts[:1]) if listed(request) else response


@in_request("frm/lists/a_comma*")
def a_comma_has_to_be_a_comma(request: Request) -> Request | Response:
    """An encoded comma is not understood."""
    encoded = listed(request) is not None and "%2C" in request.target
    return refused(HTTPStatus.BAD_REQUEST) if encoded else request


@in_request("FRM-004")
def frames_are_sorted(request: Request) -> Request:
    """Frames come in ascending order, whatever was asked for, and say which they are."""
    return with_numbers(request, sorted(numbers(request))) if numbers(request) else request


@in_response("FRM-004")
def frames_are_sorted_in_silence(request: Request, response: Response) -> Response:
    """Frames come in ascending order, whatever was asked for, and do not say so."""

    def in_order(parts: list[Part]) -> list[Part]:
        found = sorted(zip(numbers(request), parts, strict=True), key=lambda pair: pair[0])
        return [without_header_of(part, "Content-Location") for _, part in found]

    found = numbers(request)
    return with_parts(response, in_order) if found != sorted(found) else response


@in_request("FRM-004", "FRM-005")
def only_ascending_lists_are_known(request: Request) -> Request | Response:
    """A list that is not ascending is 400, one with a frame twice is 501."""
    found = numbers(request)
    if found != sorted(found):
        return refused(HTTPStatus.BAD_REQUEST)
    return refused(HTTPStatus.NOT_IMPLEMENTED) if len(set(found)) < len(found) else request


@in_response("FRM-005")
def a_repeated_frame_crashes_the_server(request: Request, response: Response) -> Response:
    """A frame that is listed twice is 500."""
    found = numbers(request)
    return refused(HTTPStatus.INTERNAL_SERVER_ERROR) if len(set(found)) < len(found) else response


@in_response("FRM-006", "FRM-008")
def a_missing_frame_crashes_the_server(request: Request, response: Response) -> Response:
    """A frame beyond the last is 500."""
    missing = numbers(request) and response.status == HTTPStatus.NOT_FOUND
    return refused(HTTPStatus.INTERNAL_SERVER_ERROR) if missing else response


@in_request("FRM-006", "FRM-008")
def the_last_frame_is_repeated(request: Request) -> Request:
    """Whatever lies beyond the last frame is the last of five."""
    found = numbers(request)
    return with_numbers(request, [min(number, LAST) for number in found]) if found else request


@in_request("FRM-006")
def an_image_has_one_frame(request: Request) -> Request:
    """Any number above 1 is frame 1."""
    return with_numbers(request, [1]) if any(number > 1 for number in numbers(request)) else request


@in_response("FRM-006")
def a_missing_frame_is_a_bad_request(request: Request, response: Response) -> Response:
    """A frame beyond the last is 400."""
    missing = numbers(request) and response.status == HTTPStatus.NOT_FOUND
    return refused(HTTPStatus.BAD_REQUEST) if missing else response


@in_response("FRM-008")
def the_frames_that_there_are_are_a_part(request: Request, response: Response) -> Response:
    """Of a list with a missing frame the first comes, as 206."""
    if len(numbers(request)) < 2 or response.status != HTTPStatus.NOT_FOUND:
        return response
    body = multipart.write([Part.of(OCTETS, b"\x01" * 64)])  # frame 1 of F-MF
    return answer(HTTPStatus.PARTIAL_CONTENT, body, multipart.content_type(OCTETS))


@in_request("FRM-007")
def what_is_no_number_is_one(request: Request) -> Request:
    """A list that cannot be read, or that has a 0 in it, is frame 1."""
    unreadable = listed(request) is not None and not all(numbers(request) or [0])
    return with_numbers(request, [1]) if unreadable else request


@in_response("FRM-007")
def what_is_no_number_crashes_the_server(request: Request, response: Response) -> Response:
    """A list that cannot be read is 500."""
    unreadable = listed(request) is not None and not numbers(request)
    return refused(HTTPStatus.INTERNAL_SERVER_ERROR) if unreadable else response


@in_request("FRM-008")
def frames_that_are_missing_are_passed_over(request: Request) -> Request:
    """Of a list of frames those come that there are, as 200."""
    found = numbers(request)
    there = [number for number in found if number <= LAST]
    return with_numbers(request, there) if len(found) > 1 and there else request


@in_response("FRM-009")
def frames_have_no_location(request: Request, response: Response) -> Response:
    """No part says which frame it is."""
    if listed(request) is None:
        return response
    return map_parts(response, lambda part: without_header_of(part, "Content-Location"))


@in_response("FRM-009")
def the_number_of_a_frame_is_doubled(request: Request, response: Response) -> Response:
    """Content-Location ends in frames/2/frames/2."""
    if listed(request) is None:
        return response
    return map_parts(
        response, lambda part: renamed(part, lambda value: re.sub(r"(/frames/\d+)$", r"\1\1", value))
    )


@in_response("FRM-010")
def frames_come_in_items(request: Request, response: Response) -> Response:
    """A stream keeps the item of its encapsulation."""
    return map_frames(request, response, lambda body: ITEM + len(body).to_bytes(4, "little") + body)


@in_response(
    "frm/codecs/rle_frames_come_as*",
    "frm/codecs/jpeg_2000_frames_come_as*",
    "frm/codecs/jpeg_frames*",
    "frm/codecs/jpeg_lossless*",
    "frm/codecs/jpeg_ls*",
    "frm/codecs/htj2k*",
)
def streams_are_cut_in_half(request: Request, response: Response) -> Response:
    """Of a frame in several fragments the first comes."""
    return map_frames(request, response, lambda body: body[: len(body) // 2])


@in_response("frm/codecs/rle_frames_come_as*", "frm/codecs/jpeg_2000_frames_come_as*")
def all_frames_are_one_part(request: Request, response: Response) -> Response:
    """The streams of several frames are one part."""

    def joined(parts: list[Part]) -> list[Part]:
        return [replace(parts[0], body=b"".join(part.body for part in parts))]

    return with_parts(response, joined) if len(numbers(request)) > 1 else response


@in_request("FRM-011")
def frames_are_never_decompressed(request: Request) -> Request:
    """Frames come as they are stored."""
    if listed(request) is None or syntaxes(request):
        return request
    return with_header(request, "Accept", f"{accept_of(request)}; transfer-syntax=*")


@in_response("frm/codecs/rle_frames_come_decompressed", "frm/codecs/jpeg_2000_frames_come_decompressed")
def decompressed_frames_lack_their_end(request: Request, response: Response) -> Response:
    """The last two bytes of each frame are lost."""
    return map_frames(request, response, lambda body: body[:-2])


@in_response("FRM-012")
def bits_lack_their_first_byte(request: Request, response: Response) -> Response:
    """A frame of bits is cut from whole bytes, and the first is left out."""
    return map_frames(request, response, lambda body: body[1:] if len(body) == BIT_FRAME_BYTES else body)


@in_response("FRM-012")
def bits_come_with_their_neighbours(request: Request, response: Response) -> Response:
    """A frame of bits comes in the bytes that hold it; those of F-BIT are alternately 0 and 1."""
    if numbers(request) == [1]:
        return response
    return map_frames(request, response, lambda body: b"\xaa" * 3 if len(body) == BIT_FRAME_BYTES else body)


@in_response("FRM-017")
def numbers_are_single(request: Request, response: Response) -> Response:
    """Of the numbers of a frame the first half comes."""
    return map_frames(request, response, lambda body: body[: len(body) // 2])


@in_response("FRM-018")
def streams_have_no_label(request: Request, response: Response) -> Response:
    """A stream comes as octets, and nothing says of which transfer syntax."""
    if listed(request) is None:
        return response
    return map_parts(response, lambda part: Part.of(OCTETS, part.body))


@in_request("FRM-018")
def octets_of_any_syntax_are_refused(request: Request) -> Request | Response:
    """transfer-syntax=* is 406 for octets."""
    asked = listed(request) is not None and OCTETS in accept_of(request) and syntaxes(request) == ["*"]
    return refused(HTTPStatus.NOT_ACCEPTABLE) if asked else request


@in_response("FRM-014")
def a_report_has_an_empty_frame(request: Request, response: Response) -> Response:
    """Frame 1 of whatever has none is 200 without a part."""
    missing = listed(request) is not None and response.status == HTTPStatus.NOT_FOUND
    return answer(HTTPStatus.OK) if missing else response


@in_response("FRM-015")
def icons_are_pixel_data(request: Request, response: Response) -> Response:
    """Pixel Data resources give the icons, too."""
    if not request.target.endswith("/pixeldata"):
        return response
    return with_parts(response, lambda parts: [*parts, Part.of(OCTETS, bytes(range(256)))])


@in_response("FRM-016")
def a_video_is_cut_into_frames(request: Request, response: Response) -> Response:
    """The stream of a video comes in as many parts as it has frames."""
    if "video/" not in accept_of(request):
        return response
    return with_parts(response, lambda parts: [replace(part, body=part.body[:100]) for part in parts] * LAST)
