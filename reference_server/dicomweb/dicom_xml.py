"""The Native DICOM Model of an instance (PS3.19 A.1), written from its DICOM JSON object (PS3.18 Annex F).

Both forms carry the same attributes, so XML is rendered from the JSON that was encoded when the instance was
stored. Private attributes differ in their tags: XML names their creator, and says 00 where the tag holds the
block that the creator reserved. Characters that XML 1.0 cannot hold become U+FFFD.
"""

import re
from collections.abc import Iterator
from html import escape
from typing import Any

from pydicom.datadict import keyword_for_tag

from reference_server.dicomweb.dicom_json import Json

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
HEAD = f'<?xml version="1.0" encoding="UTF-8"?>\n<NativeDicomModel xmlns="{NAMESPACE}" xml:space="preserve">'
TAIL = "</NativeDicomModel>"
NAME_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
FIRST_BLOCK, LAST_BLOCK = 0x10, 0xFF
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def json_to_xml(instance: Json) -> bytes:
    """Return the XML document of an instance, given as its DICOM JSON object."""
    return "".join((HEAD, *_attributes(instance), TAIL)).encode()


def _text(text: str) -> str:
    """Return the text as character data; parsers turn a bare carriage return into a line feed."""
    return escape(_NOT_XML.sub("\ufffd", text)).replace("\r", "&#13;")


def _attributes(dataset: Json) -> Iterator[str]:
    for name, attribute in dataset.items():
        yield f"<DicomAttribute {_names(dataset, name)} vr={_quoted(attribute['vr'])}>"
        if "BulkDataURI" in attribute:
            yield f"<BulkData uri={_quoted(attribute['BulkDataURI'])}/>"
        elif "InlineBinary" in attribute:
            yield f"<InlineBinary>{attribute['InlineBinary']}</InlineBinary>"
        else:
            yield from _values(attribute["vr"], attribute.get("Value", []))
        yield "</DicomAttribute>"


def _quoted(text: str) -> str:
    return f'"{_text(text)}"'


def _names(dataset: Json, name: str) -> str:
    """Return the tag with its keyword, or with the creator of a private attribute where that is known."""
    tag = int(name, 16)
    creator = _creator(dataset, tag)
    if creator is not None:
        return f'tag="{name[:4]}00{name[6:]}" privateCreator={_quoted(creator)}'
    keyword = keyword_for_tag(tag)
    return f'tag="{name}" keyword="{keyword}"' if keyword else f'tag="{name}"'


def _creator(dataset: Json, tag: int) -> str | None:
    """Return the creator that reserved the block of a private attribute (PS3.5 7.8.1), or None."""
    group, block = tag >> 16, tag >> 8 & 0xFF
    if group % 2 == 0 or not FIRST_BLOCK <= block <= LAST_BLOCK:
        return None
    values = dataset.get(f"{group:04X}00{block:02X}", {}).get("Value", [])
    return values[0] if values and isinstance(values[0], str) else None


def _values(vr: str, values: list[Any]) -> Iterator[str]:
    element = {"SQ": "Item", "PN": "PersonName"}.get(vr, "Value")
    for number, value in enumerate(values, 1):
        if vr == "SQ":
            content = "".join(_attributes(value))
        elif vr == "PN":
            content = "".join(_name(value or {}))
        else:
            content = "" if value is None else _text(str(value))
        yield f'<{element} number="{number}">{content}</{element}>'


def _name(groups: dict[str, str]) -> Iterator[str]:
    for group in NAME_GROUPS:
        if group in groups:
            parts = groups[group].split("^", len(NAME_COMPONENTS) - 1)
            named = zip(NAME_COMPONENTS, parts, strict=False)
            components = "".join(f"<{name}>{_text(part)}</{name}>" for name, part in named if part)
            yield f"<{group}>{components}</{group}>"
