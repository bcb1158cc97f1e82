"""Faults in what a search may ask for beyond single values: sequences, private attributes, emptiness, XML."""

import re

from scenarios.conformance import multipart
from scenarios.conformance.fixtures.instance import PRIVATE_CREATOR
from scenarios.conformance.message import Request, Response
from tests.faults.edits import (
    is_search,
    map_json,
    map_parameter,
    parameters,
    with_body,
    with_header,
    without_header,
    without_parameter,
)
from tests.faults.fault import in_request, in_response

CREATOR = "00090010"


@in_response("QIDO-008")
def the_first_result_is_the_xml(request: Request, response: Response) -> Response:
    """However many results there are, XML has the first of them only."""
    boundary = response.content_type.parameters.get("boundary")
    if boundary is None or not is_search(request):
        return response
    return with_body(response, multipart.write(multipart.read(response).parts[:1], boundary))


@in_request("QIDO-029")
def one_key_of_a_sequence_is_enough(request: Request) -> Request:
    """Of several keys of a sequence only the first restricts the search."""
    _, *others = [name for name, _ in parameters(request) if "." in name] or [""]
    return without_parameter(request, *others)


@in_request("QIDO-030")
def a_quoted_empty_value_matches_everything(request: Request) -> Request:
    """Two quotation marks are taken for no value at all."""
    return map_parameter(request, "PatientBirthDate", lambda value: value.strip('"'))


@in_response("QIDO-041")
def creators_are_not_returned(request: Request, response: Response) -> Response:
    """A private field comes back without the element that names its creator."""
    if not is_search(request):
        return response
    return map_json(
        response, lambda found: [{k: v for k, v in each.items() if k != CREATOR} for each in found]
    )


@in_request("QIDO-079")
def any_creator_will_do(request: Request) -> Request:
    """A private key is matched under whatever creator there is."""
    return map_parameter(request, CREATOR, lambda _: PRIVATE_CREATOR)


@in_response("QIDO-073")
def what_remains_is_a_secret(_: Request, response: Response) -> Response:
    """No response has a Warning."""
    return without_header(response, "Warning")


@in_response("QIDO-073")
def what_was_returned_is_said_to_remain(_: Request, response: Response) -> Response:
    """The Warning counts what was returned rather than what remains."""
    warning = response.header("Warning")
    return response if warning is None else with_header(response, "Warning", re.sub("22", "3", warning))
