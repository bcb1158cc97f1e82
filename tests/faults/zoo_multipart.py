"""Faults in multipart responses: their header, their delimiters, and their parts."""

import re
from collections.abc import Callable
from dataclasses import replace

from scenarios.conformance import multipart
from scenarios.conformance.message import Request, Response
from scenarios.conformance.multipart import Part
from tests.faults.edits import with_body, with_header
from tests.faults.fault import in_response

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


@in_response("MP-014")
def an_empty_line_in_a_part_is_lost(request: Request, response: Response) -> Response:
    """Of two CRLF in a row within a part one is lost."""
    if request.method != "GET":
        return response
    return map_parts(response, lambda part: Part(part.headers, part.body.replace(b"\r\n\r\n", b"\r\n")))


@in_response("mp/contents/what_looks*", "mp/contents/a_boundary*", "mp/contents/half*")
def files_end_in_an_empty_line(_: Request, response: Response) -> Response:
    """Two CRLF precede each delimiter, so that every file is two bytes longer than it was."""
    return map_parts(
        response,
        lambda part: Part(part.headers, part.body + b"\r\n") if part.body[128:132] == b"DICM" else part,
    )


def without_header_of(part: Part, name: str) -> Part:
    """Return the part without a header."""
    return replace(part, headers=tuple(pair for pair in part.headers if pair[0] != name))


def renamed(part: Part, change: Callable[[str], str]) -> Part:
    """Return the part with its Content-Location changed."""
    headers = ((name, change(value) if name == "Content-Location" else value) for name, value in part.headers)
    return replace(part, headers=tuple(headers))
