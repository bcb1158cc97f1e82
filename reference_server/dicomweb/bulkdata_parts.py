"""The bulk data of a store request: parts with a Content-Location, and the elements that they become.

A part stays in the file into which it arrived; an element of it reads from there while the instance is
written, so the size of pixel data does not matter. Compressed pixel data are encapsulated as they are, in the
transfer syntax that the part names or that its own markers tell; GIF and PNG become native pixels (PS3.18
10.5.2, Table 8.7.3-5). Several parts with the location of one pixel data are its frames, in their order.
"""

import struct
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BufferedIOBase, BytesIO
from pathlib import Path
from urllib.parse import urljoin

from pydicom.encaps import encapsulate_buffer

from reference_server.dicomweb.codestream import Codestream, describe, without_boxes
from reference_server.dicomweb.dicom_json import BINARY_VRS
from reference_server.dicomweb.dicom_json_reader import encoded
from reference_server.dicomweb.explicit_writer import Element
from reference_server.dicomweb.media import MediaType
from reference_server.dicomweb.picture_pixels import native_pixels
from reference_server.dicomweb.pixel_description import complete_description
from reference_server.dicomweb.reasons import MalformedError
from reference_server.dicomweb.transfer import EXPLICIT_VR_LITTLE_ENDIAN, FRAME_TYPES, PIXEL_DATA, syntax_of

PICTURES = ("image/png", "image/gif")
ENCAPSULATED_DOCUMENT, MIME_TYPE, DOCUMENT_LENGTH = 0x00420011, 0x00420012, 0x00420015
HEADER_BYTES = 1 << 16  # in which a codestream has told what it is
MAX_VALUE_BYTES = 1 << 24  # of a value that has to be in memory: all but binary ones
MAX_PICTURE_BYTES = 1 << 26  # of a file that has to be opened: GIF, PNG, JP2
MAX_SHARED_BYTES = 1 << 16  # of a part that several attributes may reference
# Types whose streams carry no markers that are looked at; the first syntax of the type is meant.
_SYNTAX_OF_TYPE = {name: uid for uid, names in reversed(FRAME_TYPES.items()) for name in names}


class MissingPartError(MalformedError):
    """A BulkDataURI names no part of the request."""


class UnknownSyntaxError(MalformedError):
    """A part names a transfer syntax in which bulk data cannot be stored."""


@dataclass(frozen=True, slots=True)
class BulkPart:
    """A part of bulk data: its media type, where it lies on disk, and its size."""

    media_type: MediaType
    path: Path
    size_bytes: int


@dataclass(slots=True)
class BulkParts:
    """All bulk data of a request, by location; relative references are of the resource that was posted to."""

    base: str
    by_location: dict[str, list[BulkPart]] = field(default_factory=dict)
    referenced: set[str] = field(default_factory=set)

    def add(self, location: str, part: BulkPart) -> None:
        """Enter a part under its Content-Location."""
        self.by_location.setdefault(self._absolute(location), []).append(part)

    def find(self, uri: str) -> list[BulkPart]:
        """Return the parts of a BulkDataURI; raises MissingPartError."""
        location = self._absolute(uri)
        if location not in self.by_location:
            raise MissingPartError(f"there is no part with the Content-Location {uri[:80]}")
        found = self.by_location[location]
        if location in self.referenced and sum(part.size_bytes for part in found) > MAX_SHARED_BYTES:
            # A few bytes of metadata would make the archive write a large part again and again.
            raise MalformedError(f"several attributes share {uri[:80]}, which is too large for that")
        self.referenced.add(location)
        return found

    def _absolute(self, reference: str) -> str:
        """Return the URL of a reference; what is none names itself."""
        try:
            return urljoin(self.base, reference)
        except ValueError:
            return reference

    def unreferenced(self) -> Mapping[str, list[BulkPart]]:
        """Return the parts that no attribute of the request names, by location."""
        return {uri: parts for uri, parts in self.by_location.items() if uri not in self.referenced}


