"""Faults in access control: leaks between users, objects that give themselves away, unguarded tokens."""

import json
import re
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlsplit

from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer, is_search, map_json, parameters, with_header, without_header
from tests.faults.fault import in_request, in_response
from tests.faults.ledger import as_owner, entry_of, is_foreign, note


def last_segment(request: Request) -> str:
    """Return the last segment of the path."""
    return urlsplit(request.target).path.rpartition("/")[2]


def is_object(request: Request) -> bool:
    """Tell whether the request is for a study, series or instance itself."""
    return request.method in {"GET", "HEAD"} and last_segment(request)[:2] == "2."


@in_request("ACC-001", "ACC-005", "ACC-006", "ACC-019", "ACC-021", "ACC-026", "ACC-039")
def objects_are_given_to_everyone(request: Request) -> Request:
    """Who knows the UIDs retrieves, whoever it is."""
    note(request)
    return as_owner(request) if is_object(request) else request


@in_response("ACC-011")
def hidden_results_are_counted_as_remaining(request: Request, response: Response) -> Response:
    """The Warning about remaining results counts one that the caller may not see."""
    warning = response.header("Warning") or ""
    counted = re.sub(r"\d+(?= additional)", lambda number: str(int(number[0]) + 1), warning)
    return with_header(response, "Warning", counted) if is_search(request) and warning else response


@in_request("ACC-001")
def a_hidden_object_is_forbidden(request: Request) -> Request | Response:
    """What exists and is hidden is 403 instead of 404."""
    note(request)
    return answer(403, b"not yours") if is_object(request) and is_foreign(request) else request


@in_request("ACC-002", "ACC-021", "ACC-040")
def what_lies_below_is_given_to_everyone(request: Request) -> Request:
    """Metadata, frames and bulk data are not guarded."""
    note(request)
    return (
        as_owner(request) if any(f"/{name}" in request.target for name in ("metadata", "frames")) else request
    )


@in_request("acc/existence/wado_uri_keeps_the_secret", "acc/existence/a_rendered_image_is_not*")
def pictures_are_for_everyone(request: Request) -> Request:
    """WADO-URI, rendered images and thumbnails are not guarded."""
    note(request)
    return as_owner(request) if last_segment(request) in {"wado", "rendered", "thumbnail"} else request


@in_request("ACC-005")
def range_goes_unguarded(request: Request) -> Request:
    """A Range request is answered whoever sends it."""
    note(request)
    return as_owner(request) if request.header("Range") else request


@in_request("acc/existence/options*")
def options_tell_what_exists(request: Request) -> Request | Response:
    """OPTIONS of an existing study is 204, of another 404."""
    note(request)
    if request.method != "OPTIONS":
        return request
    return answer(HTTPStatus.NO_CONTENT if entry_of(request) else HTTPStatus.NOT_FOUND)


@in_request("ACC-006", "ACC-033")
def conditions_are_decided_before_access(request: Request) -> Request | Response:
    """If-None-Match of something that exists is 304, whoever asks."""
    note(request)
    conditional = request.header("If-None-Match") and entry_of(request)
    return answer(HTTPStatus.NOT_MODIFIED) if conditional else request


@in_request("ACC-004")
def ancestry_is_ignored(request: Request) -> Request:
    """A series is found below any study."""
    note(request)
    head, below, tail = request.target.partition("/series/")
    series = tail.partition("/")[0]
    entry = entry_of(replace(request, target=f"/{series}"))
    if not below or entry is None:
        return request
    target = f"{head.rpartition('/')[0]}/{entry.study_uid}/series/{tail}"
    return as_owner(replace(request, target=target, body=b""))


@in_request(
    "ACC-007", "ACC-008", "ACC-009", "ACC-010", "ACC-013", "ACC-014", "ACC-015", "ACC-016", "ACC-017",
    "ACC-018", "ACC-019", "ACC-029", "ACC-030", "ACC-032", "ACC-033", "ACC-035", "ACC-036", "ACC-046",
)  # fmt: skip
def searches_show_everything(request: Request) -> Request:
    """A search answers everyone from the whole archive."""
    note(request)
    return as_owner(request) if is_search(request) else request


@in_response("ACC-046")
def a_hidden_study_has_an_empty_object(request: Request, response: Response) -> Response:
    """A search below a hidden study is 204, below an absent one 200."""
    note(request)
    empty = is_search(request) and response.body == b"[]" and is_foreign(request)
    return answer(HTTPStatus.NO_CONTENT) if empty else response


@in_response("ACC-010")
def pages_are_filtered_after_their_limit(request: Request, response: Response) -> Response:
    """A page has lost a row when it arrives."""
    return map_json(response, lambda found: found[1:]) if "limit=2" in request.target else response


@in_response("ACC-012")
def what_is_reached_twice_is_listed_twice(request: Request, response: Response) -> Response:
    """Each result comes twice."""
    return map_json(response, lambda found: found * 2) if is_search(request) else response


@in_response("ACC-020")
def a_visible_part_is_partial_content(request: Request, response: Response) -> Response:
    """A study is answered 206."""
    return replace(response, status=206) if is_object(request) and response.ok else response


@in_response("ACC-021", "ACC-026")
def what_may_not_be_retrieved_is_absent(_: Request, response: Response) -> Response:
    """Where retrieval is not allowed it is 404."""
    return replace(response, status=404) if response.status == HTTPStatus.FORBIDDEN else response


@in_request("ACC-042", "ACC-043", "acc/tokens/without*", "acc/tokens/a_store*")
def nobody_is_the_owner(request: Request) -> Request:
    """A request without a token is answered as the owner of what it names."""
    note(request)
    if (request.header("Authorization") or "").startswith("Bearer "):
        return request
    return as_owner(request)


@in_response("acc/tokens/without*", "acc/tokens/a_store*", "acc/tokens/an_expired*", "ACC-043")
def refusals_challenge_nobody(_: Request, response: Response) -> Response:
    """401 comes without WWW-Authenticate."""
    return without_header(response, "WWW-Authenticate")


@in_request("ACC-043")
def a_token_in_the_query_opens_the_archive(request: Request) -> Request:
    """access_token is a credential."""
    tokens = [text for name, text in parameters(request) if name == "access_token"]
    return with_header(request, "Authorization", f"Bearer {tokens[0]}") if tokens else request


@in_request("acc/tokens/an_expired*")
def tokens_never_expire(request: Request) -> Request:
    """A token lives on after its end."""
    if not request.target.endswith("/tokens"):
        return request
    body = json.dumps({"expires": None}).encode()
    return replace(with_header(request, "Content-Length", str(len(body))), body=body)


@in_response("ACC-044")
def answers_may_be_cached(_: Request, response: Response) -> Response:
    """Cache-Control is missing."""
    return without_header(response, "Cache-Control")


@in_response("ACC-044")
def answers_vary_by_nothing(_: Request, response: Response) -> Response:
    """Vary is missing."""
    return without_header(response, "Vary")


@in_request("ACC-045")
def a_method_is_refused_by_ownership(request: Request) -> Request | Response:
    """PATCH of what another owns is 404 where it is 405 for its owner."""
    note(request)
    return answer(404, b"not found") if request.method == "PATCH" and is_foreign(request) else request
