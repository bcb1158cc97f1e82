"""How an instance, or one frame of it, becomes another transfer syntax that was asked for.

What is stored is decoded to native pixels, and these are encoded without loss where a compressed syntax is
asked for. Every stream that is encoded is decoded again and compared before it bears the name of a lossless
syntax: codecs differ in what they make of unused bits, signs and unusual precisions, and a wrong pixel would
be believed.
"""

from io import BytesIO
from typing import Any

import numpy as np
from pydicom import Dataset, dcmwrite
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.encoders.base import get_encoder
from pydicom.pixels.utils import as_pixel_options
from pydicom.uid import UID

from reference_server.dicomweb.decoding import codecs_at_work, decode_frame
from reference_server.dicomweb.transfer import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
    LOSSLESS_ENCODINGS,
    read_whole,
    to_explicit_little_endian,
)
from reference_server.errors import NotAcceptable

MAX_BASIC_OFFSET = 2**32 - 1


def transcode(content: bytes, transfer_syntax: str) -> bytes:
    """Return the file in that transfer syntax; or raise NotAcceptable: nothing is lost on the way."""
    if transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN:
        return to_explicit_little_endian(content)
    dataset = read_whole(content)
    if dataset.file_meta.TransferSyntaxUID == transfer_syntax:
        return content
    if transfer_syntax not in LOSSLESS_ENCODINGS or "PixelData" not in dataset:
        raise NotAcceptable(f"this instance is not to be had as {UID(transfer_syntax).name}")
    dataset = read_whole(to_explicit_little_endian(content))
    with codecs_at_work(f"this instance cannot be encoded as {UID(transfer_syntax).name}"):
        _compress(dataset, transfer_syntax)
        buffer = BytesIO()
        dcmwrite(buffer, dataset, little_endian=True, implicit_vr=False, overwrite=True)
        return buffer.getvalue()


def _compress(dataset: Dataset, transfer_syntax: str) -> None:
    """Encode the native pixel data of a dataset, and let its attributes describe what came out."""
    count = int(dataset.get("NumberOfFrames") or 1)
    streams = [encode_frame(dataset, number, transfer_syntax) for number in range(1, count + 1)]
    if sum(len(stream) + 8 for stream in streams) > MAX_BASIC_OFFSET:
        encapsulated, offsets, lengths = encapsulate_extended(streams)
        dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = offsets, lengths
    else:
        encapsulated = encapsulate(streams)
    dataset.PixelData = encapsulated
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.PhotometricInterpretation = _photometric_interpretation(str(dataset.PhotometricInterpretation))
    if int(dataset.SamplesPerPixel) > 1:
        dataset.PlanarConfiguration = 0
    dataset.file_meta.TransferSyntaxUID = UID(transfer_syntax)


def _photometric_interpretation(stored: str) -> str:
    """Return what decoded pixels are: decoding gives every pixel its own chrominance."""
    return "YBR_FULL" if stored == "YBR_FULL_422" else stored


def encode_frame(dataset: Dataset, number: int, transfer_syntax: str) -> bytes:
    """Return one frame as a stream of a lossless codec, padded to an even length as in a file.

    Raises NotAcceptable where anything would be lost; codecs raise what they like besides.
    """
    pixels, decoded = decode_frame(dataset, number, raw=True)
    if _unused_bits_hold_something(dataset, number):
        raise NotAcceptable("these pixels share their words with an overlay, which no codec keeps")
    options: dict[str, Any] = as_pixel_options(dataset) | {
        "number_of_frames": 1,
        "photometric_interpretation": _photometric_interpretation(decoded["photometric_interpretation"]),
        "planar_configuration": 0,
    }
    extra: dict[str, Any] = {"use_mct": False} if transfer_syntax == JPEG_2000_LOSSLESS else {}
    stream = bytes(get_encoder(transfer_syntax).encode(pixels, **options, **extra))
    options |= {"pixel_keyword": "PixelData"}
    again, _ = get_decoder(transfer_syntax).as_array(encapsulate([stream]), raw=True, **options)
    if not np.array_equal(again, pixels):
        raise NotAcceptable(f"{UID(transfer_syntax).name} does not keep these pixels")
    return stream + b"\0" * (len(stream) % 2)


def _unused_bits_hold_something(dataset: Dataset, number: int) -> bool:
    """Tell whether bits above the stored ones are neither zero nor the sign, as old overlays are."""
    allocated, stored = int(dataset.BitsAllocated), int(dataset.BitsStored)
    if allocated == stored or allocated % 8:
        return False
    decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
    content, _ = decoder.as_buffer(dataset, index=number - 1)
    unused = np.frombuffer(content, f"<u{allocated // 8}") >> stored
    sign = 2 ** (allocated - stored) - 1 if dataset.PixelRepresentation else 0
    return not np.isin(unused, (0, sign)).all()


def decoded_frame(dataset: Dataset, number: int) -> bytes:
    """Return one frame of encapsulated pixel data as native little endian values."""
    frame, _ = decode_frame(dataset, number, raw=True)
    return np.ascontiguousarray(frame).astype(frame.dtype.newbyteorder("<"), copy=False).tobytes()
