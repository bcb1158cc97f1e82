"""Faults in bulk data: resources that are missing or mislabelled, and values that are other bytes."""

import re
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlsplit

from scenarios.conformance.message import Request, Response
from scenarios.conformance.multipart import Part, read, write
from tests.faults.edits import answer, with_body, with_header, without_header
from tests.faults.fault import in_request, in_response
from tests.faults.zoo_multipart import map_parts, renamed, without_header_of

ITEM = b"\xfe\xff\x00\xe0"
OCTETS = "application/octet-stream"


def is_bulk(request: Request) -> bool:
    """Tell whether the request asks for bulk data."""
    return request.method == "GET" and "/bulkdata" in request.target


def is_alone(request: Request) -> bool:
    """Tell whether the request asks for bulk data as a single part."""
    return is_bulk(request) and (request.header("Accept") or "").startswith("application/")


@in_request("BULK-001", "BULK-002", "BULK-003", "BULK-004", "BULK-005", "BULK-006", "BULK-010")
def bulk_data_are_never_found(request: Request) -> Request | Response:
    """Metadata name what the archive does not serve."""
    return answer(HTTPStatus.NOT_FOUND) if is_bulk(request) else request


@in_request("bulk/items/bulk_data_of_an_item*")
def bulk_data_of_items_are_never_found(request: Request) -> Request | Response:
    """Only values of the dataset itself are served."""
    inside = re.search(r"/bulkdata/[^/]+/", urlsplit(request.target).path)
    return answer(HTTPStatus.NOT_FOUND) if inside else request


@in_response("bulk/items/every_bulk*")
def bulk_data_are_empty(request: Request, response: Response) -> Response:
    """Every item of bulk data has no bytes."""
    return map_parts(response, lambda part: Part(part.headers, b"")) if is_bulk(request) else response


@in_response("BULK-002", "BULK-006")
def bulk_data_are_always_alone(request: Request, response: Response) -> Response:
    """Whatever was asked for, bulk data come as a single part."""
    if not is_bulk(request) or not response.ok or "multipart" not in response.content_type.name:
        return response
    return with_header(with_body(response, read(response).parts[0].body), "Content-Type", OCTETS)


@in_response("BULK-002")
def bulk_data_are_called_dicom(request: Request, response: Response) -> Response:
    """The parts of bulk data are labelled as DICOM files."""
    headers = (("Content-Type", "application/dicom"),)
    return map_parts(response, lambda part: Part(headers, part.body)) if is_bulk(request) else response


@in_response("BULK-003", "BULK-005", "bulk/values/words*", "bulk/values/pixels*")
def words_are_big_endian(request: Request, response: Response) -> Response:
    """Every two bytes of a value are swapped."""

    def swapped(part: Part) -> Part:
        body = bytearray(part.body)
        body[0::2], body[1::2] = part.body[1::2], part.body[0::2]
        return Part(part.headers, bytes(body))

    return map_parts(response, swapped) if is_bulk(request) else response


@in_response("bulk/values/values_are*")
def values_come_with_their_element(request: Request, response: Response) -> Response:
    """A value comes with VR and length before it."""
    if not is_bulk(request):
        return response
    return map_parts(response, lambda part: Part(part.headers, b"OW\0\0" + part.body))


@in_response("BULK-004")
def streams_come_in_items(request: Request, response: Response) -> Response:
    """Pixel data keep the items of their encapsulation."""
    if not is_bulk(request):
        return response
    table = ITEM + b"\0\0\0\0"
    return map_parts(
        response,
        lambda part: Part(part.headers, table + ITEM + len(part.body).to_bytes(4, "little") + part.body),
    )


@in_request("BULK-005")
def pixels_are_always_as_stored(request: Request) -> Request:
    """Nothing is ever decompressed."""
    accept = request.header("Accept") or ""
    if not is_bulk(request) or "transfer-syntax" in accept:
        return request
    return with_header(request, "Accept", f"{accept}; transfer-syntax=*")


@in_request("BULK-004")
def pixels_are_never_as_stored(request: Request) -> Request:
    """Everything is decompressed, whatever was asked for."""
    accept = re.sub("; *transfer-syntax=[^;]*", "", request.header("Accept") or "")
    return with_header(request, "Accept", accept) if is_bulk(request) else request


@in_response("BULK-006")
def bulk_data_have_no_location(request: Request, response: Response) -> Response:
    """No part says which item it is."""
    if not is_bulk(request):
        return response
    return map_parts(response, lambda part: without_header_of(part, "Content-Location"))


@in_response("BULK-006")
def bulk_data_are_located_by_number(request: Request, response: Response) -> Response:
    """Content-Location of an item ends in a number that metadata do not know."""
    if not is_bulk(request):
        return response
    return map_parts(response, lambda part: renamed(part, lambda value: f"{value}/1"))


@in_request("BULK-008", "BULK-009")
def a_single_part_is_framed(request: Request) -> Request:
    """Who asks for application/octet-stream is given a multipart."""
    framed = f'multipart/related; type="{OCTETS}"'
    return with_header(request, "Accept", framed) if is_alone(request) else request


@in_response("BULK-008", "BULK-009")
def a_single_part_lacks_its_end(request: Request, response: Response) -> Response:
    """The last byte of a single part is lost."""
    return with_body(response, response.body[:-1]) if is_alone(request) and response.ok else response


@in_response("BULK-009")
def a_range_is_everything(request: Request, response: Response) -> Response:
    """Whoever sends Range is given 206 with all bytes."""
    if not is_bulk(request) or request.header("Range") is None:
        return response
    return replace(without_header(response, "Content-Range"), status=HTTPStatus.PARTIAL_CONTENT)


@in_request("BULK-009")
def a_range_is_an_error(request: Request) -> Request | Response:
    """A range of bulk data is 416."""
    refused = is_bulk(request) and request.header("Range") is not None
    return answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE) if refused else request


@in_response("BULK-010")
def documents_are_cut(request: Request, response: Response) -> Response:
    """The last two bytes of a document are lost."""
    return (
        map_parts(response, lambda part: Part(part.headers, part.body[:-2])) if is_bulk(request) else response
    )


@in_response("BULK-007")
def a_resource_lacks_its_last_bulk_data(request: Request, response: Response) -> Response:
    """Bulk data of an instance, a series or a study end one item early."""
    boundary = response.content_type.parameters.get("boundary")
    if not urlsplit(request.target).path.endswith("/bulkdata") or boundary is None:
        return response
    return with_body(response, write(read(response).parts[:-1], boundary))
