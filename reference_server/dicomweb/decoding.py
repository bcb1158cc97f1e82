"""Where codecs are met: what they raise becomes NotAcceptable, and what they would inflate is measured first.

A compressed frame says how large it is. One that says more than its dataset does is refused before a codec
makes room for it, for a few bytes can stand for gigabytes of one colour.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import generate_frames, get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import RLELossless

from reference_server.dicomweb.codestream import describe, without_boxes
from reference_server.dicomweb.reasons import MalformedError
from reference_server.errors import ArchiveError, NotAcceptable

RUST_PANIC = "PanicException"
MAX_DECODED_BYTES = 2**30  # of one answer's pixels; larger instances are given as they are stored


@contextmanager
def codecs_at_work(refusal: str) -> Iterator[None]:
    """Make NotAcceptable, with that text, of whatever codecs raise."""
    try:
        yield
    except ArchiveError:
        raise
    except BaseException as error:
        # Codecs raise what they like; those written in Rust panic with an exception that is no Exception.
        if isinstance(error, Exception) or type(error).__name__ == RUST_PANIC:
            raise NotAcceptable(refusal) from error
        raise


def decode_frame(dataset: Dataset, number: int, *, raw: bool) -> tuple[NDArray[Any], dict[str, Any]]:
    """Return one frame as an array, samples of a pixel side by side, and what the decoder says of it.

    With `raw` the colours are those stored, else RGB where pydicom makes it of them.
    """
    if "PixelData" in dataset and dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        count = int(dataset.get("NumberOfFrames") or 1)
        offsets = _offsets(dataset)
        check_room(dataset, 1)
        check_size(dataset, get_frame(dataset.PixelData, number - 1, number_of_frames=count, **offsets))
    elif dataset.get("BitsAllocated") == 1 and "PixelData" in dataset:
        dataset, number = _single_bits(dataset, number), 1
    decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
    frame, described = decoder.as_array(dataset, index=number - 1, raw=raw)
    return frame, dict(described)


def _single_bits(dataset: Dataset, number: int) -> Dataset:
    """Return the image of one frame of 1-bit pixels, which may begin within a byte (PS3.5 8.1.1).

    pydicom decodes such a frame only together with all others.
    """
    pixels = int(dataset.Rows) * int(dataset.Columns)
    first = (number - 1) * pixels
    packed = dataset.PixelData[first // 8 : (first + pixels + 7) // 8]
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), bitorder="little")[first % 8 :][:pixels]
    frame = Dataset({each.tag: each for each in dataset.group_dataset(0x0028)})
    frame.file_meta = dataset.file_meta
    frame.add_new("NumberOfFrames", "IS", 1)
    content = np.packbits(bits, bitorder="little").tobytes()
    frame.add_new("PixelData", "OB", content + bytes(len(content) % 2))
    return frame


def check_sizes(dataset: Dataset) -> None:
    """Refuse encapsulated pixel data that are too large, or have a frame larger than the dataset says."""
    count = int(dataset.get("NumberOfFrames") or 1)
    check_room(dataset, count)
    for stream in generate_frames(dataset.PixelData, number_of_frames=count, **_offsets(dataset)):
        check_size(dataset, stream)


def check_room(dataset: Dataset, frames: int) -> None:
    """Refuse to decode more than there is room for, be it what the dataset truly holds."""
    samples = frames * int(dataset.Rows) * int(dataset.Columns) * int(dataset.get("SamplesPerPixel") or 1)
    size_bytes = samples * -(-int(dataset.BitsAllocated) // 8)
    if size_bytes > MAX_DECODED_BYTES:
        raise NotAcceptable(
            f"decoded, these pixels take {size_bytes} bytes; {MAX_DECODED_BYTES} are the most"
        )


def check_size(dataset: Dataset, stream: bytes) -> None:
    """Refuse a compressed frame that is larger than the dataset says, or says nothing; runs say nothing."""
    if dataset.file_meta.TransferSyntaxUID == RLELossless:
        return
    try:
        found = describe(without_boxes(stream))
    except MalformedError as error:
        raise NotAcceptable(str(error)) from error
    allowed = dataset.Rows * dataset.Columns * int(dataset.get("SamplesPerPixel") or 1)
    if found.rows * found.columns * found.samples > allowed:
        raise NotAcceptable("a compressed frame is larger than the dataset says")


def _offsets(dataset: Dataset) -> dict[str, Any]:
    if "ExtendedOffsetTable" not in dataset:
        return {}
    return {"extended_offsets": (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)}
