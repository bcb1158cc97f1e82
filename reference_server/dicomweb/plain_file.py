"""The DICOM JSON of a well-formed file in one walk over its bytes, without pydicom.

Reading a header three times (its skeleton, its elements, its JSON) was most of what storing a small instance
cost. This walk does all three, for what nearly every file is: Explicit VR Little Endian, also with
encapsulated pixels, elements in order, lengths that fit, and no more elements or depth than an image has.
Whatever is different raises `NotPlainError`, and the file is read by way of pydicom, which decides what
becomes of it. So nothing is accepted or refused here; a test holds both ways against each other. A single
value that is not plain is converted by pydicom as an element of its dataset, so that character sets and
private dictionaries count.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydicom import Dataset
from pydicom.charset import convert_encodings, default_encoding
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, VR

from reference_server.dicomweb.dicom_json import (
    BINARY_VRS,
    BULK,
    BULK_THRESHOLD_BYTES,
    MAX_INLINE_BYTES,
    PIXEL_VRS,
    SPECIFIC_CHARACTER_SET,
    Json,
    element_json,
)
from reference_server.dicomweb.frames import Stretch
from reference_server.dicomweb.plain_values import NotPlainError, plain_values
from reference_server.dicomweb.transfer import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, PIXEL_DATA, syntax_of

MOST_NODES = 20_000  # elements and items; an image has some hundred
MOST_DEPTH = 16
META_END = 0x00030000
UNDEFINED = 0xFFFFFFFF
ITEM = b"\xfe\xff\x00\xe0"
ITEM_END = b"\xfe\xff\x0d\xe0\0\0\0\0"
SEQUENCE_END = b"\xfe\xff\xdd\xe0\0\0\0\0"
SHORT_HEAD, LONG_HEAD = 8, 12
BEGIN = 132  # behind the preamble and DICM
NOT_BY_VR = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.2", DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN})
UTF_8: Json = {"vr": "CS", "Value": ["ISO_IR 192"]}
IDENTITY = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_HEAD = struct.Struct("<HH2s")
_SHORT = struct.Struct("<H")
_LONG = struct.Struct("<I")
_LONG_VRS = frozenset(str(vr) for vr in EXPLICIT_VR_LENGTH_32)
_VRS = {str(vr).encode(): str(vr) for vr in VR if len(vr) == len("VR")}


@dataclass(frozen=True, slots=True)
class PlainFile:
    """What the walk found: the transfer syntax, the DICOM JSON, and the pixel data."""

    transfer_syntax_uid: str
    model: Json
    pixels: Stretch | None

    def value(self, keyword: str) -> Any:
        """Return the one value of an attribute, or None; several, or bytes, raise NotPlainError."""
        found = self.model.get(_name(keyword), {})
        values = found.get("Value") or [None]
        if len(values) > 1 or "BulkDataURI" in found:
            raise NotPlainError
        return values[0]


@lru_cache(maxsize=16_384)
def _decoded(head: bytes) -> tuple[int, str, str, bool]:
    """Return tag, name of the tag, VR and whether its length has four bytes; the six bytes before say all."""
    group, element, vr = _HEAD.unpack(head)
    name = _VRS.get(vr)
    if name is None:
        raise NotPlainError
    return group << 16 | element, f"{group:04X}{element:04X}", name, name in _LONG_VRS


@lru_cache(maxsize=256)
def _name(keyword: str) -> str:
    return f"{tag_for_keyword(keyword):08X}"


@lru_cache(maxsize=4096)
def _syntax(uid: str) -> None:
    if uid in NOT_BY_VR or syntax_of(uid) is None:
        raise NotPlainError


class _Walk:
    """One walk; the position is where the next element begins."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = BEGIN
        self.nodes = 0
        self.depth = 0
        self.pixels: Stretch | None = None

    def head(self) -> tuple[int, str, str, int]:
        """Return tag, name, VR and length of the next element; the position is at its value."""
        at = self.at
        tag, name, vr, is_long = _decoded(self.content[at : at + 6])
        if is_long:
            (length,) = _LONG.unpack_from(self.content, at + SHORT_HEAD)
            self.at = at + LONG_HEAD
        else:
            (length,) = _SHORT.unpack_from(self.content, at + 6)
            self.at = at + SHORT_HEAD
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise NotPlainError
        return tag, name, vr, length

    def transfer_syntax(self) -> str:
        """Return the transfer syntax of the file meta information, and go behind it."""
        if self.content[BEGIN - 4 : BEGIN] != b"DICM":
            raise NotPlainError
        found = ""
        while True:
            begin = self.at
            tag, name, _, length = self.head()
            if tag >= META_END:
                self.at = begin
                return found
            end = self._end(length, len(self.content))
            if name == "00020010":
                found = self.content[self.at : end].rstrip(b"\0 ").decode("ascii")
            self.at = end

    def _end(self, length: int, level_end: int) -> int:
        end = self.at + length
        if end > level_end:
            raise NotPlainError
        return end

    def dataset(self, end: int | None, uri: str, outer: "_Level | None" = None) -> Json:
        """Return the DICOM JSON of the dataset that begins here; without an end it has a delimiter."""
        level = _Level(outer)
        model: Json = {}
        last = 0
        limit = len(self.content) if end is None else end
        while self.at < limit:
            if end is None and self._delimited(ITEM_END):
                return self._with_pydicom(model, level)
            tag, name, vr, length = self.head()
            if tag <= last or tag < META_END:
                raise NotPlainError
            last = tag
            value = self._value(level, (tag, name, vr, length), limit, uri)
            if tag & 0xFFFF:  # group lengths say nothing
                model[name] = value
        if end is None or self.at != end:
            raise NotPlainError
        return self._with_pydicom(model, level)

    def _with_pydicom(self, model: Json, level: "_Level") -> Json:
        for tag, name, uri in level.later:
            model[name] = element_json(level.dataset, tag, level.raw[tag], uri)
        return model

    def _value(self, level: "_Level", head: tuple[int, str, str, int], limit: int, uri: str) -> Json:
        tag, name, vr, length = head
        if vr == "SQ":
            return self._sequence(level, length, limit, f"{uri}/{name}")
        if tag in PIXEL_VRS:
            return self._pixels(tag, vr, length, limit, f"{uri}/{name}")
        end = self._end(length, limit)
        begin, self.at = self.at, end
        is_bulk = length > BULK_THRESHOLD_BYTES and (vr in BINARY_VRS or length > MAX_INLINE_BYTES)
        content = b"" if is_bulk else self.content[begin:end]
        raw_tag = BaseTag(tag)
        level.raw[raw_tag] = RawDataElement(raw_tag, vr, length, content, begin, False, True)
        if is_bulk:
            return {"vr": vr, "BulkDataURI": f"{uri}/{name}"}
        if tag == SPECIFIC_CHARACTER_SET:
            return UTF_8
        values = plain_values(vr, content)
        if values is None:
            level.later.append((raw_tag, name, f"{uri}/{name}"))
            return {}
        return {"vr": vr, "Value": values} if values else {"vr": vr}

    def _delimited(self, delimiter: bytes) -> bool:
        """Tell whether this delimiter stands here, and go behind it."""
        if self.content[self.at : self.at + SHORT_HEAD] != delimiter:
            return False
        self.at += SHORT_HEAD
        return True

    def _items(self, length: int, limit: int) -> Iterator[int]:
        """Yield the length of each item that begins here, up to the end of the sequence."""
        end = None if length == UNDEFINED else self._end(length, limit)
        while end is None or self.at < end:
            if end is None and self._delimited(SEQUENCE_END):
                return
            if self.content[self.at : self.at + len(ITEM)] != ITEM:
                raise NotPlainError
            (item_length,) = _LONG.unpack_from(self.content, self.at + len(ITEM))
            self.at += SHORT_HEAD
            self.nodes += 1
            yield item_length
        if self.at != end:
            raise NotPlainError

    def _sequence(self, level: "_Level", length: int, limit: int, uri: str) -> Json:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise NotPlainError
        items: list[Json] = []
        for item_length in self._items(length, limit):
            end = None if item_length == UNDEFINED else self._end(item_length, limit)
            items.append(self.dataset(end, f"{uri}/{len(items)}", level))
        self.depth -= 1
        return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}

    def _pixels(self, tag: int, vr: str, length: int, limit: int, uri: str) -> Json:
        """Return the JSON of pixel data, which are walked over."""
        begin = self.at
        if length == UNDEFINED:
            for item_length in self._items(length, limit):
                self.at = self._end(item_length, limit)
        else:
            self.at = self._end(length, limit)
        if self.depth == 0 and tag == PIXEL_DATA:
            self.pixels = Stretch(begin, length)
        return {"vr": vr if vr in ("OB", "OW", "OF", "OD") else PIXEL_VRS[tag], "BulkDataURI": uri}


