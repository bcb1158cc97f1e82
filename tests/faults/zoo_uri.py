"""Faults in WADO-URI."""

import io
import re
from http import HTTPStatus
from urllib.parse import urlsplit

import numpy as np
from PIL import Image
from pydicom import dcmread, dcmwrite

from scenarios.conformance.media_type import DICOM
from scenarios.conformance.message import Request, Response
from tests.faults.edits import (
    answer,
    map_parameter,
    parameters,
    with_body,
    with_header,
    with_parameters,
    without_parameter,
)
from tests.faults.fault import in_request, in_response

MANDATORY = {"requestType", "studyUID", "seriesUID", "objectUID"}


def asked(request: Request) -> dict[str, str]:
    """Return the query parameters of a request by WADO-URI, none of another request."""
    is_wado = urlsplit(request.target).path.endswith("/wado")
    return dict(parameters(request)) if is_wado else {}


def refused(status: int) -> Response:
    """Return a refusal."""
    return answer(status, b"refused")


def map_picture(response: Response, change: str) -> Response:
    """Return the response with its picture turned by a method of PIL."""
    if response.content_type.name != "image/jpeg":
        return response
    image = Image.open(io.BytesIO(response.body)).transpose(Image.Transpose[change])
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return with_body(response, buffer.getvalue())


@in_response("URI-001", "URI-002")
def the_type_is_octets(request: Request, response: Response) -> Response:
    """Whatever comes by WADO-URI is called application/octet-stream."""
    return with_header(response, "Content-Type", "application/octet-stream") if asked(request) else response


@in_response("uri/instances/an_instance_is_its_part_10_file", "URI-006")
def pixels_are_zeroed(request: Request, response: Response) -> Response:
    """The pixels of a Part 10 file are lost on the way."""
    if not (asked(request) and response.content_type.name == DICOM):
        return response
    dataset = dcmread(io.BytesIO(response.body))
    dataset.PixelData = b"\0" * len(dataset.PixelData)
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset)
    return with_body(response, buffer.getvalue())


@in_response("URI-002")
def pictures_are_mirrored(_: Request, response: Response) -> Response:
    """Every picture is flipped from left to right."""
    return map_picture(response, "FLIP_LEFT_RIGHT")


@in_request("URI-003")
def any_request_type_will_do(request: Request) -> Request:
    """The requestType is not looked at."""
    found = asked(request)
    return with_parameters(request, list({**found, "requestType": "WADO"}.items())) if found else request


@in_request("URI-004")
def a_missing_uid_is_not_found(request: Request) -> Request | Response:
    """A UID that is missing matches nothing."""
    found = asked(request)
    return refused(HTTPStatus.NOT_FOUND) if found and MANDATORY - set(found) else request


@in_response("URI-005")
def what_is_not_found_is_a_bad_request(request: Request, response: Response) -> Response:
    """An unknown instance is 400."""
    is_missing = asked(request) and response.status == HTTPStatus.NOT_FOUND
    return refused(HTTPStatus.BAD_REQUEST) if is_missing else response


@in_request("URI-006")
def the_default_is_rle(request: Request) -> Request:
    """Without transferSyntax an RLE image comes as it is stored."""
    found = asked(request)
    is_plain = found.get("contentType") == DICOM and MANDATORY | {"contentType"} == set(found)
    if not is_plain:
        return request
    path = urlsplit(request.target).path.removesuffix("/wado")
    target = f"{path}/studies/{found['studyUID']}/series/{found['seriesUID']}/instances/{found['objectUID']}"
    return with_header(Request("GET", target, request.headers), "Accept", f"{DICOM}; transfer-syntax=*")


@in_response("uri/instances/a_transfer_syntax_is_honoured_or_not_acceptable")
def what_cannot_be_made_is_a_bad_request(request: Request, response: Response) -> Response:
    """A transferSyntax that the server does not make is 400."""
    is_refusal = asked(request) and response.status == HTTPStatus.NOT_ACCEPTABLE
    return refused(HTTPStatus.BAD_REQUEST) if is_refusal else response


@in_request("uri/instances/a_transfer_syntax_is_one_uid")
def the_first_transfer_syntax_counts(request: Request) -> Request:
    """Of several transfer syntaxes the first is taken."""
    return map_parameter(request, "transferSyntax", lambda value: value.partition(",")[0])


@in_request("URI-008")
def parameters_of_the_content_type_are_dropped(request: Request) -> Request:
    """A contentType with parameters is taken for one without."""
    return map_parameter(request, "contentType", lambda value: value.partition(";")[0])


@in_request("uri/images/a_frame_number_selects*", "uri/images/a_frame_that_does_not_exist*")
def frame_numbers_count_from_zero(request: Request) -> Request:
    """The first frame has the number 0."""
    return map_parameter(
        request, "frameNumber", lambda value: str(int(value) + 1) if value.isdigit() else value
    )


@in_request("uri/images/a_frame_that_does_not_exist*")
def a_single_frame_has_a_number(request: Request) -> Request:
    """frameNumber=1 is taken as no frame number."""
    return without_parameter(request, "frameNumber") if asked(request).get("frameNumber") == "1" else request


@in_request("uri/images/a_window_is_applied")
def the_width_is_halved(request: Request) -> Request:
    """The width of a window is taken for the distance from its centre to an edge."""
    return map_parameter(
        request, "windowWidth", lambda value: str(int(value) * 2) if value.isdigit() else value
    )


@in_request("uri/images/a_window_is_whole_and_for_pictures")
def half_a_window_is_ignored(request: Request) -> Request:
    """A windowCenter without windowWidth counts as no window."""
    window = {"windowCenter", "windowWidth"}
    return without_parameter(request, *window) if len(window & set(asked(request))) == 1 else request


@in_request("uri/images/rows_and_columns_bound*")
def columns_beat_rows(request: Request) -> Request:
    """The size follows from rows alone where both are given."""
    return without_parameter(request, "columns") if "rows" in asked(request) else request


@in_response("uri/images/one_bound_implies_the_other")
def one_bound_makes_a_square(request: Request, response: Response) -> Response:
    """With rows alone, or columns alone, the picture is a square."""
    bounds = {"rows", "columns"} & set(asked(request))
    if len(bounds) != 1 or response.content_type.name != "image/jpeg":
        return response
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((100, 100), np.uint8)).save(buffer, "JPEG")
    return with_body(response, buffer.getvalue())


@in_request("uri/images/a_region_is_cut_out")
def a_region_is_width_and_height(request: Request) -> Request:
    """The last two numbers of region are its width and height, counted from the middle."""
    return map_parameter(request, "region", lambda value: value.replace("0,0,0.5", "0.5,0,1.0"))


@in_request("uri/images/an_ill_defined_region_is_refused")
def reversed_edges_are_swapped(request: Request) -> Request:
    """A region whose edges are reversed is put right."""
    return map_parameter(request, "region", lambda value: re.sub(r"^0\.5,0,0\.1,1$", "0.1,0,0.5,1", value))


@in_request("uri/images/quality_and_annotation_are_survived", "uri/images/a_presentation_state_is_survived")
def rare_parameters_crash_the_server(request: Request) -> Request | Response:
    """Parameters that the server does not know surface as 500."""
    rare = [name for name in asked(request) if name.startswith(("image", "presentation"))]
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"Traceback") if rare else request
