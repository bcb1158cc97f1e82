"""Faults in what binds every exchange."""

from dataclasses import replace
from http import HTTPStatus

from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer, is_search, parameters, with_header, without_header
from tests.faults.fault import in_request, in_response

LONG_BYTES = 50_000


@in_response("HTTP-001")
def bodies_are_truncated(request: Request, response: Response) -> Response:
    """The connection ends before a long search result does."""
    if not (is_search(request) and len(response.body) > LONG_BYTES):
        return response
    cut = without_header(response, "Content-Length")
    return replace(cut, body=response.body[: len(response.body) // 2], truncated=True)


@in_response("HTTP-009")
def content_type_is_missing(_: Request, response: Response) -> Response:
    """No response names the type of its payload."""
    return without_header(response, "Content-Type")


@in_response("HTTP-011")
def payloads_are_framed_twice(_: Request, response: Response) -> Response:
    """A Transfer-Encoding accompanies the Content-Length."""
    if not response.body:
        return response
    return with_header(response, "Transfer-Encoding", "identity")


@in_request("HTTP-018")
def bad_values_crash_the_server(request: Request) -> Request | Response:
    """A limit that is no number surfaces as 500."""
    crashes = any(name == "limit" and not value.isdigit() for name, value in parameters(request))
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"Traceback") if crashes else request
