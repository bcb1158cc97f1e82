"""The values of an element straight from its bytes, for the value representations that fill most headers.

Converting through pydicom's elements costs some 10 us each, and a header has hundreds. What is not plain here
(text beyond ASCII, values that do not fit their VR, anything rare) is left to pydicom; a test holds both
against each other.
"""

import math
import struct
from collections.abc import Callable
from typing import Any

# What an integer of the JSON encoder holds; an IS beyond it becomes a string, which PS3.18 F.2.3 allows.
INTEGERS_64_BIT = range(-(2**63), 2**64)
PADDING = " \0"
ESCAPE = b"\x1b"  # begins another character set (ISO 2022), and is itself ASCII


class NotPlainError(Exception):
    """The bytes need pydicom."""


def _ascii(content: bytes) -> str:
    if not content.isascii() or ESCAPE in content:
        raise NotPlainError
    return content.decode("ascii")


def _strings(content: bytes) -> list[Any]:
    return _ascii(content).rstrip(PADDING).split("\\")


def _texts(content: bytes) -> list[Any]:
    return [text.rstrip(PADDING) for text in _ascii(content).split("\\")]


def _one_text(content: bytes) -> list[Any]:
    return [_ascii(content).rstrip(PADDING)]


def _integers(content: bytes) -> list[Any]:
    numbers = [int(text) if text else None for text in _strings(content)]
    return [each if each is None or each in INTEGERS_64_BIT else str(each) for each in numbers]


def _decimals(content: bytes) -> list[Any]:
    numbers = [float(text) if text.strip() else None for text in _strings(content)]
    if not all(number is None or math.isfinite(number) for number in numbers):
        raise NotPlainError
    return numbers


def _names(content: bytes) -> list[Any]:
    names = _texts(content)
    if any("=" in name for name in names):
        raise NotPlainError
    return [{"Alphabetic": name} if name else None for name in names]


def _binary(code: str) -> Callable[[bytes], list[Any]]:
    size = struct.calcsize(f"<{code}")

    def numbers(content: bytes) -> list[Any]:
        if len(content) % size:
            raise NotPlainError
        found = list(struct.unpack(f"<{len(content) // size}{code}", content))
        if code in "fd" and not all(map(math.isfinite, found)):
            raise NotPlainError
        return found

    return numbers


READERS: dict[str, Callable[[bytes], list[Any]]] = {
    **dict.fromkeys(("CS", "DA", "TM", "DT", "AS", "UI"), _strings),
    **dict.fromkeys(("LO", "SH"), _texts),
    **dict.fromkeys(("LT", "ST", "UT"), _one_text),
    "PN": _names,
    "IS": _integers,
    "DS": _decimals,
    "US": _binary("H"),
    "SS": _binary("h"),
    "UL": _binary("I"),
    "SL": _binary("i"),
    "FL": _binary("f"),
    "FD": _binary("d"),
}


def plain_values(vr: str | None, content: bytes | None) -> list[Any] | None:
    """Return the DICOM JSON values of a little endian element, none as an empty list; None if not plain."""
    reader = READERS.get(vr or "")
    if reader is None or content is None:
        return None
    if not content:
        return []
    try:
        values = reader(content)
    except (NotPlainError, ValueError):
        return None
    values = [None if value == "" else value for value in values]
    return [] if values == [None] else values
