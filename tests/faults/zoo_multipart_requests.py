"""Faults in reading multipart requests: too strictly, too loosely, or at the price of what they carry."""

import re
from dataclasses import replace
from http import HTTPStatus

from scenarios.conformance import multipart
from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer, with_header
from tests.faults.fault import in_request, in_response
from tests.faults.zoo_multipart import renamed


def is_store(request: Request) -> bool:
    """Tell whether the request stores."""
    return request.method == "POST"


def refused_if(request: Request, condition: object) -> Request | Response:
    """Return 400 for a store that meets the condition, else the request."""
    return answer(HTTPStatus.BAD_REQUEST) if is_store(request) and condition else request


def header_has(request: Request, pattern: str) -> object:
    """Find a pattern in the Content-Type of a request."""
    return re.search(pattern, request.header("Content-Type") or "")


def request_boundary(request: Request) -> bytes:
    """Return the delimiter of a request, without its line end."""
    found = re.search('boundary="?([^";]*)', request.header("Content-Type") or "")
    return b"--" + (found[1].encode() if found else b"")


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


@in_request("MP-010")
def bulk_data_are_taken_in_order(request: Request) -> Request:
    """The first part of bulk data is taken for the first instance, whatever its Content-Location says."""
    found = multipart.read(answer(HTTPStatus.OK, request.body, request.header("Content-Type") or ""))
    locations = [part.header("Content-Location") for part in found.parts]
    named = [location for location in locations if location]
    if not is_store(request) or not named:
        return request
    parts = [
        renamed(part, lambda _: named.pop()) if location else part
        for part, location in zip(found.parts, locations, strict=True)
    ]
    body = multipart.write(parts, request_boundary(request)[2:].decode())
    return with_header(replace(request, body=body), "Content-Length", str(len(body)))
