"""Servers that do nothing right: whatever they answer, no check may pass on them."""

from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer
from tests.faults.fault import Fault, unchanged_response

STUDY = b'[{"0020000D": {"vr": "UI", "Value": ["1.2.3"]}, "00100020": {"vr": "LO", "Value": ["A"]}}]'
JSON = "application/dicom+json"


def not_found(_: Request) -> Response:
    """Everything is 404."""
    return answer(404, b"not found")


def empty(_: Request) -> Response:
    """Everything is 200 without a body."""
    return answer(200)


def echo(request: Request) -> Response:
    """Everything is 200 with the request as its body, in the type that was asked for."""
    accept = (request.header("Accept") or "*/*").partition(",")[0]
    return answer(200, request.head + request.body, "application/octet-stream" if "*" in accept else accept)


def hang_up(_: Request) -> None:
    """Every connection is closed without a response."""


def fixed_list(_: Request) -> Response:
    """Everything is the same list of one study."""
    return answer(200, STUDY, JSON)


CONTROLS = tuple(
    Fault(function.__name__, (function.__doc__ or "").strip(), ("*",), function, unchanged_response)
    for function in (not_found, empty, echo, hang_up, fixed_list)
)
