"""A fault is one thing that an archive may do wrong, as a small function on a request or on a response.

    @in_request("QIDO-068")
    def limit_is_ignored(request: Request) -> Request:
        \"\"\"The server never heard of limit.\"\"\"
        return without_parameter(request, "limit")

The ids (or check names, or globs of them) say who must notice: each of them has to lose at least one check
that passes without the fault. A function on a request may also answer it itself, or return None to hang up.
"""

from collections.abc import Callable
from dataclasses import dataclass

from scenarios.conformance.message import Request, Response

RequestFault = Callable[[Request], Request | Response | None]
ResponseFault = Callable[[Request, Response], Response | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, and the selectors of the checks that must catch it."""

    name: str
    description: str
    caught_by: tuple[str, ...]
    on_request: RequestFault
    on_response: ResponseFault


REGISTRY: dict[str, Fault] = {}


def unchanged_request(request: Request) -> Request:
    """Leave the request as it is."""
    return request


def unchanged_response(_: Request, response: Response) -> Response:
    """Leave the response as it is."""
    return response


NO_FAULT = Fault("no fault", "The archive as it is.", (), unchanged_request, unchanged_response)


def in_request(*caught_by: str) -> Callable[[RequestFault], RequestFault]:
    """Register the function as a fault in how requests are understood."""

    def register(function: RequestFault) -> RequestFault:
        _register(function.__name__, function.__doc__, caught_by, function, unchanged_response)
        return function

    return register


def in_response(*caught_by: str) -> Callable[[ResponseFault], ResponseFault]:
    """Register the function as a fault in how requests are answered."""

    def register(function: ResponseFault) -> ResponseFault:
        _register(function.__name__, function.__doc__, caught_by, unchanged_request, function)
        return function

    return register


def _register(
    name: str,
    doc: str | None,
    caught_by: tuple[str, ...],
    on_request: RequestFault,
    on_response: ResponseFault,
) -> None:
    assert doc, f"{name} needs a docstring that says what is wrong"
    assert caught_by, f"{name} names nobody who must notice"
    assert name not in REGISTRY, f"two faults are called {name}"
    REGISTRY[name] = Fault(name, doc.strip(), caught_by, on_request, on_response)
