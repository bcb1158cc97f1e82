"""Faults in multipart: what frames a response, and requests that are read too strictly or too loosely."""

import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from scenarios.conformance import multipart
from scenarios.conformance.message import Request, Response
from scenarios.conformance.multipart import Part
from tests.faults.edits import answer, with_body, with_header
from tests.faults.fault import in_request, in_response

CONSTANT = "50d7ccd118978542c422543a7156abfce929e7615bc024e533c85801cd77"


def map_type(response: Response, change: Callable[[str], str]) -> Response:
    """Return a multipart response with its Content-Type changed; another response stays as it is."""
    value = response.header("Content-Type") or ""
    return with_header(response, "Content-Type", change(value)) if "multipart" in value else response


def map_body(response: Response, change: Callable[[bytes, bytes], bytes]) -> Response:
    """Return a multipart response with its body changed by a function of the body and the boundary."""
    boundary = response.content_type.parameters.get("boundary")
    if "multipart" not in response.content_type.name or boundary is None:
        return response
    return with_body(response, change(response.body, boundary.encode()))


def map_parts(response: Response, change: Callable[[Part], Part]) -> Response:
    """Return a multipart response with each part changed."""
    boundary = response.content_type.parameters.get("boundary")
    if "multipart" not in response.content_type.name or boundary is None:
        return response
    return with_body(response, multipart.write(map(change, multipart.read(response).parts), boundary))


def with_boundary(response: Response, boundary: str) -> Response:
    """Return a multipart response delimited by another boundary."""
    was = response.content_type.parameters.get("boundary")
    if was is None:
        return response
    renamed = map_body(response, lambda body, old: body.replace(b"--" + old, b"--" + boundary.encode()))
    return map_type(renamed, lambda value: value.replace(was, boundary))


@in_response("MP-001")
def the_boundary_is_a_secret(_: Request, response: Response) -> Response:
    """Content-Type has no boundary parameter."""
    return map_type(response, lambda value: re.sub(r'; *boundary="?[^";]*"?', "", value))


@in_response("MP-001")
def the_type_is_a_secret(_: Request, response: Response) -> Response:
    """Content-Type has no type parameter."""
    return map_type(response, lambda value: re.sub(r'; *type="?[^";]*"?', "", value))


@in_response("MP-001")
def parts_are_mixed_rather_than_related(_: Request, response: Response) -> Response:
    """The media type is multipart/mixed."""
    return map_type(response, lambda value: value.replace("related", "mixed"))


@in_response("MP-002")
def the_type_is_unquoted(_: Request, response: Response) -> Response:
    """The type parameter has a slash and no quotes."""
    return map_type(response, lambda value: re.sub(r'type="([^"]*)"', r"type=\1", value))


@in_response("MP-003")
def the_type_is_another(_: Request, response: Response) -> Response:
    """The type parameter says XML whatever the parts are."""
    return map_type(response, lambda value: re.sub(r'type="[^"]*"', 'type="text/xml"', value))


@in_response("MP-004")
def nothing_closes(_: Request, response: Response) -> Response:
    """The closing delimiter is missing."""
    return map_body(response, lambda body, boundary: body.removesuffix(b"\r\n--" + boundary + b"--\r\n"))


@in_response("MP-004")
def delimiters_end_in_line_feeds(_: Request, response: Response) -> Response:
    """Delimiters are separated by line feeds alone."""
    return map_body(response, lambda body, name: body.replace(b"--" + name + b"\r\n", b"--" + name + b"\n"))


@in_response("mp/responses/delimiters*")
def the_first_part_is_all(_: Request, response: Response) -> Response:
    """The second delimiter closes."""

    def first(body: bytes, boundary: bytes) -> bytes:
        begin, delimiter, rest = body.partition(b"\r\n--" + boundary)
        return begin + delimiter + b"--\r\n" + rest[:0]

    return map_body(response, first)


