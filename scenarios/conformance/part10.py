"""A Part 10 file read strictly (PS3.10 7.1, PS3.5 7.1): what a tolerant reader would pass over is named.

The elements are pydicom's, which reads on where it can; whatever it had to forgive is noted here.
"""

import io
from collections.abc import Iterator
from typing import Any

from pydicom import dcmread
from pydicom.config import RAISE
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pydicom.valuerep import validate_value

PREFIX = slice(128, 132)
META_BEGIN = 144  # preamble, prefix, and the element (0002,0000) of twelve bytes
META_GROUP = b"\x02\x00"
LONG_VRS = (b"OB", b"UN")  # of those in group 0002, the ones with a length of four bytes
UNDEFINED_LENGTH = 0xFFFFFFFF
REQUIRED_META = (
    "FileMetaInformationVersion",
    "MediaStorageSOPClassUID",
    "MediaStorageSOPInstanceUID",
    "TransferSyntaxUID",
    "ImplementationClassUID",
)


def defects(data: bytes) -> Iterator[str]:
    """Yield a phrase for everything that makes these bytes no valid file; none if they are one."""
    if data[PREFIX] != b"DICM":
        yield "no DICM after a preamble of 128 bytes"
        return
    yield from _meta_length_defects(data)
    try:
        dataset = dcmread(io.BytesIO(data))
        yield from _meta_defects(dataset)
        yield from _element_defects(dataset)
    except Exception as error:  # noqa: BLE001 - pydicom raises many kinds for broken input
        yield f"it does not parse: {type(error).__name__}: {error}"


def _meta_length_defects(data: bytes) -> Iterator[str]:
    """Yield what is wrong with (0002,0000), which says where the dataset begins."""
    if data[132:140] != b"\x02\x00\x00\x00UL\x04\x00":
        yield "the File Meta Information does not begin with its group length"
        return
    begin = META_BEGIN + int.from_bytes(data[140:META_BEGIN], "little")
    if begin != _end_of_meta(data) or begin >= len(data):
        yield "the group length of the File Meta Information does not lead to the dataset"


def _end_of_meta(data: bytes) -> int:
    """Return where the elements of group 0002 end, which are always of explicit VRs, little endian."""
    at = META_BEGIN
    while data[at : at + 2] == META_GROUP:
        is_long = data[at + 4 : at + 6] in LONG_VRS
        value, length = (at + 12, data[at + 8 : at + 12]) if is_long else (at + 8, data[at + 6 : at + 8])
        at = value + int.from_bytes(length, "little")
    return at


def _meta_defects(dataset: Dataset) -> Iterator[str]:
    """Yield what the File Meta Information lacks or says otherwise than the dataset."""
    meta = dataset.file_meta
    for keyword in REQUIRED_META:
        if not meta.get(keyword):
            yield f"no {keyword} in the File Meta Information"
    for keyword in ("SOPClassUID", "SOPInstanceUID"):
        if meta.get(f"MediaStorage{keyword}") != dataset.get(keyword):
            yield f"MediaStorage{keyword} is not the {keyword} of the dataset"
    if not UID(meta.get("TransferSyntaxUID") or "").is_transfer_syntax:
        yield f"{meta.get('TransferSyntaxUID')} is no transfer syntax"


def _element_defects(dataset: Dataset) -> Iterator[str]:
    """Yield what is wrong with the elements of the dataset: their order, lengths and values."""
    tags = list(dataset.keys())
    if tags != sorted(tags):
        yield "the elements are not in ascending order of their tags"
    for tag in tags:
        element: Any = dataset.get_item(tag)  # as it was read, before its value is parsed
        if isinstance(element, RawDataElement) and element.length != UNDEFINED_LENGTH:
            length = len(element.value or b"")
            if length != element.length or length % 2:
                yield f"{tag} has {length} bytes where its length says {element.length}"
        parsed = dataset[tag]
        for value in parsed.value if parsed.VM > 1 else [parsed.value]:
            if isinstance(value, str):
                validate_value(parsed.VR, value, RAISE)
