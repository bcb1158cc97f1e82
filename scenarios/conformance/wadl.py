"""A capabilities description (PS3.18 Annexes G and H): the WADL of a service, in XML or in its JSON form.

Both forms are read into one tree; what cannot be read as WADL is a violation.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from scenarios.conformance.findings import Violation

WADL = "application/vnd.sun.wadl+xml"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource that a description declares: the segments of its path below the base, and its methods."""

    path: tuple[str, ...]
    methods: frozenset[str]


@dataclass(frozen=True, slots=True)
class Description:
    """A description: the base URLs of its resources elements, and what is declared below them."""

    bases: tuple[str, ...]
    declared: tuple[Declared, ...]

    def declares(self, method: str, *path: str) -> bool:
        """Tell whether a method is declared for a path; any template stands for a `{}` of the path."""
        return any(method in each.methods and _fits(each.path, path) for each in self.declared)


def read_xml(body: bytes) -> Description:
    """Read the XML form."""
    try:
        root = ET.fromstring(body)  # noqa: S314 - expat refuses external entities, and the target is under test
    except ET.ParseError as error:
        raise Violation("a WADL document", f"not well-formed: {error}") from error
    if _name(root.tag) != "application":
        raise Violation("one application element at the top", _name(root.tag))
    return _description(_as_json(root))


def read_json(body: bytes) -> Description:
    """Read the JSON form."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise Violation("a WADL document in JSON", f"not JSON: {error}") from error
    application = document.get("application") if isinstance(document, dict) else None
    if not isinstance(application, dict):
        raise Violation("one application object at the top", body[:60])
    return _description(application)


def _as_json(element: ET.Element) -> dict[str, Any]:
    """Return an element as Annex G writes it; every child stands in an array."""
    found: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    for child in element:
        found.setdefault(_name(child.tag), []).append(_as_json(child))
    return found


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]


def _objects(parent: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the children of a name; one that is unique may stand without an array."""
    found = parent.get(name, [])
    listed = found if isinstance(found, list) else [found]
    if not all(isinstance(each, dict) for each in listed):
        raise Violation(f"{name} as objects", str(found)[:60])
    return listed


def _description(application: dict[str, Any]) -> Description:
    resources = _objects(application, "resources")
    names = {f"#{each.get('@id')}": str(each.get("@name", "")) for each in _objects(application, "method")}
    top = [child for each in resources for child in _objects(each, "resource")]
    declared = [found for child in top for found in _walk(child, names)]
    return Description(tuple(str(each.get("@base", "")) for each in resources), tuple(declared))


def _walk(
    resource: dict[str, Any], names: Mapping[str, str], above: tuple[str, ...] = ()
) -> Iterator[Declared]:
    """Yield a resource and those below it; `names` are the methods that stand elsewhere, by reference."""
    path = above + tuple(part for part in str(resource.get("@path", "")).split("/") if part)
    methods = [
        each.get("@name") or names.get(str(each.get("@href")), "") for each in _objects(resource, "method")
    ]
    yield Declared(path, frozenset(map(str, methods)))
    for child in _objects(resource, "resource"):
        yield from _walk(child, names, path)


def _fits(declared: tuple[str, ...], path: tuple[str, ...]) -> bool:
    return len(declared) == len(path) and all(
        theirs == ours or (ours == "{}" and is_template(theirs))
        for theirs, ours in zip(declared, path, strict=True)
    )


def is_template(segment: str) -> bool:
    """Tell whether a segment of a path stands for any value."""
    return segment.startswith("{") and segment.endswith("}")
