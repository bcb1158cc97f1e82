"""Splicing changes the UIDs and nothing else, in synthetic files and in real ones."""

import io
import warnings
from pathlib import Path
from typing import Any

import pydicom
import pydicom.data
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import FileDataset

from datasets.manifest import Manifest
from datasets.splice import Spliced, SpliceError, Template
from datasets.uids import uid_of

REAL = Path(pydicom.data.__file__).parent / "test_files"
UIDS = (uid_of("study"), uid_of("series"), uid_of("sop"))
RENAMED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


def parsed(dicom: bytes | bytearray) -> FileDataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(io.BytesIO(dicom))


def elements(dataset: FileDataset) -> dict[Any, Any]:
    return {element.tag: element.value for element in dataset if element.keyword not in RENAMED}


def assert_only_renamed(before: FileDataset, after: FileDataset) -> None:
    assert tuple(after[keyword].value for keyword in RENAMED) == UIDS
    assert after.file_meta.MediaStorageSOPInstanceUID == UIDS[2]
    assert elements(before) == elements(after)


@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm",
        "MR_small_RLE.dcm",
        "MR_small_implicit.dcm",
        "MR_small_bigendian.dcm",
        "JPEG2000.dcm",
        "SC_rgb_small_odd.dcm",
        "examples_palette.dcm",
        "image_dfl.dcm",
        "reportsi.dcm",
    ],
)
def test_a_real_file_keeps_all_but_its_uids(name: str) -> None:
    dicom = (REAL / name).read_bytes()
    assert_only_renamed(parsed(dicom), parsed(Template(dicom).fresh(*UIDS)))


def test_a_deflated_file_is_inflated() -> None:
    after = parsed(Template((REAL / "image_dfl.dcm").read_bytes()).fresh(*UIDS))
    assert after.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian


def test_a_synthetic_file_keeps_all_but_its_uids(tiny: Manifest) -> None:
    for study in tiny.studies:
        for series in study.series:
            dicom = (tiny.root / series.instances[0].path).read_bytes()
            assert_only_renamed(parsed(dicom), parsed(Template(dicom).fresh(*UIDS)))


def test_fresh_copies_are_independent_and_of_one_size(tiny: Manifest) -> None:
    template = Template((tiny.root / tiny.studies[0].series[0].instances[0].path).read_bytes())
    first = template.fresh(*UIDS)
    kept = bytes(first)
    second = template.fresh(uid_of("other"), uid_of("other series"), uid_of("other sop"))
    assert bytes(first) == kept != bytes(second)
    assert len(first) == len(second) == template.size_bytes
    assert bytes(template.fresh(*UIDS)) == kept


@pytest.mark.parametrize("wrong", range(3))
def test_a_uid_of_another_length_is_refused(tiny: Manifest, wrong: int) -> None:
    template = Template((tiny.root / tiny.studies[0].series[0].instances[0].path).read_bytes())
    uids = list(UIDS)
    uids[wrong] = "1.2.3"
    with pytest.raises(SpliceError, match=r"1\.2\.3 has 5 characters"):
        template.fresh(*uids)


def without_sop_class() -> bytes:
    dataset = pydicom.dcmread(REAL / "CT_small.dcm")
    del dataset.SOPClassUID
    target = io.BytesIO()
    dataset.save_as(target)
    return target.getvalue()


@pytest.mark.parametrize("dicom", [b"", b"no DICOM", bytes(200), without_sop_class()], ids=len)
def test_bytes_that_are_no_instance_are_refused(dicom: bytes) -> None:
    with pytest.raises(SpliceError, match="cannot serve as a template"):
        Template(dicom)


@given(before=st.binary(), value=st.binary(min_size=4, max_size=4), after=st.binary())
def test_a_value_lands_in_every_place_of_its_mark(before: bytes, value: bytes, after: bytes) -> None:
    before, after = before.replace(b"#", b""), after.replace(b"#", b"")
    spliced = Spliced(before + b"####" + after + b"####", {"mark": b"####"})
    assert spliced.filled({"mark": value}) == before + value + after + value


def test_a_mark_that_is_nowhere_and_a_value_that_does_not_fit_are_refused() -> None:
    with pytest.raises(SpliceError, match="does not occur"):
        Spliced(b"abc", {"mark": b"#"})
    with pytest.raises(SpliceError, match="2 bytes long, but its place holds 1"):
        Spliced(b"a#c", {"mark": b"#"}).filled({"mark": b"xy"})
