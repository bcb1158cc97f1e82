"""Faults in how an empty result is told, and in how a method is refused."""

import json
from dataclasses import replace
from http import HTTPStatus

from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer, is_search, map_json, with_header, without_header
from tests.faults.fault import in_response


def is_empty_list(request: Request, response: Response) -> bool:
    """Tell whether this is a search that found nothing."""
    return is_search(request) and response.ok and response.body.strip() in {b"", b"[]"}


@in_response("QIDO-010")
def no_matches_is_not_found(request: Request, response: Response) -> Response:
    """A search without matches gives 404."""
    return answer(HTTPStatus.NOT_FOUND, b"no such study") if is_empty_list(request, response) else response


@in_response("QIDO-010")
def no_matches_is_one_empty_object(request: Request, response: Response) -> Response:
    """A search without matches gives a list that holds an empty object."""
    return map_json(response, lambda _: [{}]) if is_empty_list(request, response) else response


@in_response("QIDO-010", "HTTP-010")
def no_matches_is_204_with_a_type(request: Request, response: Response) -> Response:
    """A search without matches gives 204, and names the type of the payload that is not there."""
    if not is_empty_list(request, response):
        return response
    return with_header(answer(HTTPStatus.NO_CONTENT), "Content-Type", "application/dicom+json")


@in_response("QIDO-011")
def one_match_is_an_object(request: Request, response: Response) -> Response:
    """A single match comes as a bare object."""
    is_single = is_search(request) and response.ok and response.body and len(json.loads(response.body)) == 1
    return map_json(response, lambda found: found[0]) if is_single else response


@in_response("HTTP-012")
def allow_is_missing(_: Request, response: Response) -> Response:
    """405 does not tell which methods there are."""
    return without_header(response, "Allow")


@in_response("http/methods/an_unsupported*")
def methods_are_not_found(request: Request, response: Response) -> Response:
    """A method that a resource does not have is 404."""
    return response if request.method in {"GET", "POST"} else replace(response, status=HTTPStatus.NOT_FOUND)
