"""JSON schemas of what the management API takes and gives (JSON Schema 2020-12, as OpenAPI 3.1 uses it)."""

from typing import Any

from reference_server.accounting.people import Kind
from reference_server.management.body import Schema
from reference_server.management.letters import LETTERS

MAX_NAME = 200
MAX_MEMBERS = 1000


def object_of(required: Schema, optional: Schema | None = None) -> dict[str, Any]:
    """Return the schema of an object with these members and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def list_of(items: Schema) -> dict[str, Any]:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def nullable(schema: Schema) -> dict[str, Any]:
    """Return the schema of a value that may be null."""
    return {"anyOf": [schema, {"type": "null"}]}


NAME = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_NAME,
    "pattern": "^[^/\\u0000-\\u001f\\u007f-\\u009f]+$",
}
NAMES = {"type": "array", "items": NAME, "maxItems": MAX_MEMBERS}
UID = {"type": "string", "minLength": 1, "maxLength": 64}
TIME = {"type": "string", "format": "date-time"}
SECONDS = {"type": "number"}
FLAG = {"type": "boolean"}
ID = {"type": "integer", "minimum": 1}
OPERATIONS = {
    "type": "array",
    "items": {"enum": list(LETTERS)},
    "minItems": 1,
    "maxItems": len(LETTERS),
}
GIVEN_OPERATIONS = list_of({"enum": [*LETTERS, "O"]})
NAMED = object_of({"name": NAME})
RESOURCE = object_of(
    {"repository": NAME},
    {"study": nullable(UID), "series": nullable(UID), "instance": nullable(UID)},
)
SUBJECT = object_of(
    {"kind": {"enum": [kind for kind in Kind if kind is not Kind.LINK]}}, {"name": nullable(NAME)}
)
PRINCIPAL = object_of({"kind": {"enum": list(Kind)}, "name": {"type": "string"}})
_PERIOD = {"not_before": nullable(TIME), "expires": nullable(TIME)}
SHARE_REQUEST = object_of(
    {"subject": SUBJECT, "resource": RESOURCE, "operations": OPERATIONS}, {"snapshot": FLAG, **_PERIOD}
)
LINK_REQUEST = object_of({"resource": RESOURCE, "operations": OPERATIONS}, {"snapshot": FLAG, **_PERIOD})
SHARE = object_of(
    {
        "id": ID,
        "subject": PRINCIPAL,
        "resource": RESOURCE,
        "operations": GIVEN_OPERATIONS,
        "snapshot": FLAG,
        "not_before": nullable(SECONDS),
        "expires": nullable(SECONDS),
        "granted_by": {"type": "string"},
    }
)
