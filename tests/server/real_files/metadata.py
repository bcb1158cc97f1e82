"""Metadata of an archive against pydicom's DICOM JSON of the file, attribute by attribute.

Three differences are no complaints: group lengths say nothing and may be left out; text travels as UTF-8, so
that Specific Character Set says ISO_IR 192; and a value may stand behind a BulkDataURI, which is then fetched
and compared as bytes.
"""

import base64
import struct
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import BaseTag

Json = dict[str, Any]
Fetch = Callable[[str], bytes]

GROUP_LENGTH = 0x0000
SPECIFIC_CHARACTER_SET = 0x00080005
PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})  # whose frames are compared elsewhere
WORD_BYTES = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
CODES = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}
# What pydicom raises on values that it cannot read either; the last but one for VRs that it does not know.
UNJUDGED = (ValueError, TypeError, AttributeError, KeyError, OverflowError, NotImplementedError, UnicodeError)


def differences(dataset: Dataset, model: Json, fetch: Fetch, where: str = "") -> Iterator[str]:
    """Yield every attribute in which the metadata say something else than pydicom."""
    tags = {f"{tag:08X}": tag for tag in dataset.keys() if tag.element != GROUP_LENGTH}  # noqa: SIM118  a dataset's iterator converts
    for name in sorted(set(tags) ^ set(model)):
        yield f"{where}{name} is in the {'file' if name in tags else 'metadata'} alone"
    for name in sorted(set(tags) & set(model)):
        if tags[name] == SPECIFIC_CHARACTER_SET:
            continue
        yield from attribute_differences(dataset, name, model[name], fetch, where)


def attribute_differences(
    dataset: Dataset, name: str, found: Json, fetch: Fetch, where: str
) -> Iterator[str]:
    """Yield what differs in one attribute."""
    tag = int(name, 16)
    raw = dict(dataset.items())[BaseTag(tag)]  # as it was read, before anything is converted
    if "BulkDataURI" in found:
        if tag not in PIXELS:
            yield from bulk_differences(dataset, raw, found, fetch, f"{where}{name}")
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            element = dataset[tag]
            if element.VR == "SQ":
                yield from item_differences(element, found, fetch, f"{where}{name}")
                return
            expected = element.to_json_dict(None, 1 << 62)
    except UNJUDGED as error:
        yield f"{where}{name}: pydicom has no JSON for it ({error}), the metadata say {found!r:.80}"
        return
    if not dataset.original_encoding[1] and element.VR in WORD_BYTES and expected.get("InlineBinary"):
        swapped = turned(base64.b64decode(expected["InlineBinary"]), WORD_BYTES[element.VR])
        expected["InlineBinary"] = base64.b64encode(swapped).decode()
    if canonical(expected) != canonical(found):
        yield f"{where}{name}: pydicom says {expected!r:.120}, the metadata {found!r:.120}"


def item_differences(element: DataElement, found: Json, fetch: Fetch, name: str) -> Iterator[str]:
    """Yield what differs in the items of a sequence."""
    items = found.get("Value", [])
    if found["vr"] != "SQ" or len(items) != len(element.value):
        yield f"{name}: {len(element.value)} items in the file, {len(items)} in the metadata"
        return
    for number, (item, other) in enumerate(zip(element.value, items, strict=True)):
        yield from differences(item, other, fetch, f"{name}/{number}/")


def bulk_differences(
    dataset: Dataset, raw: DataElement | RawDataElement, found: Json, fetch: Fetch, name: str
) -> Iterator[str]:
    """Yield what differs between a value of the file and the bytes behind its BulkDataURI."""
    value = raw.value
    if not isinstance(value, bytes):
        packed = packed_numbers(str(raw.VR), value)
        if packed is None:
            yield f"{name}: a {raw.VR} that pydicom gives as {type(value).__name__} is bulk data"
            return
        value = packed
    elif not dataset.original_encoding[1] and found["vr"] in WORD_BYTES:
        value = turned(value, WORD_BYTES[found["vr"]])
    content = fetch(found["BulkDataURI"])
    if content != value:
        yield f"{name}: {len(value)} bytes in the file, {len(content)} other ones at its BulkDataURI"


def packed_numbers(vr: str, value: Any) -> bytes | None:
    """Return numbers as little endian bytes, or None where the VR has no binary numbers."""
    if vr not in CODES:
        return None
    numbers = value if hasattr(value, "__len__") else [value]
    return struct.pack(f"<{len(numbers)}{CODES[vr]}", *numbers)


def turned(content: bytes, word_bytes: int) -> bytes:
    """Return words with the order of their bytes reversed."""
    return np.frombuffer(content, f">u{word_bytes}").astype(f"<u{word_bytes}").tobytes()


def canonical(attribute: Json) -> Json:
    """Return an attribute without the choices that PS3.18 F.2 leaves open.

    An empty value may be an empty array, an array of null or no array; an empty string is null; numbers are
    compared as numbers.
    """
    values = [canonical_value(value) for value in attribute.get("Value", [])]
    result = {"vr": attribute["vr"]}
    if any(value is not None for value in values):
        result["Value"] = values
    if attribute.get("InlineBinary"):
        result["InlineBinary"] = attribute["InlineBinary"]
    return result


def canonical_value(value: Any) -> Any:
    """Return one value; a person name is its component groups that are not empty."""
    if isinstance(value, dict):
        return {group: text for group, text in value.items() if text} or None
    return None if value == "" else value
