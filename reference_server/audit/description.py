"""The audit trail in OpenAPI 3.1, a part of the description of the management API."""

from http import HTTPStatus
from typing import Any

from reference_server.audit.log import LONGEST_KEY, XML
from reference_server.audit.record import Outcome
from reference_server.audit.search import DEFAULT_LIMIT, LIMIT
from reference_server.dicomweb.media import JSON

Tree = dict[str, Any]
TEXT = {"type": "string"}
NUMBER = {"type": ["integer", "null"], "minimum": 0}
CODE = {
    "type": "object",
    "properties": {"code": TEXT, "meaning": TEXT},
    "required": ["code", "meaning"],
    "additionalProperties": False,
}
STUDY = {"study": TEXT, "patient": {"type": ["string", "null"]}}
PRINCIPAL = {"kind": TEXT, "name": TEXT}
OUTCOME = {"enum": [int(each) for each in Outcome]}
MEMBERS: Tree = {
    "id": {"type": "integer", "minimum": 1},
    "time": {"type": "string", "format": "date-time"},
    "event": CODE,
    "type": {"anyOf": [CODE, {"type": "null"}]},
    "action": {"enum": ["C", "R", "U", "D", "E"]},
    "outcome": OUTCOME,
    "status": {"type": "integer"},
    "principal": {"type": "object", "properties": PRINCIPAL, "required": list(PRINCIPAL)},
    **dict.fromkeys(("address", "method", "path", "query"), TEXT),
    "studies": {
        "type": "array",
        "items": {"type": "object", "properties": STUDY, "required": list(STUDY)},
    },
    "number": NUMBER,
    "refused": NUMBER,
    "asked": {"type": ["string", "null"]},
}
RECORD = {"type": "object", "properties": MEMBERS, "required": list(MEMBERS), "additionalProperties": False}
TIME = {"type": "string", "format": "date-time"}
QUERY: Tree = {
    "since": TIME,
    "until": TIME,
    "user": TEXT,
    "study": TEXT,
    "outcome": OUTCOME,
    "limit": {"type": "integer", "minimum": 0, "maximum": LIMIT, "default": DEFAULT_LIMIT},
    "offset": {"type": "integer", "minimum": 0, "maximum": 10**LONGEST_KEY - 1, "default": 0},
}


def _responses(content: Tree, *refusals: int) -> Tree:
    refused = {
        str(each): {"description": HTTPStatus(each).phrase, "content": {"text/plain": {"schema": TEXT}}}
        for each in (400, 401, 403, 404, *refusals, 503)
    }
    return {"200": {"description": HTTPStatus.OK.phrase, "content": content}} | refused


AUDIT_PATHS: Tree = {
    "/accounting/audit": {
        "get": {
            "operationId": "search_audit",
            "summary": "Search the audit trail, the newest records first.",
            "parameters": [
                {"name": name, "in": "query", "required": False, "schema": schema}
                for name, schema in QUERY.items()
            ],
            "responses": _responses({JSON: {"schema": {"type": "array", "items": RECORD}}}),
        }
    },
    "/accounting/audit/{id}": {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": MEMBERS["id"]}],
        "get": {
            "operationId": "retrieve_audit_record",
            "summary": "Return one record of the audit trail, as JSON or as an audit message of PS3.15.",
            "responses": _responses({JSON: {"schema": RECORD}, XML: {"schema": TEXT}}, 406),
        },
    },
}
