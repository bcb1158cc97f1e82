"""Small edits of requests and responses, of which faults are made."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

from scenarios.conformance.message import Framing, Request, Response

Message = TypeVar("Message", Request, Response)


def parameters(request: Request) -> list[tuple[str, str]]:
    """Return the query parameters, decoded."""
    return parse_qsl(urlsplit(request.target).query, keep_blank_values=True)


def with_parameters(request: Request, pairs: list[tuple[str, str]]) -> Request:
    """Return the request with these query parameters and no others."""
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)
    path = urlsplit(request.target).path
    return replace(request, target=f"{path}?{query}" if query else path)


def without_parameter(request: Request, *names: str) -> Request:
    """Return the request without these query parameters."""
    return with_parameters(
        request, [(name, value) for name, value in parameters(request) if name not in names]
    )


def map_parameter(request: Request, name: str, change: Callable[[str], str]) -> Request:
    """Return the request with the value of one query parameter changed."""
    pairs = [(key, change(value) if key == name else value) for key, value in parameters(request)]
    return with_parameters(request, pairs)


def without_header(message: Message, name: str) -> Message:
    """Return the message without a header."""
    headers = tuple((key, value) for key, value in message.headers if key.lower() != name.lower())
    return replace(message, headers=headers)


def with_header(message: Message, name: str, value: str) -> Message:
    """Return the message with a header set."""
    message = without_header(message, name)
    return replace(message, headers=(*message.headers, (name, value)))


def with_body(response: Response, body: bytes) -> Response:
    """Return the response with another body."""
    return replace(without_header(response, "Content-Length"), body=body, framing=Framing.LENGTH)


def has_json(response: Response) -> bool:
    """Tell whether the response has a JSON payload that is not under a content coding."""
    coded = response.header("Content-Encoding") is not None
    return response.ok and response.content_type.is_json and bool(response.body) and not coded


def map_json(response: Response, change: Callable[[Any], Any]) -> Response:
    """Return the response with its JSON payload changed; another payload stays as it is."""
    if not has_json(response):
        return response
    return with_body(response, json.dumps(change(json.loads(response.body))).encode())


def answer(status: int, body: bytes = b"", content_type: str = "text/plain") -> Response:
    """Return a response that no archive gave."""
    headers = (("Content-Type", content_type),) if body else ()
    return Response(status, "Fault", headers, body, Framing.LENGTH)


def is_search(request: Request) -> bool:
    """Tell whether the request is a search."""
    last = urlsplit(request.target).path.rpartition("/")[2]
    return request.method == "GET" and last in {"studies", "series", "instances"}
