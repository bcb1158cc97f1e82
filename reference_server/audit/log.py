"""The audit trail over HTTP, for administrators: search it, read a record as JSON or as a PS3.15 message.

Reading the trail is itself recorded, once it is answered. With `audit` off there is nothing to read.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from reference_server.accounting.callers import caller_of
from reference_server.audit.message import audit_message, moment
from reference_server.audit.record import Outcome, Record
from reference_server.audit.search import DEFAULT_LIMIT, LIMIT, AuditSearch
from reference_server.audit.trail import Trail
from reference_server.decision import note_number
from reference_server.dicomweb.accept import ANYTHING, wishes
from reference_server.dicomweb.archive import Archive, acceptable, archive_of
from reference_server.dicomweb.media import JSON
from reference_server.errors import BadRequest, Forbidden, NotAcceptable, NotFound

PARAMETERS = ("since", "until", "user", "study", "outcome", "limit", "offset")
LONGEST_KEY = 18  # digits that fit a key of SQLite
XML = "application/xml"
_JSON_RANGES = (ANYTHING, "application/*", JSON)


async def search_audit(request: Request) -> Response:
    """Search the audit trail, the newest records first."""
    trail, _ = await _opened(request)
    wanted = parse_audit_search(request.query_params.multi_items())
    records = await trail.select(*wanted.condition())
    note_number(len(records))
    return Response(orjson.dumps([rendered(each) for each in records]), media_type=JSON)


async def retrieve_audit_record(request: Request) -> Response:
    """Return one record of the audit trail, as JSON or as an audit message of PS3.15."""
    trail, archive = await _opened(request)
    essence = next((each.essence for each in wishes(acceptable(request)) if _available(each.essence)), None)
    if essence is None:
        raise NotAcceptable(f"a record is available as {JSON} and as {XML}")
    number = request.path_params["id"]
    known = number.isascii() and number.isdecimal() and len(number) <= LONGEST_KEY
    records = await trail.select("WHERE id = ?", (int(number),)) if known else []
    if not records:
        raise NotFound("there is no such record")
    note_number(1)
    if essence != XML:
        return Response(orjson.dumps(rendered(records[0])), media_type=JSON)
    return Response(audit_message(records[0], archive.base_url(request)), headers={"content-type": XML})


def _available(essence: str) -> bool:
    return essence == XML or essence in _JSON_RANGES


async def _opened(request: Request) -> tuple[Trail, Archive]:
    """Return the trail and the archive to an administrator; raises Unauthorized, Forbidden or NotFound."""
    archive = archive_of(request)
    caller = await caller_of(archive.database, archive.credentials(request), archive.clock())
    if not caller.administrator:
        raise Forbidden("this needs an administrator")
    trail: Trail | None = request.app.state.trail
    if trail is None:
        raise NotFound("this archive keeps no audit trail")
    return trail, archive


def parse_audit_search(parameters: list[tuple[str, str]]) -> AuditSearch:
    """Return what the query parameters ask for; raises BadRequest."""
    given = dict(parameters)
    if len(given) < len(parameters) or not set(given) <= set(PARAMETERS):
        raise BadRequest(f"query parameters are {', '.join(PARAMETERS)}, each once")
    outcome = _number(given, "outcome", -1, Outcome.SERIOUS_FAILURE)
    if outcome not in (-1, *Outcome):
        raise BadRequest(f"outcome is one of {', '.join(str(int(each)) for each in Outcome)}")
    return AuditSearch(
        since=_time(given, "since"),
        until=_time(given, "until"),
        user=given.get("user"),
        study=given.get("study"),
        outcome=None if outcome < 0 else Outcome(outcome),
        limit=_number(given, "limit", DEFAULT_LIMIT, LIMIT),
        offset=_number(given, "offset", 0, 10**LONGEST_KEY - 1),
    )


def _number(given: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > LONGEST_KEY or int(text) > most:
        raise BadRequest(f"{name} is a number from 0 to {most}")
    return int(text)


def _time(given: Mapping[str, str], name: str) -> float | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        # A plus sign that was not percent-encoded has become a blank on the way.
        time = datetime.fromisoformat(text.replace(" ", "+"))
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise BadRequest(f"{name} is an ISO 8601 time, like 2026-01-31T12:00:00Z") from None


def rendered(record: Record) -> dict[str, Any]:
    """Return a record as JSON."""
    event, event_type = record.event.code, record.event.type
    return {
        "id": record.id,
        "time": moment(record.at),
        "event": {"code": event.value, "meaning": event.meaning},
        "type": None if event_type is None else {"code": event_type.value, "meaning": event_type.meaning},
        "action": record.event.action,
        "outcome": int(record.outcome),
        "status": record.status,
        "principal": {"kind": record.kind, "name": record.name},
        "address": record.address,
        "method": record.method,
        "path": record.path,
        "query": record.query,
        "studies": [{"study": uid, "patient": patient} for uid, patient in record.studies],
        "number": record.number,
        "refused": record.refused,
        "asked": record.asked,
    }
