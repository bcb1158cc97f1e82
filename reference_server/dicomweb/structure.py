"""The skeleton of a DICOM file is walked before anything of it is parsed, so that a hostile one costs little.

Tags and lengths alone are read, with a stack instead of recursion, in the way in which pydicom will read them
(also where it is more tolerant than PS3.5 7). What would cost too much afterwards is refused: more elements
and items, deeper sequences or larger sequences than any image has, lengths beyond the size of the whole file,
and large values where parsers hold them in memory. A file that was cut is taken as it is; such files exist.
"""

import struct
from dataclasses import dataclass
from io import SEEK_CUR
from typing import BinaryIO

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from reference_server.dicomweb.reasons import MalformedError

MAX_SEQUENCE_DEPTH = 64
MAX_NODES = 500_000  # elements and items
MAX_SEQUENCE_BYTES = 1 << 28
MAX_META_VALUE_BYTES = 1 << 20
PREAMBLE_BYTES = 128
MAGIC = b"DICM"
HEAD_BYTES = 8
UNDEFINED = 0xFFFFFFFF
COMMAND_GROUP, META_GROUP = 0x0000, 0x0002
META_SOP_CLASS_UID, META_SOP_INSTANCE_UID, TRANSFER_SYNTAX_UID = 0x00020002, 0x00020003, 0x00020010
SPECIFIC_CHARACTER_SET = 0x00080005
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
CAPITALS = range(ord("A"), ord("Z") + 1)
_LONG_VRS = frozenset(str(vr).encode() for vr in EXPLICIT_VR_LENGTH_32)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the elements of a dataset are written."""

    implicit: bool
    little_endian: bool


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before a value: tag, VR (None where it is implicit), length, and where the value begins."""

    tag: int
    vr: bytes | None
    length: int
    value_at: int


@dataclass(slots=True)
class Level:
    """An open sequence or a dataset: where it ends, if that is known, and how its elements are written."""

    is_sequence: bool
    end: int | None
    encoding: Encoding


@dataclass(frozen=True, slots=True)
class FileMeta:
    """What the file meta information says of the instance; what it does not say is empty."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str


def read_file_meta(file: BinaryIO) -> FileMeta:
    """Return the file meta information; the file is left where its dataset begins. Raises MalformedError."""
    file.seek(PREAMBLE_BYTES)
    if file.read(len(MAGIC)) != MAGIC:
        raise MalformedError("the file is not a DICOM file")
    explicit = Encoding(implicit=False, little_endian=True)
    found = dict.fromkeys((META_SOP_CLASS_UID, META_SOP_INSTANCE_UID, TRANSFER_SYNTAX_UID), "")
    while (head := _head(file, explicit)) is not None and head.tag >> 16 == META_GROUP:
        if head.length > MAX_META_VALUE_BYTES:
            raise MalformedError("a value of the file meta information is too long")
        value = file.read(head.length)
        if head.tag in found:
            found[head.tag] = value.rstrip(b"\0 ").decode("ascii", "replace")
    if head is not None:
        if head.tag >> 16 == COMMAND_GROUP:
            raise MalformedError("a file holds no command elements")
        file.seek(head.value_at - (HEAD_BYTES + 4 if head.vr in _LONG_VRS else HEAD_BYTES))
    return FileMeta(*found.values())


def _head(file: BinaryIO, encoding: Encoding) -> Head | None:
    """Return the next element's head, or None at the end of the file."""
    head = file.read(HEAD_BYTES)
    if len(head) < HEAD_BYTES:
        return None
    order = "<" if encoding.little_endian else ">"
    group, element, length = struct.unpack(f"{order}HHI", head)
    tag = group << 16 | element
    vr = head[4:6]
    if encoding.implicit or tag in (ITEM, ITEM_END, SEQUENCE_END) or not _is_vr(vr):
        return Head(tag, None, length, file.tell())
    if vr not in _LONG_VRS:
        return Head(tag, vr, struct.unpack(f"{order}H", head[6:])[0], file.tell())
    length_bytes = file.read(4)
    if len(length_bytes) < len("0000"):
        return None
    return Head(tag, vr, struct.unpack(f"{order}I", length_bytes)[0], file.tell())


def _is_vr(vr: bytes) -> bool:
    return vr[0] in CAPITALS and vr[1] in CAPITALS


