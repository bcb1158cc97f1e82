"""The command for real files finds nothing in what the archive does, and finds what is wrong elsewhere."""

import shutil
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file

from tests.server.real_files.__main__ import EXIT_COMPLAINTS, EXIT_OK, EXIT_USAGE, main
from tests.server.real_files.folder import RealFile, dicom_paths, real_file, waves
from tests.server.real_files.metadata import Json, differences
from tests.server.real_files.pixels import Pixels, decoded, read_back
from tests.server.real_files.visit import Sentence

NAMES = (
    "CT_small.dcm",
    "MR_small_bigendian.dcm",
    "rtdose_rle.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "reportsi.dcm",
)
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def path_of(name: str) -> Path:
    path = get_testdata_file(name)
    assert isinstance(path, str)
    return Path(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of several kinds, one of them twice, and what is no DICOM file."""
    target = tmp_path / "files"
    target.mkdir()
    for name in NAMES:
        shutil.copy(path_of(name), target)
    shutil.copy(path_of(NAMES[0]), target / "again.dcm")
    (target / "notes.txt").write_text("no DICOM file")
    (target / "empty.dcm").write_bytes(bytes(128) + b"DICM")
    return target


@pytest.mark.parametrize("accounting", ["off", "grants"])
def test_every_sentence_is_true_of_these_files(
    folder: Path, accounting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder), "--accounting", accounting]) == EXIT_OK
    lines = capsys.readouterr().out.splitlines()
    count = len(NAMES) + 1
    assert f"{count} files, accounting {accounting}, 1 left out" in lines
    assert lines[-len(Sentence) :] == [f"{sentence}: {count} of {count}" for sentence in Sentence]


def test_a_refusal_is_complained_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = path_of("CT_small.dcm").read_bytes()
    # A length beyond the end of the file: pydicom goes on, and the archive does not.
    (tmp_path / "odd.dcm").write_bytes(content + b"\xe1\x7f\x10\x10OB\0\0\xf0\xff\xff\xff")
    assert main([str(tmp_path)]) == EXIT_COMPLAINTS
    assert "stored: STOW answers 409" in capsys.readouterr().out


def test_a_folder_without_files_is_a_mistake(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == EXIT_USAGE


def test_a_second_file_of_one_instance_is_of_the_second_wave(folder: Path) -> None:
    files = [each for path in dicom_paths(folder) if isinstance(each := real_file(path), RealFile)]
    assert [len(wave) for wave in waves(files)] == [len(NAMES), 1]


def model(dataset: Dataset) -> Json:
    """Return pydicom's own JSON, with everything inline."""
    return deepcopy(dataset).to_json_dict()


CHANGES = {
    "another value": lambda json: json["00100010"].update(Value=[{"Alphabetic": "Other"}]),
    "another VR": lambda json: json["00080060"].update(vr="LO"),
    "no value": lambda json: json["00080060"].pop("Value"),
    "no attribute": lambda json: json.pop("00080060"),
    "an attribute more": lambda json: json.update({"00081030": {"vr": "LO"}}),
    "another binary value": lambda json: json["00431028"].update(InlineBinary="AAAA"),
    "other bulk data": lambda json: json.update({"00431029": {"vr": "OB", "BulkDataURI": "uri"}}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_metadata_that_differ_are_found(change: str) -> None:
    dataset = dcmread(path_of("CT_small.dcm"))
    found = model(dataset)
    assert list(differences(dataset, found, lambda _: b"")) == []
    CHANGES[change](found)
    assert len(list(differences(dataset, found, lambda _: b"other"))) == 1


@pytest.mark.parametrize("name", ["CT_small.dcm", "SC_rgb_jpeg_gdcm.dcm", "liver_1frame.dcm"])
def test_octets_of_a_frame_are_read_back_or_found_to_differ(name: str) -> None:
    pixels = Pixels.of(dcmread(path_of(name)))
    frame = decoded(pixels.dataset, 1)
    content = frame.tobytes()
    if pixels.dataset.BitsAllocated == 1:
        content = np.packbits(frame.ravel().astype(np.uint8), bitorder="little").tobytes()
    assert np.array_equal(read_back(pixels, content), frame)
    changed = content[:-1] + bytes([content[-1] ^ 0x80])
    assert not np.array_equal(read_back(pixels, changed), frame)
