"""Faults in storing: wrong statuses, response datasets that lie, and payloads that are lost."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer, is_search, map_json, parameters, with_body
from tests.faults.fault import in_request, in_response

REFERENCED = "00081199"
FAILED = "00081198"
OTHERS = "0008119A"
REASON = "00081197"
RETRIEVE_URL = "00081190"
MEGABYTE = 1 << 20


def is_store(request: Request) -> bool:
    """Tell whether the request stores."""
    return request.method == "POST"


def map_receipt(request: Request, response: Response, change: Callable[[dict[str, Any]], Any]) -> Response:
    """Return the response of a store with its dataset changed, whatever its status."""
    if not is_store(request) or not response.content_type.is_json:
        return response
    return replace(map_json(replace(response, status=200), change), status=response.status)


def map_items(sequence: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Any], Any]:
    """Return a change of every item of a sequence of the dataset."""

    def changed(dataset: dict[str, Any]) -> dict[str, Any]:
        if sequence not in dataset:
            return dataset
        items = [change(dict(item)) for item in dataset[sequence].get("Value", ())]
        return {**dataset, sequence: {"vr": "SQ", "Value": items}}

    return changed


def without(*tags: str) -> Callable[[Any], Any]:
    """Return a change that leaves attributes out."""
    return lambda dataset: {tag: value for tag, value in dataset.items() if tag not in tags}


def turned(request: Request, response: Response, was: set[int], becomes: int) -> Response:
    """Return the response of a store with one status instead of others."""
    if not is_store(request) or response.status not in was:
        return response
    return replace(response, status=becomes)


@in_response(
    "STOW-001", "STOW-002", "STOW-003", "STOW-015", "STOW-025", "STOW-038", "STOW-045", "STOW-046", "STOW-047"
)
def a_success_is_answered_201(request: Request, response: Response) -> Response:
    """Storing creates, so the server says Created."""
    return turned(request, response, {200}, 201)


@in_response("STOW-003")
def the_response_dataset_is_an_array(request: Request, response: Response) -> Response:
    """The response dataset comes wrapped in a list."""
    return map_receipt(request, response, lambda dataset: [dataset])


@in_response("STOW-005", "STOW-024")
def the_last_reference_is_lost(request: Request, response: Response) -> Response:
    """Referenced SOP Sequence has one item less than were stored."""

    def shorter(dataset: dict[str, Any]) -> dict[str, Any]:
        items = dataset.get(REFERENCED, {}).get("Value", [])
        return {**dataset, REFERENCED: {"vr": "SQ", "Value": items[:-1]}}

    return map_receipt(request, response, shorter)


@in_response("STOW-005")
def references_lack_the_class(request: Request, response: Response) -> Response:
    """A referenced item has no class UID."""
    return map_receipt(request, response, map_items(REFERENCED, without("00081150")))


@in_response("STOW-006", "STOW-007")
def retrieve_urls_lead_nowhere(request: Request, response: Response) -> Response:
    """The server names itself by a path that it does not serve."""
    wrong = {"vr": "UR", "Value": ["/nowhere/studies/1"]}
    changed = map_receipt(request, response, lambda dataset: {**dataset, RETRIEVE_URL: wrong})
    return map_receipt(request, changed, map_items(REFERENCED, lambda item: {**item, RETRIEVE_URL: wrong}))


@in_response("STOW-008")
def retrieve_urls_are_unlimited_text(request: Request, response: Response) -> Response:
    """Retrieve URL has the VR of an old edition."""
    return map_receipt(
        request, response, map_items(REFERENCED, lambda item: {**item, RETRIEVE_URL: {"vr": "UT"}})
    )


@in_response("STOW-009", "STOW-011")
def failures_are_not_told(request: Request, response: Response) -> Response:
    """Failed SOP Sequence is left out."""
    return map_receipt(request, response, without(FAILED))


@in_response("stow/outcomes/a_full_success_has_no_failed_sequence")
def failures_are_always_told(request: Request, response: Response) -> Response:
    """An empty Failed SOP Sequence comes with every success."""
    return map_receipt(request, response, lambda dataset: {FAILED: {"vr": "SQ", "Value": []}, **dataset})


@in_response("STOW-010")
def other_failures_are_not_told(request: Request, response: Response) -> Response:
    """A part that is no DICOM is dropped without a word."""
    return map_receipt(request, response, without(OTHERS))


@in_response("STOW-011")
def a_failure_reason_is_a_warning(request: Request, response: Response) -> Response:
    """A duplicate is reported by a code of the warnings."""
    warning = {"vr": "US", "Value": [0xB00E]}
    return map_receipt(request, response, map_items(FAILED, lambda item: {**item, REASON: warning}))


@in_response("STOW-014")
def a_broken_dataset_is_out_of_space(request: Request, response: Response) -> Response:
    """Whatever went wrong, the server blames its disk."""
    full = {"vr": "US", "Value": [0xA700]}
    changed = map_receipt(request, response, map_items(OTHERS, lambda item: {**item, REASON: full}))
    return map_receipt(request, changed, map_items(FAILED, lambda item: {**item, REASON: full}))


@in_response("STOW-015")
def a_stored_instance_carries_a_failure_as_warning(request: Request, response: Response) -> Response:
    """Warning Reason holds a code of the failures."""
    failure = {"vr": "US", "Value": [0x0110]}
    return map_receipt(request, response, map_items(REFERENCED, lambda item: {**item, "00081196": failure}))


@in_response("STOW-017", "STOW-043")
def a_partial_success_is_answered_200(request: Request, response: Response) -> Response:
    """Some are stored, so all is well."""
    return turned(request, response, {202}, 200)


@in_response("STOW-010", "STOW-014", "STOW-018", "STOW-040", "STOW-042")
def a_failure_is_answered_200(request: Request, response: Response) -> Response:
    """Nothing is stored, and the server is content."""
    return turned(request, response, {202, 409}, 200)


@in_response("STOW-019", "STOW-020", "STOW-021", "STOW-022", "STOW-036", "STOW-037", "STOW-046")
def a_refusal_is_answered_200(request: Request, response: Response) -> Response:
    """What the server does not understand it takes for stored."""
    return turned(request, response, {400, 406, 415}, 200)


@in_response("STOW-016", "STOW-026")
def a_private_creator_is_rewritten(request: Request, response: Response) -> Response:
    """What comes back names another private creator than what was sent."""
    if request.method != "GET" or not response.ok:
        return response
    return with_body(response, response.body.replace(b"PHANTOM", b"MOTNAHP"))


@in_response("STOW-025", "STOW-027", "STOW-047")
def the_first_result_is_listed_twice(request: Request, response: Response) -> Response:
    """A search lists one result twice."""
    return map_json(response, lambda found: found + found[:1]) if is_search(request) else response


@in_response("stow/payloads/after_other_content_all_answers_agree")
def metadata_tell_another_name(request: Request, response: Response) -> Response:
    """Metadata and object name different patients."""
    if not request.target.endswith("/metadata"):
        return response
    other = {"vr": "PN", "Value": [{"Alphabetic": "Somebody^Else"}]}
    return map_json(response, lambda found: [{**each, "00100010": other} for each in found])


@in_response("STOW-041")
def files_claim_big_endian(request: Request, response: Response) -> Response:
    """What comes back calls itself Big Endian."""
    if request.method != "GET":
        return response
    return with_body(
        response,
        response.body.replace(b"UI\x14\x001.2.840.10008.1.2.1\0", b"UI\x14\x001.2.840.10008.1.2.2\0"),
    )


@in_request("STOW-044")
def a_megabyte_is_an_error(request: Request) -> Request | Response:
    """A large payload ends in 500."""
    return answer(500) if is_store(request) and len(request.body) > MEGABYTE else request


@in_request("STOW-045")
def unknown_parameters_of_a_store_are_an_error(request: Request) -> Request | Response:
    """A query parameter of a store is 400."""
    return answer(400) if is_store(request) and parameters(request) else request


@in_response("STOW-023", "STOW-048", "stow/outcomes/an_instance_of_another_study_is_refused")
def instances_are_never_found(request: Request, response: Response) -> Response:
    """An instance is 404, and so are its metadata."""
    is_sought = re.search(r"/instances/[\d.]+(/metadata)?$", request.target)
    return answer(404) if request.method == "GET" and is_sought else response
