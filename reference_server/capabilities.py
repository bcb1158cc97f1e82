"""The archive describes itself: WADL in XML and in JSON (PS3.18 8.9, Annexes G and H), and OpenAPI.

All three are rendered from the table of resources, so that what is described is what is served. They say
nothing of what is stored, and need no permission.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree as ET

import orjson
from starlette.requests import Request
from starlette.responses import Response

from reference_server.dicomweb.accept import ANYTHING, refusals, wishes
from reference_server.dicomweb.archive import acceptable, archive_of
from reference_server.dicomweb.media import JSON
from reference_server.dicomweb.validators import Validator
from reference_server.errors import NotAcceptable
from reference_server.resource import Action, Resource

WADL = "application/vnd.sun.wadl+xml"
OPENAPI = "application/vnd.oai.openapi+json"
DESCRIPTIONS = (WADL, JSON, OPENAPI)
BASE = ("", "/")  # the base URL itself, with and without a slash: where the description is had
_NAMESPACE = "http://wadl.dev.java.net/2009/02"
_CONVERTER = re.compile(r"\{(\w+):\w+\}")
_TEMPLATE = re.compile(r"\{(\w+)\}")
Tree = dict[str, Any]


async def retrieve_capabilities(request: Request) -> Response:
    """Answer what the service can do."""
    archive = archive_of(request)
    resources: tuple[Resource, ...] = request.app.state.resources
    ranges = acceptable(request)
    refused = refusals(ranges)
    for each in wishes(ranges):
        covered = [WADL] if each.essence in (ANYTHING, "application/*") else [each.essence]
        chosen = next((t for t in covered if t in DESCRIPTIONS and (t, False) not in refused), None)
        if chosen is not None:
            content = described(resources, archive.base_url(request), chosen)
            tag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
            validator = Validator(tag, None)
            if request.method != "OPTIONS" and validator.holds(request):
                return validator.unchanged()
            return Response(content, headers={"content-type": chosen, **validator.headers})
    raise NotAcceptable(f"the description is available as {', '.join(DESCRIPTIONS)}")


def described(resources: Iterable[Resource], base_url: str, media_type: str) -> bytes:
    """Return the description of resources below a base URL in one of the media types."""
    if media_type == OPENAPI:
        return orjson.dumps(openapi(resources, base_url))
    tree = wadl(resources, base_url)
    if media_type == JSON:
        return orjson.dumps({"application": tree})
    root = ET.Element("application", {"xmlns": _NAMESPACE})
    _grow(root, tree)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _grow(element: ET.Element, tree: Tree) -> None:
    """Put a tree below an element: keys with an at sign are attributes, lists are children."""
    for name, value in tree.items():
        if name.startswith("@"):
            element.set(name[1:], value)
        else:
            for child in value:
                _grow(ET.SubElement(element, name), child)


def wadl(resources: Iterable[Resource], base_url: str) -> Tree:
    """Return the content of the `application` element, as Annex G writes XML in JSON."""
    top: list[Tree] = []
    nodes: dict[str, Tree] = {}
    for resource in resources:
        if resource.path in BASE:
            continue
        below, path = top, ""
        for segment in _plain(resource.path).strip("/").split("/"):
            path = f"{path}/{segment}"
            if path not in nodes:
                nodes[path] = {"@path": segment, **_template(segment)}
                below.append(nodes[path])
            below = nodes[path].setdefault("resource", [])
        methods = [_method(name, action, path) for name, action in resource.actions.items()]
        nodes[path].setdefault("method", []).extend(methods)
    for node in nodes.values():
        if not node["resource"]:
            del node["resource"]
    return {"resources": [{"@base": base_url, "resource": top}]}


def _plain(path: str) -> str:
    """Return a path whose templates are bare names."""
    return _CONVERTER.sub(r"{\1}", path)


def _template(segment: str) -> Tree:
    match = _TEMPLATE.fullmatch(segment)
    return {"param": [_parameter(match[1], "template")]} if match else {}


def _parameter(name: str, style: str) -> Tree:
    return {"@name": name, "@style": style, "@required": "true" if style == "template" else "false"}


def _method(name: str, action: Action, path: str) -> Tree:
    request: Tree = {}
    if action.parameters:
        request["param"] = [_parameter(each, "query") for each in action.parameters]
    if action.takes:
        request["representation"] = [{"@mediaType": each} for each in action.takes]
    tree: Tree = {"@name": name, "@id": re.sub(r"\W+", "-", f"{name.lower()}{path}").strip("-")}
    if request:
        tree["request"] = [request]
    if action.gives:
        tree["response"] = [
            {"@status": "200", "representation": [{"@mediaType": each} for each in action.gives]}
        ]
    return tree


def openapi(resources: Iterable[Resource], base_url: str) -> Tree:
    """Return the description in OpenAPI 3.1."""
    paths = {_plain(each.path): _path_item(each) for each in resources if each.path}
    info = {"title": "DICOMweb Studies Service", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "servers": [{"url": base_url}], "paths": paths}


def _path_item(resource: Resource) -> Tree:
    names = _TEMPLATE.findall(_plain(resource.path))
    text = {"type": "string"}
    item: Tree = {"parameters": [{"name": n, "in": "path", "required": True, "schema": text} for n in names]}
    for method, action in resource.actions.items():
        operation: Tree = {
            "summary": action.summary,
            "description": f"PS3.18 {resource.clause}" if resource.clause else "",
            "parameters": [{"name": each, "in": "query", "schema": text} for each in action.parameters],
            "responses": {"200": {"description": "success", "content": {each: {} for each in action.gives}}},
        }
        if action.takes:
            operation["requestBody"] = {"content": {each: {} for each in action.takes}}
        item[method.lower()] = operation
    return item
