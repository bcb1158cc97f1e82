"""What the bytes of a compressed image say about themselves: how they are coded, and what pixels they hold.

A part of type image/jpeg may hold any process of JPEG; which transfer syntax carries it stands in the markers
of the stream itself. Markers: ISO 10918-1 Annex B (JPEG), ISO 14495-1 Annex C (JPEG-LS), ISO 15444-1 Annex A
(JPEG 2000) and Annex I (the boxes of a JP2 file, which DICOM leaves out: PS3.5 8.2.4).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from reference_server.dicomweb.reasons import MalformedError

JPEG_BASELINE, JPEG_EXTENDED = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS, JPEG_LOSSLESS_SV1 = "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"
JLS_LOSSLESS, JLS_NEAR_LOSSLESS = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"
J2K_LOSSLESS, J2K = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"

JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
JPEG_START, J2K_START = b"\xff\xd8", b"\xff\x4f\xff\x51"
SOF0, SOF1, SOF3, SOF55, SOS, APP14, COD = 0xC0, 0xC1, 0xC3, 0xF7, 0xDA, 0xEE, 0x52
REVERSIBLE_TRANSFORM = 1
BITS_PER_BYTE, MAX_BITS = 8, 16
COLOUR_SAMPLES = 3
MAX_SIDE = 0xFFFF  # Rows and Columns are US
WHOLE_LENGTH, REST_OF_FILE = 1, 0
BOX_HEAD, LONG_BOX_HEAD = 8, 16


@dataclass(frozen=True, slots=True)
class Codestream:
    """A compressed image: its transfer syntax and the Image Pixel Description of its samples (C.7.6.3.3)."""

    transfer_syntax: str
    rows: int
    columns: int
    samples: int
    bits_stored: int
    signed: bool
    photometric_interpretation: str


def describe(content: bytes) -> Codestream:
    """Return what the first bytes of a codestream say; raises MalformedError where they are none."""
    readers = {JPEG_START: _jpeg, J2K_START: _jpeg_2000}
    reader = next((read for start, read in readers.items() if content.startswith(start)), None)
    if reader is None:
        raise MalformedError("a compressed image is neither JPEG, JPEG-LS nor JPEG 2000")
    try:
        image = reader(content)
    except (struct.error, IndexError, KeyError):
        raise MalformedError("the headers of a compressed image are cut or malformed") from None
    if not (0 < image.rows <= MAX_SIDE and 0 < image.columns <= MAX_SIDE):
        raise MalformedError("a compressed image has no size that Rows and Columns could say")
    return image


def without_boxes(content: bytes) -> bytes:
    """Return the codestream of a JPEG 2000 image, which may come as a JP2 file."""
    if not content.startswith(JP2_SIGNATURE):
        return content
    at = 0
    while at + BOX_HEAD <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        head = BOX_HEAD
        if size == WHOLE_LENGTH:
            size, head = struct.unpack_from(">Q", content, at + BOX_HEAD)[0], LONG_BOX_HEAD
        end = len(content) if size == REST_OF_FILE else at + size
        if kind == b"jp2c":
            return content[at + head : end]
        if end <= at:
            break
        at = end
    raise MalformedError("a JP2 file holds no codestream")


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the marker segments of a JPEG or JPEG-LS image up to its first scan."""
    at = len(JPEG_START)
    while True:
        while content[at] != 0xFF or content[at + 1] in (0xFF, 0x00):  # noqa: PLR2004  fill bytes: B.1.1.2
            at += 1
        marker = content[at + 1]
        length = struct.unpack_from(">H", content, at + 2)[0]
        yield marker, content[at + 4 : at + 2 + length]
        if marker == SOS:
            return
        at += 2 + length


def _jpeg(content: bytes) -> Codestream:
    segments: dict[int, bytes] = {}
    for marker, segment in _segments(content):
        segments.setdefault(marker, segment)
    frame = next((marker for marker in (SOF0, SOF1, SOF3, SOF55) if marker in segments), None)
    if frame is None:
        raise MalformedError("a JPEG image has a process that no transfer syntax carries")
    bits, rows, columns, samples = struct.unpack_from(">BHHB", segments[frame])
    scan = segments[SOS]
    parameter = scan[1 + 2 * scan[0]]  # the predictor of JPEG, NEAR of JPEG-LS
    syntax = {
        SOF0: JPEG_BASELINE,
        SOF1: JPEG_EXTENDED,
        SOF3: JPEG_LOSSLESS_SV1 if parameter == 1 else JPEG_LOSSLESS,
        SOF55: JLS_NEAR_LOSSLESS if parameter else JLS_LOSSLESS,
    }[frame]
    colour = _jpeg_colour(segments, segments[frame], samples, lossy=frame in (SOF0, SOF1))
    return Codestream(syntax, rows, columns, samples, bits, signed=False, photometric_interpretation=colour)


def _jpeg_colour(segments: dict[int, bytes], frame: bytes, samples: int, *, lossy: bool) -> str:
    """Return the Photometric Interpretation of a JPEG image (PS3.5 8.2.1)."""
    if samples != COLOUR_SAMPLES:
        return "MONOCHROME2"
    adobe = segments.get(APP14, b"")
    components = frame[6::3]
    if not lossy or components == b"RGB" or (adobe.startswith(b"Adobe") and adobe[11:12] == b"\0"):
        return "RGB"
    return "YBR_FULL" if frame[7] == frame[10] else "YBR_FULL_422"


def _jpeg_2000(content: bytes) -> Codestream:
    right, bottom, left, top = struct.unpack_from(">4I", content, 8)
    samples = struct.unpack_from(">H", content, 40)[0]
    precision = content[42]
    at = 2
    while content[at + 1] != COD:
        at += 2 + struct.unpack_from(">H", content, at + 2)[0]
    component_transform, reversible = content[at + 8], content[at + 13] == REVERSIBLE_TRANSFORM
    colour = "MONOCHROME2"
    if samples == COLOUR_SAMPLES:
        colour = "RGB" if not component_transform else "YBR_RCT" if reversible else "YBR_ICT"
    return Codestream(
        transfer_syntax=J2K_LOSSLESS if reversible else J2K,
        rows=bottom - top,
        columns=right - left,
        samples=samples,
        bits_stored=(precision & 0x7F) + 1,
        signed=bool(precision & 0x80),
        photometric_interpretation=colour,
    )
