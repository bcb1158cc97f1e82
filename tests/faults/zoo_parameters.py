"""Faults in how query parameters are read."""

from http import HTTPStatus
from urllib.parse import quote

from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer, is_search, parameters, with_parameters, without_parameter
from tests.faults.fault import in_request


@in_request("HTTP-002")
def unknown_parameters_are_refused(request: Request) -> Request | Response:
    """A parameter that the server does not know gives 400."""
    unknown = [name for name, _ in parameters(request) if name.startswith("zz")]
    return answer(HTTPStatus.BAD_REQUEST, b"unknown parameter") if unknown else request


@in_request("HTTP-003")
def invalid_values_are_ignored(request: Request) -> Request:
    """A limit that is no number counts as no limit."""
    bad = [name for name, value in parameters(request) if name in {"limit", "offset"} and not value.isdigit()]
    return without_parameter(request, *bad)


@in_request("HTTP-004")
def parameter_names_fold_case(request: Request) -> Request:
    """Limit means limit."""
    pairs = [("limit" if name == "Limit" else name, value) for name, value in parameters(request)]
    return with_parameters(request, pairs)


@in_request("HTTP-005")
def tags_are_unknown(request: Request) -> Request:
    """Only keywords name attributes; a filter by tag is dropped."""
    return without_parameter(request, "00100020")


@in_request("HTTP-006")
def sequences_are_not_searched(request: Request) -> Request:
    """A key that reaches into a sequence is dropped."""
    return without_parameter(request, *(name for name, _ in parameters(request) if "." in name))


@in_request("HTTP-007")
def values_stay_percent_encoded(request: Request) -> Request:
    """%26 in a value is matched as three characters."""
    if not is_search(request):
        return request
    return with_parameters(request, [(name, quote(value, safe="*")) for name, value in parameters(request)])


@in_request("HTTP-008")
def lower_case_tags_are_unknown(request: Request) -> Request:
    """0020000d is taken for an unknown parameter."""
    return without_parameter(request, "0020000d")