class Walk:
    """One walk through a dataset that begins where the file stands; `run` raises MalformedError."""

    def __init__(self, file: BinaryIO, size: int, encoding: Encoding) -> None:
        self._file = file
        self._size = size
        self._nodes = 0
        self._levels = [Level(is_sequence=False, end=None, encoding=self._encoding_here(encoding))]
        self._outermost_begin = 0

    def run(self) -> None:
        """Walk to the end."""
        while self._levels:
            level = self._levels[-1]
            if level.end is not None and self._file.tell() >= level.end:
                self._levels.pop()
                continue
            head = _head(self._file, level.encoding)
            if head is None:
                return
            self._nodes += 1
            if self._nodes > MAX_NODES:
                raise MalformedError(f"an instance may have {MAX_NODES} elements and items")
            if level.is_sequence:
                self._item(level, head)
            elif head.tag == ITEM_END:
                self._levels.pop()
            else:
                self._element(level, head)

    def _encoding_here(self, outer: Encoding) -> Encoding:
        """Return the encoding of the dataset that begins here; one may be implicit where it should not."""
        if outer.implicit:
            return outer
        begin = self._ahead(len("ggeeVR"))
        implicit = len(begin) == len("ggeeVR") and not _is_vr(begin[4:])
        return Encoding(implicit, outer.little_endian)

    def _ahead(self, size: int) -> bytes:
        begin = self._file.read(size)
        self._file.seek(-len(begin), SEEK_CUR)
        return begin

    def _item(self, level: Level, head: Head) -> None:
        if head.tag == SEQUENCE_END:
            self._levels.pop()
            return
        if head.tag != ITEM:
            raise MalformedError("a sequence holds something else than items")
        if self._file.tell() - self._outermost_begin > MAX_SEQUENCE_BYTES:
            raise MalformedError(f"a sequence may have {MAX_SEQUENCE_BYTES} bytes")
        end = None if head.length == UNDEFINED else self._end(head)
        self._levels.append(Level(is_sequence=False, end=end, encoding=self._encoding_here(level.encoding)))

    def _element(self, level: Level, head: Head) -> None:
        if self._is_sequence(head):
            self._open_sequence(level, head)
        elif head.length == UNDEFINED:
            self._skip_fragments(level.encoding)
        else:
            if head.tag == SPECIFIC_CHARACTER_SET and head.length > MAX_META_VALUE_BYTES:
                raise MalformedError("Specific Character Set is too long")
            self._file.seek(self._end(head))

    def _end(self, head: Head) -> int:
        """Return where a value of known length ends."""
        if head.length > self._size:
            raise MalformedError(f"the length of ({head.tag:08X}) exceeds that of the file")
        return head.value_at + head.length

    def _is_sequence(self, head: Head) -> bool:
        if head.vr == b"SQ":
            return True
        if head.vr == b"UN":
            return head.length == UNDEFINED  # PS3.5 6.2.2
        if head.vr is not None:
            return False
        if dictionary_has_tag(head.tag):
            return dictionary_VR(head.tag) == "SQ"
        return head.length == UNDEFINED and self._ahead(4) in (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")

    def _open_sequence(self, level: Level, head: Head) -> None:
        if len(self._levels) == 1:
            self._outermost_begin = head.value_at
        if len(self._levels) > 2 * MAX_SEQUENCE_DEPTH:
            raise MalformedError(f"sequences nest more than {MAX_SEQUENCE_DEPTH} deep")
        end = None if head.length == UNDEFINED else self._end(head)
        if end is not None and head.length > MAX_SEQUENCE_BYTES:
            raise MalformedError(f"a sequence may have {MAX_SEQUENCE_BYTES} bytes")
        self._levels.append(Level(is_sequence=True, end=end, encoding=level.encoding))

    def _skip_fragments(self, encoding: Encoding) -> None:
        """Skip encapsulated pixel data; each fragment is an item (PS3.5 A.4)."""
        items = Encoding(implicit=True, little_endian=encoding.little_endian)
        while (head := _head(self._file, items)) is not None and head.tag != SEQUENCE_END:
            self._nodes += 1
            if self._nodes > MAX_NODES:
                raise MalformedError(f"an instance may have {MAX_NODES} elements and items")
            if head.tag != ITEM:
                raise MalformedError("a value of undefined length does not consist of items")
            self._file.seek(self._end(head))
