"""A file that arrives is read without its pixels, and its frames are found where they lie."""

from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread

from reference_server.dicomweb.reading import Arrived, read_instance
from reference_server.dicomweb.reasons import Reason, UnreadableError
from reference_server.storage.records import FrameLayout


def arrived(path: Path, content: bytes) -> Arrived:
    path.write_bytes(content)
    return Arrived(path, "blob", len(content), "digest")


@pytest.mark.parametrize("side", [16, 512])
def test_native_frames_are_located_in_small_and_large_files(tmp_path: Path, ct: bytes, side: int) -> None:
    dataset = dcmread(BytesIO(ct))
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = side, side, 2
    pixels = bytes(range(256)) * (2 * side * side * 2 // 256)
    dataset.PixelData = pixels
    buffer = BytesIO()
    dataset.save_as(buffer)
    content = buffer.getvalue()
    record = read_instance(arrived(tmp_path / "file", content))
    offset = content.index(pixels)
    assert record.frames == FrameLayout(offset, side * side * 2, 2)
    assert b'"7FE00010":{"vr":"OW","BulkDataURI":"' in record.metadata


@pytest.mark.parametrize(
    "keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID"]
)
@pytest.mark.parametrize("uid", ["", "1..2", "1.02", "abc", "1." * 33])
def test_uids_are_checked(tmp_path: Path, ct: bytes, keyword: str, uid: str) -> None:
    dataset = dcmread(BytesIO(ct))
    dataset[keyword].value = uid
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=False)
    with pytest.raises(UnreadableError) as raised:
        read_instance(arrived(tmp_path / "file", buffer.getvalue()))
    assert raised.value.reason is Reason.DOES_NOT_MATCH_SOP_CLASS
