"""What binds every exchange: these judges look at all requests and responses of a run."""

from http import HTTPStatus

from scenarios.conformance.check import observe
from scenarios.conformance.findings import Unsupported, expect
from scenarios.conformance.message import Exchange, Response

EMPTY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


def answered(exchange: Exchange) -> Response:
    """Return the response; an exchange without one is judged by HTTP-001 alone."""
    if exchange.response is None:
        raise Unsupported("no response")
    return exchange.response


STATUSES = range(100, 600)  # RFC 9110 15


@observe("HTTP-001")
def every_request_gets_a_response(exchange: Exchange) -> None:
    """Every request gets a well-formed HTTP response with a valid three-digit status."""
    expect(exchange.response is not None, "a well-formed HTTP response", got=exchange.trouble)
    assert exchange.response is not None
    expect(exchange.response.status in STATUSES, "a status from 100 to 599", got=exchange.response)
    expect(not exchange.response.truncated, "a body as long as announced", got=exchange.response)


@observe("HTTP-009")
def a_payload_names_its_type(exchange: Exchange) -> None:
    """Every successful response with a body has a Content-Type."""
    response = answered(exchange)
    if not (response.ok and response.body):
        raise Unsupported("not a success with a body")
    expect("/" in response.content_type.name, "a Content-Type that names a media type", got=response)


@observe("HTTP-010")
def an_empty_response_has_no_content_type(exchange: Exchange) -> None:
    """204 and 304 carry no Content-Type."""
    response = answered(exchange)
    if response.status not in EMPTY:
        raise Unsupported("not a response without a payload")
    expect(response.header("Content-Type") is None, "no Content-Type", got=response)


@observe("HTTP-011")
def a_payload_is_framed_once(exchange: Exchange) -> None:
    """A body is framed by Content-Length or by Transfer-Encoding, not both or by closing."""
    response = answered(exchange)
    if not response.body:
        raise Unsupported("no body")
    framings = [name for name in ("Content-Length", "Transfer-Encoding") if response.header(name) is not None]
    expect(len(framings) == 1, "one of Content-Length and Transfer-Encoding", got=framings or "neither")


@observe("HTTP-012")
def a_refused_method_names_the_allowed_ones(exchange: Exchange) -> None:
    """405 lists the supported methods in Allow."""
    response = answered(exchange)
    if response.status != HTTPStatus.METHOD_NOT_ALLOWED:
        raise Unsupported("not a 405")
    expect(response.header("Allow"), "an Allow header", got=response)


@observe("HTTP-014")
def an_error_explains_itself(exchange: Exchange) -> None:
    """A 4xx response has a body that says what is wrong, and a Content-Type."""
    response = answered(exchange)
    if not response.is_client_error or exchange.request.method == "HEAD":
        raise Unsupported("not a client error with room for a body")
    expect(response.body and response.content_type.name, "an explanation with a Content-Type", got=response)


@observe("HTTP-018")
def no_request_ends_in_a_server_error(exchange: Exchange) -> None:
    """No request, however malformed, is answered with 5xx; 501 Not Implemented is an answer."""
    response = answered(exchange)
    is_server_error = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    expect(
        not is_server_error or response.status == HTTPStatus.NOT_IMPLEMENTED,
        "no server error",
        got=f"{response} to {exchange.request.method} {exchange.request.target}",
    )
