"""Frames of pixel data: stored codec streams, or native little endian values (PS3.18 8.6.1.2, 10.4.1.1.6).

Decoding is pydicom's; this module cuts. Frames of 1-bit pixels that do not begin on a byte are repacked, so
that each frame begins with its first pixel in the lowest bit of its first byte (PS3.5 8.1.1).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.dataelem import RawDataElement
from pydicom.encaps import generate_frames
from pydicom.tag import Tag
from pydicom.uid import UID

from reference_server.dicomweb.decoding import codecs_at_work
from reference_server.dicomweb.transcoding import decoded_frame, encode_frame
from reference_server.dicomweb.transfer import EXPLICIT_VR_LITTLE_ENDIAN
from reference_server.errors import BadRequest, NotFound
from reference_server.storage.records import FrameLayout

PIXEL_DATA = 0x7FE00010
BITS_PER_BYTE = 8
PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where the value of an element lies: its offset in the file, and its length, perhaps undefined."""

    offset: int
    length: int


def parse_frame_list(text: str) -> tuple[int, ...]:
    """Return the frame numbers of a frame list such as `1,3,2`; anything else raises BadRequest."""
    if not re.fullmatch(r"0*[1-9][0-9]{0,9}(,0*[1-9][0-9]{0,9})*", text):
        raise BadRequest(f"{text[:80]!r} is not a list of frame numbers, which begin with 1")
    return tuple(int(number) for number in text.split(","))


def frame_layout(dataset: Dataset, size_bytes: int) -> FrameLayout | None:
    """Return where frames lie in the file, or None where they cannot be cut from it as they are.

    They can where pixel data are native, little endian, not deflated, made of whole bytes, and all there, and
    where the attributes that describe them can be read.
    """
    try:
        return _layout(dataset, size_bytes)
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None


def _layout(dataset: Dataset, size_bytes: int) -> FrameLayout | None:
    syntax = dataset.file_meta.TransferSyntaxUID
    if (
        syntax.is_encapsulated
        or syntax.is_deflated
        or not syntax.is_little_endian
        or PIXEL_DATA not in dataset
    ):
        return None
    # As it was read: get_item() would fetch a value that was left on disk.
    element: Any = dict(dataset.items())[Tag(PIXEL_DATA)]
    if not isinstance(element, RawDataElement):
        return None
    return _cut_out(dataset.get, Stretch(element.value_tell, element.length), size_bytes)


def native_layout(value: Callable[[str], Any], pixels: Stretch, size_bytes: int) -> FrameLayout | None:
    """Return where frames lie in native, little endian pixel data, by the values of keywords, or None."""
    try:
        return _cut_out(value, pixels, size_bytes)
    except (ValueError, TypeError, OverflowError):
        return None


def _cut_out(value: Callable[[str], Any], pixels: Stretch, size_bytes: int) -> FrameLayout | None:
    allocated = value("BitsAllocated")
    rows, columns = value("Rows"), value("Columns")
    if not (rows and columns and allocated and allocated % 8 == 0):
        return None
    if value("PhotometricInterpretation") == "YBR_FULL_422":
        return None
    frame_bytes = rows * columns * int(value("SamplesPerPixel") or 1) * allocated // 8
    count = int(value("NumberOfFrames") or 1)
    whole = pixels.length >= count * frame_bytes and pixels.offset + pixels.length <= size_bytes
    return FrameLayout(pixels.offset, frame_bytes, count) if whole else None


def frames_of(content: bytes, numbers: Sequence[int], transfer_syntax: str) -> list[bytes]:
    """Return those frames of a DICOM file, in the order asked, as stored or as little endian values.

    Raises NotFound where there are no such frames, or where the attributes that describe them cannot be read.
    """
    try:
        return _cut(dcmread(BytesIO(content), force=True), numbers, transfer_syntax)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise NotFound("the pixel data of this instance cannot be cut into frames") from error


def _cut(dataset: Dataset, numbers: Sequence[int], transfer_syntax: str) -> list[bytes]:
    keyword = next((each for each in PIXEL_KEYWORDS if each in dataset), None)
    if keyword is None:
        raise NotFound("this instance has no pixel data")
    count = int(dataset.get("NumberOfFrames") or 1)
    if max(numbers) > count:
        raise NotFound(f"this instance has {count} frames")
    stored = dataset.file_meta.TransferSyntaxUID
    if transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN and not stored.is_encapsulated:
        return [native_frame(dataset, keyword, count, number) for number in numbers]
    if transfer_syntax == stored:
        return _stored_frames(dataset, count, numbers)
    return [other_frame(dataset, number, transfer_syntax) for number in numbers]


def _stored_frames(dataset: Dataset, count: int, numbers: Sequence[int]) -> list[bytes]:
    wanted = set(numbers)
    offsets: Any = None
    if "ExtendedOffsetTable" in dataset:
        offsets = (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)
    streams = generate_frames(dataset.PixelData, number_of_frames=count, extended_offsets=offsets)
    to_the_last = enumerate(islice(streams, max(numbers)), 1)
    found = {number: stream for number, stream in to_the_last if number in wanted}
    if len(found) < len(wanted):
        raise NotFound(f"the pixel data hold {len(found)} of the frames that were asked for")
    return [found[number] for number in numbers]


def other_frame(dataset: Dataset, number: int, transfer_syntax: str) -> bytes:
    """Return a frame decoded, or encoded anew; raises NotAcceptable where no codec here does that."""
    name = UID(transfer_syntax).name
    with codecs_at_work(f"this frame is not to be had as {name}; ask with transfer-syntax=*"):
        if transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN:
            return decoded_frame(dataset, number)
        return encode_frame(dataset, number, transfer_syntax)


def native_frame(dataset: Dataset, keyword: str, count: int, number: int) -> bytes:
    """Return one frame of native pixel data, little endian; NotFound where the data are too short for it."""
    pixels = int(dataset.Rows) * int(dataset.Columns) * int(dataset.get("SamplesPerPixel", 1))
    allocated = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}.get(keyword) or int(dataset.BitsAllocated)
    content: bytes = dataset[keyword].value
    big_endian = not dataset.original_encoding[1]
    if big_endian and allocated == BITS_PER_BYTE and dataset[keyword].VR == "OW":
        # Bytes of pixels travel in words, whose bytes are swapped (PS3.5 8.1.1, A.2).
        content = np.frombuffer(content, ">u2").astype("<u2").tobytes()
    if allocated == 1:
        bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
        frame_bits = bits[(number - 1) * pixels : number * pixels]
        return np.packbits(frame_bits, bitorder="little").tobytes()
    size = pixels * allocated // BITS_PER_BYTE
    if dataset.get("PhotometricInterpretation") == "YBR_FULL_422":
        size = size * 2 // 3
    frame = content[(number - 1) * size : number * size]
    if len(frame) < size:
        raise NotFound(f"the pixel data are too short for frame {number} of {count}")
    if big_endian and allocated > BITS_PER_BYTE:
        return np.frombuffer(frame, f">u{allocated // 8}").astype(f"<u{allocated // 8}").tobytes()
    return frame
