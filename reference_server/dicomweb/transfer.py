"""Transfer syntaxes: which may travel, in which media type, and how one becomes Explicit VR Little Endian.

The pairs of image media type and transfer syntax are those of PS3.18 Table 8.7.3-5. Decoding is pydicom's.
"""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from pydicom import DataElement, Dataset, dcmread, dcmwrite
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from reference_server.dicomweb.decoding import check_sizes, codecs_at_work
from reference_server.errors import NotAcceptable

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"
JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.80"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
RLE_LOSSLESS = "1.2.840.10008.1.2.5"

# No web service sends these, whatever is asked for (PS3.18 8.7.3); what is stored so is converted.
NOT_ON_THE_WIRE = (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN)
# What pixels are encoded in where a caller asks for it.
LOSSLESS_ENCODINGS = (JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS, RLE_LOSSLESS)
# Pixels in these may have lost something already, so that they may be sent as they are (PS3.18 8.7.3.4).
VIDEO = frozenset(f"1.2.840.10008.1.2.4.{last}" for last in range(100, 109))
LOSSY = VIDEO | {f"1.2.840.10008.1.2.4.{last}" for last in (50, 51, 81, 91, 93, 203)}

PIXEL_DATA = 0x7FE00010
WORD_BYTES = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}

_JPEG = ("image/jpeg", "image/dicom+jpeg")
_JLS = ("image/jls", "image/x-jls")
_JP2 = ("image/jp2", "image/dicom+jp2")
_JPX = ("image/jpx", "image/dicom+jpx")
_JPHC = ("image/jphc", "image/jhc")
_RLE = ("image/dicom-rle", "image/x-dicom-rle")

# transfer syntax UID -> media types of its frames: the standard's name first, then names of older editions
FRAME_TYPES: dict[str, tuple[str, ...]] = {
    "1.2.840.10008.1.2.4.50": _JPEG,
    "1.2.840.10008.1.2.4.51": _JPEG,
    "1.2.840.10008.1.2.4.57": _JPEG,
    "1.2.840.10008.1.2.4.70": _JPEG,
    "1.2.840.10008.1.2.4.80": _JLS,
    "1.2.840.10008.1.2.4.81": _JLS,
    "1.2.840.10008.1.2.4.90": _JP2,
    "1.2.840.10008.1.2.4.91": _JP2,
    "1.2.840.10008.1.2.4.92": _JPX,
    "1.2.840.10008.1.2.4.93": _JPX,
    "1.2.840.10008.1.2.4.100": ("video/mpeg2",),
    "1.2.840.10008.1.2.4.101": ("video/mpeg2",),
    "1.2.840.10008.1.2.4.102": ("video/mp4",),
    "1.2.840.10008.1.2.4.103": ("video/mp4",),
    "1.2.840.10008.1.2.4.201": _JPHC,
    "1.2.840.10008.1.2.4.202": _JPHC,
    "1.2.840.10008.1.2.4.203": _JPHC,
    "1.2.840.10008.1.2.5": _RLE,
}


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """A transfer syntax and whether its pixel data are encapsulated (PS3.5 A.4)."""

    uid: str
    encapsulated: bool


NATIVE = TransferSyntax(EXPLICIT_VR_LITTLE_ENDIAN, encapsulated=False)


def syntax_of(uid: str) -> TransferSyntax | None:
    """Return the transfer syntax of that UID, or None where it is not one that is known."""
    known = UID(uid)
    if not known.is_valid or not known.is_transfer_syntax:
        return None
    return TransferSyntax(uid, known.is_encapsulated)


def decodable(syntax: TransferSyntax) -> bool:
    """Tell whether the pixels of that syntax are native, or a codec here reads them."""
    try:
        return not syntax.encapsulated or get_decoder(syntax.uid).is_available
    except NotImplementedError:  # which is how pydicom says that it knows no decoder of that syntax
        return False


def media_types_of(syntax: TransferSyntax) -> tuple[str, ...]:
    """Return the media types in which frames of that syntax travel as stored, the standard's name first."""
    return FRAME_TYPES.get(syntax.uid, ("application/octet-stream",))


def read_whole(content: bytes) -> Dataset:
    """Return the dataset of a DICOM file that the archive accepted; NotAcceptable where it was cut."""
    dataset = dcmread(BytesIO(content), force=True)
    if not dataset:
        raise NotAcceptable("this instance ends within its pixel data; ask with transfer-syntax=*")
    return dataset


def little_endian(content: bytes, word_bytes: int) -> bytes:
    """Return big endian words in little endian; bytes that are no whole words raise ValueError."""
    return np.frombuffer(content, f">u{word_bytes}").astype(f"<u{word_bytes}").tobytes()


def _swap(element: DataElement, bits_allocated: int) -> None:
    """Turn the words of a binary value round, which pydicom leaves in the order of the file (PS3.5 7.3)."""
    word = WORD_BYTES[element.VR]
    if element.tag == PIXEL_DATA and bits_allocated > word * 8:
        word = bits_allocated // 8
    if element.value:
        element.value = little_endian(element.value, word)


def to_explicit_little_endian(content: bytes) -> bytes:
    """Return the file in Explicit VR Little Endian, pixel data decompressed.

    Raises NotAcceptable where no codec can decode it.
    """
    dataset = read_whole(content)
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax == EXPLICIT_VR_LITTLE_ENDIAN:
        return content
    with codecs_at_work(f"{syntax.name} cannot be converted to Explicit VR Little Endian here"):
        if syntax.is_encapsulated and "PixelData" in dataset:
            check_sizes(dataset)
            dataset.decompress(as_rgb=False, generate_instance_uid=False)
            if dataset.PhotometricInterpretation == "YBR_FULL_422":
                # Codecs give every pixel its own chrominance; native 4:2:2 would not (PS3.3 C.7.6.3.1.2).
                dataset.PhotometricInterpretation = "YBR_FULL"
        # Visiting gives a VR to elements of a file whose VRs are implicit although it says otherwise.
        for element in dataset.iterall():
            if not syntax.is_little_endian and element.VR in WORD_BYTES:
                _swap(element, int(dataset.get("BitsAllocated") or 0))
        dataset.file_meta.TransferSyntaxUID = UID(EXPLICIT_VR_LITTLE_ENDIAN)
        buffer = BytesIO()
        dcmwrite(buffer, dataset, little_endian=True, implicit_vr=False, overwrite=True)
        return buffer.getvalue()
