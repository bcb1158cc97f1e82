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
TEXT = {"type": "string"}
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
_GROUPS = {"facilities": NAMES, "roles": NAMES, "organizations": NAMES}
_FLAGS = {"administrator": FLAG, "disabled": FLAG}
ORGANIZATION = object_of({"name": NAME, "facilities": NAMES})
FACILITY_REQUEST = object_of({"name": NAME, "organization": NAME})
FACILITY_CHANGE = object_of({}, {"name": NAME, "organization": NAME})
FACILITY = object_of({"name": NAME, "organization": NAME, "studies": {"type": "integer", "minimum": 0}})
USER_REQUEST = object_of(
    {"name": NAME}, {**{each: nullable(NAMES) for each in _GROUPS}, "administrator": FLAG}
)
USER_CHANGE = object_of({}, {"name": NAME, **_GROUPS, **_FLAGS})
USER = object_of({"name": NAME, **_FLAGS, **_GROUPS})
TOKEN_REQUEST = object_of({}, {"expires": nullable(TIME)})
ISSUED_TOKEN = object_of({"token": TEXT})
TOKEN = object_of({"id": TEXT, "expires": nullable(SECONDS)})
OWNER_REQUEST = object_of({"facility": NAME}, {"user": nullable(NAME)})
OWNER = object_of({"facility": nullable(NAME), "user": nullable(NAME)})
SUBJECT = object_of(
    {"kind": {"enum": [kind for kind in Kind if kind is not Kind.LINK]}}, {"name": nullable(NAME)}
)
PRINCIPAL = object_of({"kind": {"enum": list(Kind)}, "name": TEXT})
PERMISSION_REQUEST = object_of({"operations": OPERATIONS})
PERMISSION = object_of({"holder": PRINCIPAL, "category": NAME, "operations": GIVEN_OPERATIONS})
_PERIOD = {"not_before": nullable(TIME), "expires": nullable(TIME)}
SHARE_REQUEST = object_of(
    {"subject": SUBJECT, "resource": RESOURCE, "operations": OPERATIONS}, {"snapshot": FLAG, **_PERIOD}
)
LINK_REQUEST = object_of({"resource": RESOURCE, "operations": OPERATIONS}, {"snapshot": FLAG, **_PERIOD})
ISSUED_SHARE = object_of({"id": ID})
ISSUED_LINK = object_of({"id": ID, "token": TEXT})
SHARE = object_of(
    {
        "id": ID,
        "subject": PRINCIPAL,
        "resource": RESOURCE,
        "operations": GIVEN_OPERATIONS,
        "snapshot": FLAG,
        "not_before": nullable(SECONDS),
        "expires": nullable(SECONDS),
        "granted_by": TEXT,
    }
)
REASON = object_of(
    {
        "grant": ID,
        "operations": GIVEN_OPERATIONS,
        "resource": RESOURCE,
        "subject": PRINCIPAL,
        "through": list_of(PRINCIPAL),
        "granted_by": nullable(TEXT),
        "derived_from": list_of(object_of({"grant": ID, "subject": PRINCIPAL})),
        "not_before": nullable(SECONDS),
        "expires": nullable(SECONDS),
    }
)
EFFECTIVE = object_of(
    {
        "principal": PRINCIPAL,
        "operations": GIVEN_OPERATIONS,
        "partly": GIVEN_OPERATIONS,
        "because": list_of(REASON),
    }
)
