"""A DICOM JSON object (PS3.18 Annex F) becomes the elements of a dataset with explicit VRs, little endian.

Values are encoded as their VR says (PS3.5 6.2); nothing is normalised on the way. JSON text is UTF-8, so a
dataset with text beyond ASCII says ISO_IR 192. What stands behind a BulkDataURI is given by a callable.
Groups that belong to a file or a message (0000, 0002), and group lengths, are left out.
"""

import base64
import binascii
import re
import struct
from collections.abc import Callable
from typing import Any

import orjson
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, STANDARD_VR, format_number_as_ds

from reference_server.dicomweb.dicom_json import BINARY_VRS, SPECIFIC_CHARACTER_SET, Json
from reference_server.dicomweb.explicit_writer import MAX_SHORT_VALUE_BYTES, Element
from reference_server.dicomweb.reasons import MalformedError
from reference_server.dicomweb.structure import MAX_SEQUENCE_DEPTH

MAX_DS_LENGTH = 16
NOT_OF_THE_DATASET = range(0x0004)  # groups of commands and of the file meta information
NUMBER_CODES = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}
TEXT_VRS = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
)
NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
TAG = re.compile(r"[0-9A-Fa-f]{8}\Z")

BulkElement = Callable[[int, str, str], Element]


def elements_of(model: Json, bulk: BulkElement, depth: int = 0) -> dict[int, Element]:
    """Return the elements of a DICOM JSON object by tag; raises MalformedError.

    `bulk` is called with the tag, the VR and the BulkDataURI of an attribute and returns its element.
    """
    if not isinstance(model, dict):
        raise MalformedError("a dataset is not a JSON object")
    if depth > MAX_SEQUENCE_DEPTH:
        raise MalformedError(f"sequences nest more than {MAX_SEQUENCE_DEPTH} deep")
    elements: dict[int, Element] = {}
    for name, attribute in model.items():
        if not TAG.match(name):
            raise MalformedError(f"{name[:40]!r} is not a tag of eight hexadecimal digits")
        tag = int(name, 16)
        if tag >> 16 not in NOT_OF_THE_DATASET and tag & 0xFFFF:
            elements[tag] = _element(name, attribute, bulk, depth)
    if (depth == 0 or SPECIFIC_CHARACTER_SET in elements) and not _is_ascii(model):
        elements[SPECIFIC_CHARACTER_SET] = encoded("CS", b"ISO_IR 192")
    return elements


def _is_ascii(model: Json) -> bool:
    try:
        return orjson.dumps(model).isascii()
    except orjson.JSONEncodeError as error:
        raise MalformedError(f"the metadata nest too deep: {error}") from None


def _element(name: str, attribute: Any, bulk: BulkElement, depth: int) -> Element:
    vr = attribute.get("vr") if isinstance(attribute, dict) else None
    if not isinstance(vr, str) or vr not in STANDARD_VR:
        raise MalformedError(f"the attribute {name} has no known vr")
    if len(attribute.keys() & {"Value", "InlineBinary", "BulkDataURI"}) > 1:
        raise MalformedError(f"the attribute {name} has several values")
    if "BulkDataURI" in attribute:
        if vr == "SQ" or not isinstance(attribute["BulkDataURI"], str):
            raise MalformedError(f"the attribute {name} has no BulkDataURI that could be followed")
        return bulk(int(name, 16), vr, attribute["BulkDataURI"])
    values = attribute.get("Value", [])
    if not isinstance(values, list):
        raise MalformedError(f"the values of {name} are not an array")
    if vr == "SQ":
        return Element(vr, [elements_of(item or {}, bulk, depth + 1) for item in values])
    try:
        return encoded(vr, _inline(attribute) if vr in BINARY_VRS else _content(vr, values))
    except (ValueError, TypeError, struct.error, OverflowError) as error:
        raise MalformedError(f"a value of {name} is none of {vr}: {error}") from None


def encoded(vr: str, content: bytes) -> Element:
    """Return the element of an encoded value, padded to even length; MalformedError where it is too long."""
    if len(content) % 2:
        content += b" " if vr in TEXT_VRS and vr != "UI" else b"\0"
    if vr not in EXPLICIT_VR_LENGTH_32 and len(content) > MAX_SHORT_VALUE_BYTES:
        raise MalformedError(f"a value of {len(content)} bytes is too long for {vr}")
    return Element(vr, content)


def _inline(attribute: Json) -> bytes:
    text = attribute.get("InlineBinary", "")
    if isinstance(text, list) and len(text) == 1:  # as some clients write it
        text = text[0]
    if attribute.get("Value") or not isinstance(text, str):
        raise ValueError("binary values come as InlineBinary or BulkDataURI")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _content(vr: str, values: list[Any]) -> bytes:
    """Return the encoded values of a VR that has no inline binary."""
    if vr == "AT":
        return b"".join(struct.pack("<HH", *divmod(int(str(value), 16), 1 << 16)) for value in values)
    if vr in NUMBER_CODES:
        return struct.pack(f"<{len(values)}{NUMBER_CODES[vr]}", *(_number(vr, value) for value in values))
    text = {"PN": _person_name, "DS": _decimal, "IS": _integer}.get(vr, _text)
    return "\\".join("" if value is None else text(value) for value in values).encode()


def _number(vr: str, value: Any) -> int | float:
    """Return a number, which may also come as text (PS3.18 F.2.3)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"{value!r} is not a number")
    if vr in ("FL", "FD"):
        return float(value)
    number = int(value)
    if not isinstance(value, str) and number != value:
        raise ValueError(f"{value!r} is not an integer")
    return number


def _person_name(value: Any) -> str:
    if isinstance(value, str):  # as some clients write it
        return value
    if not isinstance(value, dict):
        raise TypeError("a person name is an object of component groups")
    return "=".join(_text(value.get(group) or "") for group in NAME_GROUPS).rstrip("=")


def _decimal(value: Any) -> str:
    text = _text(value)
    if isinstance(value, float) and len(text) > MAX_DS_LENGTH:
        return format_number_as_ds(value)
    return text


def _integer(value: Any) -> str:
    return value if isinstance(value, str) else str(_number("IS", value))


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"{str(value)[:40]!r} is not text")
    return str(value)
