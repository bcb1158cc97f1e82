"""Frames and converted instances hold the pixels that pydicom decodes, for every test file it can decode."""

import warnings
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_files
from pydicom.encaps import generate_frames
from pydicom.pixels.utils import pixel_array

from reference_server.dicomweb.frames import frame_layout, frames_of
from reference_server.dicomweb.transfer import EXPLICIT_VR_LITTLE_ENDIAN, to_explicit_little_endian
from reference_server.errors import NotAcceptable, NotFound

LARGEST_BYTES = 700_000


def decodable_files() -> Iterator[Path]:
    """Yield the small test files whose pixel data pydicom decodes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in sorted(set(get_testdata_files())):
            path = Path(name)
            if path.stat().st_size <= LARGEST_BYTES and decoded(path) is not None:
                yield path


@cache
def decoded(path: Path) -> NDArray[np.generic] | None:
    """Return the frames of a file as pydicom decodes them, or None."""
    try:
        dataset = dcmread(path)
        pixels = pixel_array(dataset, raw=True)
        count = int(dataset.get("NumberOfFrames") or 1)
    except Exception:  # noqa: BLE001  what pydicom cannot decode, it cannot judge
        return None
    return pixels if count > 1 else pixels[np.newaxis]


FILES = list(decodable_files())
each_file = pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def expected_frame(dataset: Dataset, frame: NDArray[np.generic]) -> bytes:
    """Return the octets of a decoded frame, little endian, in the sample order of the file."""
    if dataset.get("BitsAllocated") == 1:
        return np.packbits(frame.astype(np.uint8).ravel(), bitorder="little").tobytes()
    native = not dataset.file_meta["TransferSyntaxUID"].value.is_encapsulated
    if native and dataset.get("SamplesPerPixel", 1) > 1 and dataset.PlanarConfiguration == 1:
        frame = np.moveaxis(frame, -1, 0)
    if native and dataset.PhotometricInterpretation == "YBR_FULL_422":
        # Y1 Y2 Cb Cr stand for two pixels; decoding has repeated the chrominance.
        first, second = frame.reshape(-1, 2, 3)[:, 0], frame.reshape(-1, 2, 3)[:, 1]
        frame = np.stack([first[:, 0], second[:, 0], first[:, 1], first[:, 2]], axis=-1)
    return frame.astype(frame.dtype.newbyteorder("<")).tobytes()


def test_enough_files_are_compared() -> None:
    assert len(FILES) > 70


@each_file
def test_frames_are_the_pixels_that_pydicom_decodes(path: Path) -> None:
    content, frames = path.read_bytes(), decoded(path)
    assert frames is not None
    dataset = dcmread(path)
    found = frames_of(content, range(1, len(frames) + 1), EXPLICIT_VR_LITTLE_ENDIAN)
    assert found == [expected_frame(dataset, frame) for frame in frames]
    last_and_first = frames_of(content, (len(frames), 1), EXPLICIT_VR_LITTLE_ENDIAN)
    assert last_and_first == [found[-1], found[0]]
    with pytest.raises(NotFound):
        frames_of(content, (1, len(frames) + 1), EXPLICIT_VR_LITTLE_ENDIAN)


@each_file
def test_frames_that_can_be_cut_from_the_file_lie_where_the_layout_says(path: Path) -> None:
    content = path.read_bytes()
    layout = frame_layout(dcmread(path, defer_size=4096), len(content))
    if layout is None:
        return
    numbers = range(1, layout.count + 1)
    begins = [layout.offset + (number - 1) * layout.frame_bytes for number in numbers]
    cut = [content[begin : begin + layout.frame_bytes] for begin in begins]
    assert cut == frames_of(content, numbers, EXPLICIT_VR_LITTLE_ENDIAN)


def test_layouts_are_found() -> None:
    layouts = [frame_layout(dcmread(path, defer_size=4096), path.stat().st_size) for path in FILES]
    assert sum(layout is not None for layout in layouts) > 20


@each_file
def test_stored_frames_are_the_streams_in_the_file(path: Path) -> None:
    dataset, frames = dcmread(path), decoded(path)
    if not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return
    assert frames is not None
    numbers = range(len(frames), 0, -1)
    streams = list(generate_frames(dataset.PixelData, number_of_frames=len(frames)))
    assert frames_of(path.read_bytes(), numbers, dataset.file_meta.TransferSyntaxUID) == streams[::-1]


@each_file
def test_a_converted_instance_has_the_same_pixels_and_identity(path: Path) -> None:
    original = dcmread(path)
    again = dcmread(BytesIO(to_explicit_little_endian(path.read_bytes())))
    assert again.file_meta.TransferSyntaxUID == EXPLICIT_VR_LITTLE_ENDIAN
    assert again.get("SOPInstanceUID") == original.get("SOPInstanceUID")
    assert np.array_equal(pixel_array(again), pixel_array(original))


def test_a_stream_that_no_codec_reads_is_not_acceptable_decoded_but_served_as_stored() -> None:
    path = next(Path(name) for name in get_testdata_files("JPEG-lossy.dcm"))
    content = path.read_bytes()
    with pytest.raises(NotAcceptable):
        frames_of(content, (1,), EXPLICIT_VR_LITTLE_ENDIAN)
    with pytest.raises(NotAcceptable):
        to_explicit_little_endian(content)
    [stream] = frames_of(content, (1,), dcmread(path).file_meta.TransferSyntaxUID)
    assert stream.startswith(b"\xff\xd8")