class _Level:
    """The elements of one dataset as they were read, and those that pydicom has to convert."""

    __slots__ = ("_outer", "later", "raw")

    def __init__(self, outer: "_Level | None") -> None:
        self._outer = outer
        self.raw: dict[BaseTag, RawDataElement] = {}
        self.later: list[tuple[BaseTag, str, str]] = []

    @property
    def encodings(self) -> Any:
        """The character sets of this dataset, or of the one around it."""
        raw = self.raw.get(BaseTag(SPECIFIC_CHARACTER_SET))
        if raw is not None:
            return convert_encodings(str((raw.value or b"").decode("ascii")).rstrip(" \0").split("\\"))
        return self._outer.encodings if self._outer else default_encoding

    @property
    def dataset(self) -> Dataset:
        """The dataset of these elements."""
        dataset = Dataset(dict(self.raw))
        dataset.set_original_encoding(False, True, self.encodings)
        return dataset


def read_plain(content: bytes) -> PlainFile:
    """Return what a well-formed file says; anything else raises NotPlainError."""
    walk = _Walk(content)
    try:
        syntax = walk.transfer_syntax()
        _syntax(syntax)
        model = walk.dataset(len(content), BULK)
    except (struct.error, UnicodeDecodeError, LookupError) as error:
        raise NotPlainError from error
    return PlainFile(syntax, model, walk.pixels)
