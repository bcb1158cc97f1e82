"""Writes elements as a DICOM file with explicit VRs, little endian (PS3.5 7.1.2, 7.5, A.2; PS3.10 7.1).

Values are encoded already, or are streams that are copied, so nothing is decoded, normalised or held in
memory on the way. Sequences and their items end with delimiters.
"""

import shutil
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from typing import BinaryIO, Union

from pydicom.uid import PYDICOM_IMPLEMENTATION_UID
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

PREAMBLE = b"\0" * 128 + b"DICM"
UNDEFINED_LENGTH = 0xFFFFFFFF
MAX_SHORT_VALUE_BYTES = 0xFFFE  # where the length has 16 bits; values have even lengths
MAX_LONG_VALUE_BYTES = 0xFFFFFFFE
ITEM, ITEM_END, SEQUENCE_END = (struct.pack("<HH", 0xFFFE, element) for element in (0xE000, 0xE00D, 0xE0DD))
NO_LENGTH = b"\0\0\0\0"
COPY_BYTES = 1 << 20

Elements = Mapping[int, "Element"]
Value = Union[bytes, BufferedIOBase, Sequence[Elements]]  # noqa: UP007  the name is not yet bound at run time


@dataclass(frozen=True, slots=True)
class Element:
    """An element: its VR, and its encoded value of even length, a stream of it, or the items of a sequence.

    A stream of encapsulated pixel data has undefined length.
    """

    vr: str
    value: Value
    encapsulated: bool = False


def write_dicom_file(file: BinaryIO, elements: Elements, class_uid: str, uid: str, syntax: str) -> None:
    """Write preamble, file meta information and dataset; raises ValueError where a value is too long."""
    meta = {
        0x00020001: Element("OB", b"\0\1"),
        0x00020002: Element("UI", uid_bytes(class_uid)),
        0x00020003: Element("UI", uid_bytes(uid)),
        0x00020010: Element("UI", uid_bytes(syntax)),
        0x00020012: Element("UI", uid_bytes(PYDICOM_IMPLEMENTATION_UID)),
    }
    file.write(PREAMBLE)
    begin = file.tell()
    length_bytes = write_element(file, 0x00020000, Element("UL", NO_LENGTH))
    for tag, element in meta.items():
        write_element(file, tag, element)
    end = file.tell()
    file.seek(begin + length_bytes - len(NO_LENGTH))
    file.write(struct.pack("<I", end - begin - length_bytes))
    file.seek(end)
    write_elements(file, elements)


def uid_bytes(uid: str) -> bytes:
    """Return an encoded UID, padded to even length."""
    return uid.encode() + b"\0" * (len(uid) % 2)


def write_elements(file: BinaryIO, elements: Elements) -> None:
    """Write a dataset, its elements in the order of their tags."""
    for tag in sorted(elements):
        write_element(file, tag, elements[tag])


def write_element(file: BinaryIO, tag: int, element: Element) -> int:
    """Write an element and return how many bytes it took, without what a stream or a sequence holds."""
    value = element.value
    undefined = element.encapsulated or not isinstance(value, bytes | BufferedIOBase)
    head = _head(tag, element.vr, UNDEFINED_LENGTH if undefined else _length(value))
    file.write(head)
    if isinstance(value, bytes):
        file.write(value)
        return len(head) + len(value)
    if isinstance(value, BufferedIOBase):
        shutil.copyfileobj(value, file, COPY_BYTES)
    else:
        for item in value:
            file.write(ITEM + struct.pack("<I", UNDEFINED_LENGTH))
            write_elements(file, item)
            file.write(ITEM_END + NO_LENGTH)
    if undefined:
        file.write(SEQUENCE_END + NO_LENGTH)
    return len(head)


def _length(value: Value) -> int:
    if not isinstance(value, BufferedIOBase):
        return len(value)
    at = value.tell()
    length = value.seek(0, 2) - at
    value.seek(at)
    return length


def _head(tag: int, vr: str, length: int) -> bytes:
    """Return what stands before a value."""
    group_and_element = struct.pack("<HH", *divmod(tag, 1 << 16)) + vr.encode()
    if vr in EXPLICIT_VR_LENGTH_32:
        if length > MAX_LONG_VALUE_BYTES and length != UNDEFINED_LENGTH:
            raise ValueError(f"a value of {length} bytes is too long")
        return group_and_element + struct.pack("<HI", 0, length)
    if length > MAX_SHORT_VALUE_BYTES:
        raise ValueError(f"a value of {length} bytes is too long for {vr}")
    return group_and_element + struct.pack("<H", length)