class InstanceBulk(ExitStack):
    """Gives the elements of one instance their bulk data, and remembers in which transfer syntax they are.

    The files that its elements read from are open until it is left.
    """

    def __init__(self, parts: BulkParts) -> None:
        super().__init__()
        self._parts = parts
        self._description: Codestream | None = None
        self._mime_type: str | None = None
        self._document_bytes = 0
        self.transfer_syntax = EXPLICIT_VR_LITTLE_ENDIAN

    def element(self, tag: int, vr: str, uri: str) -> Element:
        """Return the element of an attribute whose value is a part; raises MalformedError."""
        found = self._parts.find(uri)
        if tag == PIXEL_DATA:
            return self._pixel_data(found, vr)
        if len(found) > 1:
            raise MalformedError(f"several parts have the Content-Location {uri[:80]}")
        if tag == ENCAPSULATED_DOCUMENT:
            self._mime_type = found[0].media_type.essence
            self._document_bytes = found[0].size_bytes
        return self._value(vr, found[0])

    def complete(self, elements: dict[int, Element]) -> None:
        """Enter what the metadata may leave to the bulk data (PS3.18 10.5.2)."""
        if self._description is not None:
            complete_description(elements, self._description)
        if self._mime_type is not None:
            if MIME_TYPE not in elements or not elements[MIME_TYPE].value:
                elements[MIME_TYPE] = encoded("LO", self._mime_type.encode())
            if self._document_bytes % 2 and DOCUMENT_LENGTH not in elements:
                elements[DOCUMENT_LENGTH] = encoded("UL", struct.pack("<I", self._document_bytes))

    def _value(self, vr: str, part: BulkPart) -> Element:
        if vr in BINARY_VRS:
            return Element(vr, self._open(part))
        return encoded(vr, _content(part, MAX_VALUE_BYTES))

    def _open(self, part: BulkPart) -> BufferedIOBase:
        return self.enter_context(part.path.open("rb"))

    def _pixel_data(self, parts: list[BulkPart], vr: str) -> Element:
        first = parts[0].media_type
        if any(each.media_type != first for each in parts):
            raise MalformedError("the frames of one pixel data have different media types")
        if first.essence in PICTURES:
            pixels, self._description = native_pixels([_content(each, MAX_PICTURE_BYTES) for each in parts])
            return Element("OW", pixels)
        syntax, self._description = _coding(parts[0])
        if syntax == EXPLICIT_VR_LITTLE_ENDIAN:
            if len(parts) > 1:
                raise MalformedError("native pixel data come as one part")
            return self._value(vr, parts[0])
        self.transfer_syntax = syntax
        frames = [self._frame(each) for each in parts]
        return Element("OB", encapsulate_buffer(frames), encapsulated=True)

    def _frame(self, part: BulkPart) -> BufferedIOBase:
        """Return the stream of a compressed frame; a JP2 file is taken out of its boxes."""
        if part.media_type.essence in ("image/jp2", "image/jpx"):
            return BytesIO(without_boxes(_content(part, MAX_PICTURE_BYTES)))
        return self._open(part)


def _content(part: BulkPart, most: int) -> bytes:
    if part.size_bytes > most:
        raise MalformedError(f"a value of this kind may have {most} bytes")
    return part.path.read_bytes()


def _coding(part: BulkPart) -> tuple[str, Codestream | None]:
    """Return the transfer syntax of a part of pixel data, and what its stream tells of the pixels."""
    essence, named = part.media_type.essence, part.media_type.parameter("transfer-syntax")
    by_type = _SYNTAX_OF_TYPE.get(essence)
    described = None
    if essence in ("image/jpeg", "image/jls", "image/jp2"):
        with part.path.open("rb") as file:
            described = describe(without_boxes(file.read(HEADER_BYTES)))
    if named is None:
        told = described.transfer_syntax if described else by_type
        return told or EXPLICIT_VR_LITTLE_ENDIAN, described
    syntax = syntax_of(named)
    if syntax is None or not (syntax.encapsulated or named == EXPLICIT_VR_LITTLE_ENDIAN):
        raise UnknownSyntaxError(f"bulk data do not come in the transfer syntax {named[:64]}")
    return named, described
