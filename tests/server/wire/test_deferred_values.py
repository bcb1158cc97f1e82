"""Large values stay on disk while an instance is read: they are named, and frames are found, unread."""

from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.uid import UID

from reference_server.dicomweb.dicom_json import model_of
from reference_server.dicomweb.frames import frame_layout

PIXEL_DATA = 0x7FE00010
OVERLAY_DATA = 0x60003000
DEFER_BYTES = 2048
ROWS, FRAMES = 64, 3
SYNTAXES = {"explicit": "1.2.840.10008.1.2.1", "implicit": "1.2.840.10008.1.2"}


def deferred(folder: Path, syntax: str) -> tuple[Path, Dataset]:
    """Return a file of three frames, and its dataset with large values left on disk."""
    source = get_testdata_file("CT_small.dcm")
    assert isinstance(source, str)
    dataset = dcmread(source)
    dataset.Rows = dataset.Columns = ROWS
    dataset.NumberOfFrames = FRAMES
    dataset.PixelData = b"".join(bytes([number]) * (ROWS * ROWS * 2) for number in range(1, FRAMES + 1))
    dataset.add_new(OVERLAY_DATA, "OW", bytes(4096))
    dataset.file_meta.TransferSyntaxUID = UID(SYNTAXES[syntax])
    path = folder / f"{syntax}.dcm"
    dcmwrite(path, dataset, implicit_vr=syntax == "implicit", little_endian=True)
    return path, dcmread(path, defer_size=DEFER_BYTES)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_frames_are_found_without_reading_them(tmp_path: Path, syntax: str) -> None:
    path, dataset = deferred(tmp_path, syntax)
    model = model_of(dataset, "x/bulkdata")
    layout = frame_layout(dataset, path.stat().st_size)
    assert model["7FE00010"] == {"vr": "OW", "BulkDataURI": "x/bulkdata/7FE00010"}
    assert layout is not None
    assert layout.count == FRAMES
    content = path.read_bytes()
    for number in range(FRAMES):
        begin = layout.offset + number * layout.frame_bytes
        assert content[begin : begin + layout.frame_bytes] == bytes([number + 1]) * (ROWS * ROWS * 2)
    assert left_on_disk(dataset, PIXEL_DATA)


def test_a_large_binary_value_is_named_without_reading_it(tmp_path: Path) -> None:
    _, dataset = deferred(tmp_path, "explicit")
    assert model_of(dataset, "x")["60003000"] == {"vr": "OW", "BulkDataURI": "x/60003000"}
    assert left_on_disk(dataset, OVERLAY_DATA)


def left_on_disk(dataset: Dataset, tag: int) -> bool:
    """Tell whether the value of an element has not been read."""
    element: Any = dataset.get_item(tag, keep_deferred=True)
    return element.value is None