@in_response("MP-005")
def parts_have_no_headers(_: Request, response: Response) -> Response:
    """An empty line follows each delimiter at once."""
    return map_parts(response, lambda part: replace(part, headers=()))


@in_response("MP-006")
def the_boundary_is_too_long(_: Request, response: Response) -> Response:
    """The boundary has 80 characters."""
    return with_boundary(response, "b" * 80)


@in_response("MP-006")
def the_boundary_needs_quotes(_: Request, response: Response) -> Response:
    """The boundary has an equals sign and no quotes."""
    renamed = with_boundary(response, "part=1")
    return map_type(renamed, lambda value: value.replace('"part=1"', "part=1"))


@in_response("MP-007")
def the_boundary_is_constant(_: Request, response: Response) -> Response:
    """Every response uses the same boundary, whatever the parts contain."""
    return with_boundary(response, CONSTANT)


@in_response("mp/responses/a_frame*", "mp/responses/an_instance*")
def parts_have_no_location(_: Request, response: Response) -> Response:
    """No part says what it represents."""
    return map_parts(response, lambda part: without_header_of(part, "Content-Location"))


@in_response("mp/responses/a_frame*")
def locations_are_of_the_first(_: Request, response: Response) -> Response:
    """Every Content-Location names the first frame."""
    first = re.compile(r"frames/\d+$")
    return map_parts(response, lambda part: renamed(part, lambda value: first.sub("frames/1", value)))


@in_response("mp/responses/an_instance*")
def locations_are_of_the_series(_: Request, response: Response) -> Response:
    """Every Content-Location of an instance names its series."""
    instance = re.compile("/instances/[^/]+$")
    return map_parts(response, lambda part: renamed(part, lambda value: instance.sub("", value)))


@in_response("MP-009")
def lengths_of_parts_count_the_headers(_: Request, response: Response) -> Response:
    """Content-Length of a part is too large."""
    return map_parts(
        response,
        lambda part: Part((*part.headers, ("Content-Length", str(len(part.body) + 80))), part.body),
    )


def without_header_of(part: Part, name: str) -> Part:
    """Return the part without a header."""
    return replace(part, headers=tuple(pair for pair in part.headers if pair[0] != name))


def renamed(part: Part, change: Callable[[str], str]) -> Part:
    """Return the part with its Content-Location changed."""
    headers = ((name, change(value) if name == "Content-Location" else value) for name, value in part.headers)
    return replace(part, headers=tuple(headers))


def is_store(request: Request) -> bool:
    """Tell whether the request stores."""
    return request.method == "POST"


def refused_if(request: Request, condition: object) -> Request | Response:
    """Return 400 for a store that meets the condition, else the request."""
    return answer(HTTPStatus.BAD_REQUEST) if is_store(request) and condition else request


def header_has(request: Request, pattern: str) -> object:
    """Find a pattern in the Content-Type of a request."""
    return re.search(pattern, request.header("Content-Type") or "")


@in_request("mp/requests/the_boundary_may_be_unquoted")
def boundaries_have_to_be_quoted(request: Request) -> Request | Response:
    """The server looks for boundary and a quote."""
    return refused_if(request, not header_has(request, 'boundary="'))


@in_request("mp/requests/the_boundary_may_be_quoted")
def quotes_belong_to_the_boundary(request: Request) -> Request:
    """The quotes of a quoted boundary are taken for a part of it."""
    if not is_store(request) or not header_has(request, 'boundary="'):
        return request
    return with_header(request, "Content-Type", 'multipart/related; boundary="other"')


@in_request("mp/requests/a_quoted_boundary*")
def an_equals_sign_splits(request: Request) -> Request | Response:
    """Parameters are split at every equals sign."""
    return refused_if(request, header_has(request, 'boundary="[^"]*='))


@in_request("mp/requests/parameters_come_in_any_order")
def the_type_has_to_come_first(request: Request) -> Request | Response:
    """The server wants type before boundary."""
    return refused_if(request, header_has(request, "(?i)boundary=.*type="))


