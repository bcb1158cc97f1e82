"""Faults in what binds every exchange."""

from dataclasses import replace
from http import HTTPStatus

from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer, parameters, with_header, without_header
from tests.faults.fault import in_request, in_response


@in_response("HTTP-001")
def bodies_are_truncated(request: Request, response: Response) -> Response:
    """The connection ends before a search result does."""
    if not (response.ok and request.method == "GET" and response.content_type.is_json):
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


@in_request("HTTP-002")
def unknown_parameters_are_refused(request: Request) -> Request | Response:
    """A parameter that the server does not know gives 400."""
    unknown = [name for name, _ in parameters(request) if name.startswith("zz")]
    return answer(HTTPStatus.BAD_REQUEST, b"unknown parameter") if unknown else request


@in_request("HTTP-018")
def bad_values_crash_the_server(request: Request) -> Request | Response:
    """A limit that is no number surfaces as 500."""
    crashes = any(name == "limit" and not value.isdigit() for name, value in parameters(request))
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"Traceback") if crashes else request
