"""What is encoded anew decodes to the stored pixels, its attributes describe it, and nothing is lost."""

import warnings
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.data import get_testdata_file, get_testdata_files
from pydicom.encaps import generate_frames
from pydicom.pixels.utils import pixel_array

from reference_server.dicomweb.frames import frames_of
from reference_server.dicomweb.transcoding import transcode
from reference_server.dicomweb.transfer import (
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
    JPEG_LS_LOSSLESS,
    LOSSLESS_ENCODINGS,
    RLE_LOSSLESS,
)
from reference_server.errors import NotAcceptable

LARGEST_BYTES = 150_000
BASELINE = "1.2.840.10008.1.2.4.50"
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def files() -> Iterator[Path]:
    """Yield the small test files whose pixel data pydicom decodes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in sorted(set(get_testdata_files("*.dcm"))):
            path = Path(name)
            if path.stat().st_size <= LARGEST_BYTES and decoded(path) is not None:
                yield path


@cache
def decoded(path: Path) -> NDArray[np.generic] | None:
    """Return the pixels of a file as pydicom decodes them, or None."""
    try:
        return pixel_array(dcmread(path), raw=True)
    except Exception:  # noqa: BLE001  what pydicom cannot decode, it cannot judge
        return None


FILES = list(files())


def content_of(name: str) -> bytes:
    path = get_testdata_file(name)
    assert isinstance(path, str)
    return Path(path).read_bytes()


def written(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


@pytest.mark.parametrize("syntax", LOSSLESS_ENCODINGS)
@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_what_is_encoded_anew_has_the_same_pixels(path: Path, syntax: str) -> None:
    content = path.read_bytes()
    try:
        again = dcmread(BytesIO(transcode(content, syntax)))
    except NotAcceptable:
        return  # how many may be refused is another test's matter
    assert again.file_meta.TransferSyntaxUID == syntax
    wanted = decoded(path)
    assert wanted is not None
    assert np.array_equal(pixel_array(again, raw=True), wanted)
    assert again.get("LossyImageCompression") == dcmread(path).get("LossyImageCompression")
    if syntax != dcmread(path).file_meta.TransferSyntaxUID and again.SamplesPerPixel > 1:
        assert again.PlanarConfiguration == 0
        assert again.PhotometricInterpretation in ("RGB", "YBR_FULL")
    streams = list(generate_frames(again.PixelData, number_of_frames=int(again.get("NumberOfFrames") or 1)))
    assert frames_of(content, (len(streams),), syntax) == streams[-1:]


@pytest.mark.parametrize(
    ("syntax", "least"), [(RLE_LOSSLESS, 38), (JPEG_LS_LOSSLESS, 30), (JPEG_2000_LOSSLESS, 28)]
)
def test_most_files_can_be_encoded(syntax: str, least: int) -> None:
    assert sum(is_encoded(path, syntax) for path in FILES) >= least


def is_encoded(path: Path, syntax: str) -> bool:
    try:
        transcode(path.read_bytes(), syntax)
    except NotAcceptable:
        return False
    return True


@pytest.mark.parametrize("syntax", LOSSLESS_ENCODINGS)
def test_bits_that_a_codec_would_drop_are_not_passed_off_as_lossless(syntax: str) -> None:
    dataset = dcmread(BytesIO(content_of("CT_small.dcm")))
    pixels = dataset.pixel_array.astype(np.uint16) | 0x8000  # an overlay lives above the bits that are stored
    dataset.PixelData = pixels.tobytes()
    dataset.PixelRepresentation, dataset.BitsStored, dataset.HighBit = 0, 12, 11
    content = written(dataset)
    with pytest.raises(NotAcceptable):
        transcode(content, syntax)


@pytest.mark.parametrize("syntax", LOSSLESS_ENCODINGS)
@pytest.mark.parametrize("name", ["rtdose_1frame.dcm", "liver_1frame.dcm", "reportsi.dcm"])
def test_what_a_codec_cannot_hold_is_not_acceptable(name: str, syntax: str) -> None:
    with pytest.raises(NotAcceptable):
        transcode(content_of(name), syntax)


@pytest.mark.parametrize("syntax", [BASELINE, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN, "1.2.3"])
def test_only_lossless_encodings_are_made(syntax: str) -> None:
    with pytest.raises(NotAcceptable):
        transcode(content_of("CT_small.dcm"), syntax)
