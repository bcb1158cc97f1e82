"""The management API describes itself in OpenAPI 3.1, rendered from the table of procedures.

What is described is what is served: payloads are checked against the very schemas that stand here.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from reference_server.accounting.permissions import HOLDERS
from reference_server.audit.description import AUDIT_PATHS
from reference_server.capabilities import OPENAPI, Tree
from reference_server.dicomweb.archive import archive_of
from reference_server.dicomweb.media import JSON
from reference_server.management.body import Schema
from reference_server.management.procedure import Procedure, status_of
from reference_server.management.schemas import NAME, TEXT, UID
from reference_server.management.table import PROCEDURES

PATH_PARAMETERS: Mapping[str, Schema] = {
    "name": NAME,
    "holder": NAME,
    "repository": NAME,
    "study": UID,
    "kind": {"enum": list(HOLDERS)},
    "id": TEXT,
}
TEMPLATE = re.compile(r"\{(\w+)\}")
PLAIN = "text/plain"
REFUSALS = (400, 401, 403, 503)  # what every procedure may answer
WITH_PAYLOAD = (413,)


async def retrieve_description(request: Request) -> Response:
    """Describe the management API."""
    archive = archive_of(request)
    origin = archive.base_url(request).removesuffix(archive.settings.base_path)
    return Response(orjson.dumps(description(origin)), media_type=OPENAPI)


def description(origin: str) -> Tree:
    """Return the OpenAPI document of the management API below an origin."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Accounting: people, shares and ownership", "version": "1"},
        "servers": [{"url": origin or "/"}],
        "security": [{"bearer": []}],
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "paths": {path: _path_item(path, procedures) for path, procedures in PROCEDURES.items()}
        | AUDIT_PATHS,
    }


def _path_item(path: str, procedures: Mapping[str, Procedure]) -> Tree:
    names = TEMPLATE.findall(path)
    item: Tree = {
        "parameters": [_parameter(each, "path", PATH_PARAMETERS[each], required=True) for each in names]
    }
    for method, procedure in procedures.items():
        item[method.lower()] = _operation(method, procedure)
    return item


def _parameter(name: str, where: str, schema: Schema, *, required: bool) -> Tree:
    return {"name": name, "in": where, "required": required, "schema": schema}


def _operation(method: str, procedure: Procedure) -> Tree:
    operation: Tree = {
        "operationId": getattr(procedure.work, "__name__", ""),
        "summary": procedure.summary,
        "parameters": [
            _parameter(name, "query", schema, required=name in procedure.required)
            for name, schema in procedure.query.items()
        ],
        "responses": _responses(method, procedure),
    }
    if procedure.body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": procedure.body}}}
    return operation


def _responses(method: str, procedure: Procedure) -> dict[str, Any]:
    status = status_of(method)
    success: Tree = {"description": status.phrase}
    if procedure.gives is not None:
        success["content"] = {JSON: {"schema": procedure.gives}}
    if "after" in procedure.query:
        success["headers"] = {
            "Link": {"description": "the next page, if there is one (RFC 8288)", "schema": TEXT}
        }
    refusals = {*REFUSALS, *procedure.refusals, *(() if procedure.body is None else WITH_PAYLOAD)}
    return {str(int(status)): success} | {
        str(each): {"description": HTTPStatus(each).phrase, "content": {PLAIN: {"schema": TEXT}}}
        for each in sorted(refusals)
    }