@in_request("mp/requests/parameters_need_no_blanks")
def a_blank_separates(request: Request) -> Request | Response:
    """Parameters are split at semicolon and blank."""
    return refused_if(request, not header_has(request, "; +(?i:boundary)"))


@in_request("mp/requests/names_are_of_any_case")
def case_matters_in_the_header(request: Request) -> Request | Response:
    """Boundary is not boundary."""
    return refused_if(request, not header_has(request, "multipart/related.*boundary="))


@in_request("mp/requests/a_transfer_syntax*", "mp/requests/a_start*")
def parameters_are_type_and_boundary(request: Request) -> Request | Response:
    """An unknown parameter is an error."""
    return refused_if(request, header_has(request, "; *(transfer-syntax|start)="))


@in_request("mp/requests/a_preamble*", "mp/requests/an_empty_line*")
def a_delimiter_has_to_come_first(request: Request) -> Request | Response:
    """A body that does not begin with two dashes is an error."""
    return refused_if(request, not request.body.startswith(b"--"))


@in_request("mp/requests/an_epilogue*", "mp/requests/the_last_line*")
def two_dashes_have_to_come_last(request: Request) -> Request | Response:
    """A body that does not end with two dashes and CRLF is an error."""
    return refused_if(request, not request.body.rstrip(b" ").endswith(b"--\r\n"))


@in_request("mp/requests/blanks*")
def a_boundary_ends_its_line(request: Request) -> Request | Response:
    """A blank behind a boundary is an error."""
    return refused_if(request, re.search(rb"(?m)^--[^\r\n]+[ \t]\r\n", request.body))


@in_request("mp/requests/part_headers*")
def case_matters_in_part_headers(request: Request) -> Request | Response:
    """The server looks for Content-Type as it is usually spelled."""
    return refused_if(request, b"\r\nContent-Type:" not in request.body[:300])


@in_request("mp/requests/a_transfer_encoding*")
def transfer_encodings_are_unknown(request: Request) -> Request | Response:
    """Content-Transfer-Encoding is an error."""
    return refused_if(request, b"\r\nContent-Transfer-Encoding:" in request.body[:300])


@in_request("MP-011", "MP-012", "MP-013")
def any_store_of_a_part_is_empty(request: Request) -> Request | Response:
    """What is stored is lost, and yet called a success."""
    return answer(HTTPStatus.OK) if is_store(request) else request


@in_request("MP-015")
def the_end_of_the_body_closes(request: Request) -> Request:
    """A body without closing delimiter gets one, and the pixel data that it lacks."""
    boundary = request_boundary(request)
    if not is_store(request) or boundary + b"--" in request.body[-300:]:
        return request
    missing = b"\0" * 69  # a Part 10 file that lacks pixels would be refused for another reason
    body = request.body + missing + b"\r\n" + boundary + b"--\r\n"
    return with_header(replace(request, body=body), "Content-Length", str(len(body)))


@in_response("MP-015")
def a_refusal_has_stored(request: Request, response: Response) -> Response:
    """Whatever became of it, a store is 200 without a failure."""
    return answer(HTTPStatus.OK) if is_store(request) and not response.ok else response


@in_request("mp/contents/half*")
def a_delimiter_takes_the_return_before_it(request: Request) -> Request:
    """A CR right before what looks like a delimiter becomes a blank on its way in."""
    return (
        replace(request, body=re.sub(rb"\r(?=\r\n--)", b" ", request.body)) if is_store(request) else request
    )


@in_response("MP-014")
def an_empty_line_in_a_part_is_lost(request: Request, response: Response) -> Response:
    """Of two CRLF in a row within a part one is lost."""
    if is_store(request):
        return response
    return map_parts(response, lambda part: Part(part.headers, part.body.replace(b"\r\n\r\n", b"\r\n")))


def request_boundary(request: Request) -> bytes:
    """Return the delimiter of a request, without its line end."""
    found = re.search('boundary="?([^";]*)', request.header("Content-Type") or "")
    return b"--" + (found[1].encode() if found else b"")
