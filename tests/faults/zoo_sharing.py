"""Faults in storing beside others and in sharing: shares that reach too far, begin too soon, never end."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer, is_search, map_json, with_body, with_header
from tests.faults.fault import in_request, in_response
from tests.faults.ledger import as_owner, entry_of, is_foreign, note
from tests.faults.zoo_stow import FAILED, REASON, is_store, map_items, map_receipt

GENERAL_FAILURE = 0x0110
REVOKED: set[str] = set()  # studies of which a share was revoked
STUDY_OF_SHARE: dict[str, str] = {}
STORES: dict[str, int] = {}  # by Patient ID or UID: how many stores named it


def is_dicom(request: Request) -> bool:
    """Tell whether the request stores instances."""
    return is_store(request) and b"\0DICM" in request.body


def is_share(request: Request) -> bool:
    """Tell whether the request issues a share, to somebody or as a link."""
    return request.method == "POST" and request.target.endswith(("/accounting/shares", "/accounting/links"))


def with_share(request: Request, change: Callable[[dict[str, Any]], object]) -> Request:
    """Return the request with its share changed in place; another request stays as it is."""
    if not is_share(request):
        return request
    share = json.loads(request.body)
    change(share)
    body = json.dumps(share).encode()
    return replace(with_header(request, "Content-Length", str(len(body))), body=body)


@in_request("ACC-022", "ACC-023", "ACC-024", "ACC-027", "ACC-028")
def a_store_is_everyones(request: Request) -> Request:
    """A store into a study that exists is taken as its owner's."""
    note(request)
    return as_owner(request) if is_dicom(request) else request


@in_request("ACC-023", "ACC-024", "ACC-025", "ACC-028")
def a_study_uid_that_is_taken_is_a_conflict(request: Request) -> Request | Response:
    """A store of a UID that another repository holds is 409."""
    note(request)
    return answer(HTTPStatus.CONFLICT, b"taken") if is_dicom(request) and is_foreign(request) else request


@in_response("ACC-025")
def a_conflict_tells_the_name(request: Request, response: Response) -> Response:
    """The answer to a store tells the name in the study that exists."""
    note(request)
    entry = entry_of(request)
    name = {"vr": "PN", "Value": [{"Alphabetic": entry.patient_name if entry else ""}]}
    return map_receipt(request, response, lambda dataset: {**dataset, "00100010": name})


@in_request("acc/store/a_reader_does_not_replace*")
def what_a_reader_stores_is_said_to_be_stored(request: Request) -> Request | Response:
    """A store into another's study is answered as if all was well."""
    note(request)
    foreign = is_dicom(request) and is_foreign(request)
    return answer(HTTPStatus.OK, b"{}", "application/dicom+json") if foreign else request


@in_response("ACC-022", "ACC-027")
def a_refusal_is_a_processing_failure(request: Request, response: Response) -> Response:
    """What may not be stored has Failure Reason 0110H."""
    reason = {"vr": "US", "Value": [GENERAL_FAILURE]}
    return map_receipt(request, response, map_items(FAILED, lambda item: {**item, REASON: reason}))


@in_response("ACC-027")
def a_mixed_outcome_is_a_success(request: Request, response: Response) -> Response:
    """A store of which a part was refused is 200."""
    is_mixed = is_store(request) and response.status == HTTPStatus.ACCEPTED
    return replace(response, status=HTTPStatus.OK) if is_mixed else response


@in_request("ACC-026")
def who_may_append_may_read(request: Request) -> Request:
    """A share of the right to append gives the right to retrieve as well."""
    return with_share(request, lambda share: share["operations"].append("R"))


@in_response("ACC-013")
def each_store_turns_the_order(request: Request, response: Response) -> Response:
    """After a second store for the patient, hidden or not, searches list in reverse."""
    note(request)
    for patient in set(re.findall(rb"\x10\x00\x20\x00LO..([^\0\x10]+?) ?\x10", request.body)):
        STORES[patient.decode()] = STORES.get(patient.decode(), 0) + 1
    turned = any(count > 1 for patient, count in list(STORES.items()) if named(patient, request))
    return map_json(response, lambda found: found[::-1]) if turned and is_search(request) else response


def named(patient_id: str, request: Request) -> bool:
    """Tell whether the query names the patient."""
    return patient_id in request.target.replace("%2F", "/")


@in_request("ACC-029")
def every_share_is_a_snapshot(request: Request) -> Request:
    """A share covers what is there when it is issued."""
    return with_share(request, lambda share: share.update(snapshot=True))


@in_request("ACC-030")
def no_share_is_a_snapshot(request: Request) -> Request:
    """A snapshot covers what is stored later."""
    return with_share(request, lambda share: share.update(snapshot=False))


@in_request("acc/sharing/a_share_of_a_series*", "ACC-018", "ACC-008", "ACC-009")
def a_share_of_a_series_is_one_of_the_study(request: Request) -> Request:
    """A share reaches the whole study."""
    return with_share(request, lambda share: share["resource"].pop("series", None))


@in_request("ACC-019")
def a_share_of_an_instance_is_one_of_the_series(request: Request) -> Request:
    """A share of an instance reaches its series."""
    return with_share(request, lambda share: share["resource"].pop("instance", None))


@in_request("ACC-031", "ACC-034")
def anyone_shares_as_the_owner(request: Request) -> Request:
    """A share is issued with the rights of the owner, whoever asks for it."""
    note(request)
    return as_owner(request) if is_share(request) else request


@in_request("ACC-032", "acc/links/a_link_expires")
def shares_never_expire(request: Request) -> Request:
    """The end of a share is ignored."""
    return with_share(request, lambda share: share.pop("expires", None))


@in_request("ACC-032")
def shares_begin_at_once(request: Request) -> Request:
    """The beginning of a share is ignored."""
    return with_share(request, lambda share: share.pop("not_before", None))


@in_request("ACC-033", "ACC-034", "ACC-035", "ACC-036", "ACC-037", "acc/links/a_revoked*")
def revocations_are_ignored(request: Request) -> Request | Response:
    """A share is not revoked, though the answer says so."""
    return answer(HTTPStatus.NO_CONTENT) if request.method == "DELETE" else request


@in_request("ACC-035")
def groups_reach_nobody(request: Request) -> Request:
    """A share with a role or a facility goes to the owner's own facility instead."""

    def misdirect(share: dict[str, Any]) -> None:
        if share["subject"]["kind"] != "user":
            share["subject"] = {"kind": "facility", "name": share["resource"]["repository"]}

    return with_share(request, misdirect)


@in_response("ACC-036")
def one_revocation_ends_all_shares(request: Request, response: Response) -> Response:
    """Once a share of a study is revoked, its owner alone finds it."""
    note(request)
    if is_share(request) and response.status == HTTPStatus.CREATED:
        study = json.loads(request.body)["resource"]["study"]
        STUDY_OF_SHARE[str(json.loads(response.body)["id"])] = study
    if request.method == "DELETE":
        REVOKED.add(STUDY_OF_SHARE.get(request.target.rpartition("/")[2], ""))
    entry = entry_of(request)
    closed = entry is not None and entry.study_uid in REVOKED and is_foreign(request)
    return with_body(response, b"[]") if closed and is_search(request) else response
