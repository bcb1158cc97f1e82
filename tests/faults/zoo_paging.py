"""Faults in paging."""

import random
from http import HTTPStatus

from scenarios.conformance.message import Request, Response
from tests.faults.edits import (
    answer,
    is_search,
    map_json,
    map_parameter,
    parameters,
    with_parameters,
    without_parameter,
)
from tests.faults.fault import in_request, in_response

MAXIMUM_DIGITS = 4
TEN = 10


@in_request("QIDO-068")
def limit_is_ignored(request: Request) -> Request:
    """The server never heard of limit."""
    return without_parameter(request, "limit")


@in_request("qido/paging/offset_is_zero*")
def a_page_begins_with_the_second_result(request: Request) -> Request:
    """Without offset, the list begins with its second result."""
    names = [name for name, _ in parameters(request)]
    if not is_search(request) or "offset" in names:
        return request
    return with_parameters(request, [*parameters(request), ("offset", "1")])


@in_request("QIDO-069", "QIDO-071", "QIDO-072")
def offset_is_ignored(request: Request) -> Request:
    """The server never heard of offset."""
    return without_parameter(request, "offset")


@in_request("QIDO-069")
def offset_counts_from_one(request: Request) -> Request:
    """offset=1 means the first result."""
    return map_parameter(
        request, "offset", lambda value: str(max(0, int(value) - 1)) if value.isdigit() else value
    )


@in_request("QIDO-074")
def a_large_limit_is_too_much(request: Request) -> Request | Response:
    """A limit above the maximum gives 413."""
    limit = dict(parameters(request)).get("limit", "0")
    return (
        answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"too large") if len(limit) > MAXIMUM_DIGITS else request
    )


@in_request("qido/paging/a_limit_above_the_matches*")
def limit_is_capped_at_ten(request: Request) -> Request:
    """No page is longer than ten."""
    return map_parameter(
        request, "limit", lambda value: "10" if value.isdigit() and int(value) > TEN else value
    )


@in_request("QIDO-075")
def limit_zero_means_unlimited(request: Request) -> Request:
    """limit=0 counts as no limit."""
    return without_parameter(request, "limit") if ("limit", "0") in parameters(request) else request


@in_response("QIDO-070")
def the_order_is_random(request: Request, response: Response) -> Response:
    """Every answer to a search is shuffled anew."""
    if not is_search(request):
        return response
    return map_json(response, lambda found: random.sample(found, len(found)))


@in_response("QIDO-071")
def the_last_of_a_page_is_lost(request: Request, response: Response) -> Response:
    """A page holds one result less than it should, from the second page on."""
    if not is_search(request) or dict(parameters(request)).get("offset", "0") == "0":
        return response
    return map_json(response, lambda found: found[:-1])
