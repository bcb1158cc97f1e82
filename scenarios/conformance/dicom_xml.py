"""The Native DICOM Model of PS3.19 A.1, read leniently: what breaks a rule is noted, its value still given.

The reader turns a document into the same attributes that DICOM JSON would have, so that a check can hold
one form against the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from pydicom.datadict import keyword_for_tag

from scenarios.conformance.deviation import Deviation
from scenarios.conformance.dicom_json import TAG, JsonDataset
from scenarios.conformance.json_rules import ALL_VRS, NUMBER_OR_STRING_VRS, NUMBER_VRS

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
CREATORS = range(0x10, 0x100)  # the elements of a private group that reserve its blocks (PS3.5 7.8.1)
PN_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
PN_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


@dataclass(frozen=True, slots=True)
class XmlDocument:
    """One dataset in XML, and what broke a rule; without a dataset the body is no Native DICOM Model."""

    dataset: JsonDataset | None
    deviations: tuple[Deviation, ...]
    has_namespace: bool = False


def read(body: bytes) -> XmlDocument:
    """Return the dataset of a Native DICOM Model with every deviation from PS3.19 A.1."""
    try:
        root = ET.fromstring(body)  # noqa: S314 - expat refuses external entities, and the target is under test
    except ET.ParseError as error:
        return XmlDocument(None, (Deviation("XML-001", "", f"not well-formed: {error}"),))
    deviations: list[Deviation] = []
    if _name(root) != "NativeDicomModel":
        return XmlDocument(None, (Deviation("XML-001", "", f"the root is {_name(root)}"),))
    if root.get(XML_SPACE) != "preserve":
        deviations.append(Deviation("XML-001", "", 'the root lacks xml:space="preserve"'))
    attributes = _attributes(root, "", deviations)
    return XmlDocument(JsonDataset(attributes), tuple(deviations), root.tag.startswith("{" + NAMESPACE))


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(element: ET.Element, name: str) -> Iterator[ET.Element]:
    return (child for child in element if _name(child) == name)


def _attributes(parent: ET.Element, path: str, deviations: list[Deviation]) -> dict[str, Any]:
    attributes = {}
    for element in _children(parent, "DicomAttribute"):
        tag = element.get("tag", "")
        here = f"{path}/{tag}"
        _judge_names(element, tag, here, deviations)
        attributes[tag] = _attribute(element, here, deviations)
    return attributes


def _judge_names(element: ET.Element, tag: str, where: str, deviations: list[Deviation]) -> None:
    if not TAG.fullmatch(tag):
        deviations.append(Deviation("XML-002", where, f"tag is {tag!r}"))
        return
    if element.get("vr") not in ALL_VRS:
        deviations.append(Deviation("XML-002", where, f"vr is {element.get('vr')!r}"))
    keyword = keyword_for_tag(int(tag, 16))
    if keyword and element.get("keyword") != keyword:
        deviations.append(
            Deviation("XML-002", where, f"keyword is {element.get('keyword')!r}, not {keyword!r}")
        )
    _judge_group(tag, element.get("privateCreator"), where, deviations)


def _judge_group(tag: str, creator: str | None, where: str, deviations: list[Deviation]) -> None:
    """Judge what a tag says of its group; with its block left out, a private tag may end in 0000 as well."""
    is_private = int(tag[3], 16) % 2 == 1
    if tag.endswith("0000") and not (is_private and creator is not None):
        deviations.append(Deviation("XML-007", where, "a group length element"))
    if creator is not None and not is_private:
        deviations.append(Deviation("XML-003", where, "a public element has a privateCreator"))
    if is_private and creator is None and int(tag[4:], 16) not in (0, *CREATORS):
        deviations.append(Deviation("XML-003", where, "a private element has no privateCreator"))
    if is_private and creator is not None and tag[4:6] != "00":
        deviations.append(Deviation("XML-003", where, "the tag keeps the block of its private creator"))


def _attribute(element: ET.Element, where: str, deviations: list[Deviation]) -> dict[str, Any]:
    vr = element.get("vr", "")
    for child in _children(element, "BulkData"):
        return {"vr": vr, "BulkDataURI": child.get("uri") or child.get("URI") or child.get("uuid")}
    for child in _children(element, "InlineBinary"):
        return {"vr": vr, "InlineBinary": "".join((child.text or "").split())}
    kind = {"SQ": "Item", "PN": "PersonName"}.get(vr, "Value")
    children = list(_children(element, kind))
    numbers = [child.get("number") for child in children]
    if numbers != [str(number) for number in range(1, len(children) + 1)]:
        deviations.append(Deviation("XML-004", where, f"{kind} elements are numbered {numbers[:5]}"))
    if vr == "SQ":
        items = [_attributes(child, f"{where}[{n}]", deviations) for n, child in enumerate(children)]
        return {"vr": vr, "Value": items} if items else {"vr": vr}
    if vr == "PN":
        values: list[Any] = [_name_value(child, where, deviations) for child in children]
    else:
        values = [_value(vr, child.text) for child in children]
    return {"vr": vr, "Value": values} if values else {"vr": vr}


def _name_value(element: ET.Element, where: str, deviations: list[Deviation]) -> dict[str, str]:
    groups = {}
    for group in element:
        if _name(group) not in PN_GROUPS:
            deviations.append(Deviation("XML-005", where, f"PersonName holds {_name(group)}"))
            continue
        found = {_name(component): component.text or "" for component in group}
        if not set(found) <= set(PN_COMPONENTS):
            deviations.append(Deviation("XML-005", where, f"{_name(group)} holds {sorted(found)}"))
        groups[_name(group)] = "^".join(found.get(name, "") for name in PN_COMPONENTS).rstrip("^")
    return groups


def _value(vr: str, text: str | None) -> str | float | int | None:
    """Return the value as DICOM JSON has it; numbers that cannot be read stay text."""
    if not text:
        return None
    if vr in NUMBER_VRS | NUMBER_OR_STRING_VRS:
        try:
            return float(text) if vr in {"FL", "FD", "DS"} else int(text)
        except ValueError:
            return text
    return text
