"""Generated files are valid DICOM to independent judges: dciodvfy, and pydicom decoding the pixels."""

import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pydicom
import pytest

from datasets.images import IMAGE_MODALITIES
from datasets.manifest import InstanceRecord, Manifest, SeriesRecord

# The judge stands beside the interpreter even where the environment is not activated.
BESIDE = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
JUDGE = shutil.which("dciodvfy", path=BESIDE)
MODALITIES = (*IMAGE_MODALITIES, "SR")


def of_modality(manifest: Manifest, modality: str) -> list[tuple[SeriesRecord, InstanceRecord]]:
    return [
        (series, instance)
        for study in manifest.studies
        for series in study.series
        if series.modality == modality
        for instance in series.instances
    ]


@pytest.mark.skipif(JUDGE is None, reason="dicom3tools is published for Linux only")
@pytest.mark.parametrize("modality", MODALITIES)
def test_dciodvfy_finds_no_error(tiny: Manifest, modality: str) -> None:
    for _, instance in of_modality(tiny, modality):
        judged = subprocess.run(
            [str(JUDGE), str(tiny.root / instance.path)], capture_output=True, text=True, check=False
        )
        lines = (judged.stdout + judged.stderr).splitlines()
        assert [line for line in lines if line.startswith(("Error", "Warning"))] == []
        assert judged.returncode == 0


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_file_says_what_the_manifest_says(tiny: Manifest, modality: str) -> None:
    for series, instance in of_modality(tiny, modality):
        dataset = pydicom.dcmread(tiny.root / instance.path)
        assert dataset.SOPInstanceUID == dataset.file_meta.MediaStorageSOPInstanceUID
        assert dataset.SOPInstanceUID == instance.sop_instance_uid
        assert dataset.SOPClassUID == instance.sop_class_uid
        assert dataset.file_meta.TransferSyntaxUID == instance.transfer_syntax_uid
        assert dataset.SeriesInstanceUID == series.series_uid
        assert (dataset.InstanceNumber, dataset.SeriesNumber) == (
            instance.instance_number,
            series.series_number,
        )
        assert int(dataset.get("NumberOfFrames", 1 if "PixelData" in dataset else 0)) == instance.frames


def test_a_study_is_described_alike_in_the_file_and_in_the_manifest(tiny: Manifest) -> None:
    for study in tiny.studies:
        dataset = pydicom.dcmread(tiny.root / study.series[0].instances[0].path, stop_before_pixels=True)
        assert (dataset.StudyInstanceUID, dataset.PatientID) == (study.study_uid, study.patient_id)
        assert (dataset.PatientName, dataset.StudyDate) == (study.patient_name, study.study_date)
        assert dataset.AccessionNumber == study.accession_number
        assert dataset.PatientBirthDate < dataset.StudyDate


@pytest.mark.parametrize("modality", IMAGE_MODALITIES)
def test_pixels_use_the_stored_bits_and_differ_between_all_frames(tiny: Manifest, modality: str) -> None:
    seen = []
    for _, instance in of_modality(tiny, modality):
        dataset = pydicom.dcmread(tiny.root / instance.path)
        pixels = dataset.pixel_array
        frames = pixels if instance.frames > 1 else pixels[np.newaxis]
        assert len(frames) == instance.frames
        assert frames.max() < 1 << dataset.BitsStored
        assert frames.std() > 0
        seen += [frame.tobytes() for frame in frames]
    assert len(set(seen)) == len(seen)


def test_slices_of_a_series_have_rising_positions(tiny: Manifest) -> None:
    paths = [
        [tiny.root / i.path for i in e.instances]
        for s in tiny.studies
        for e in s.series
        if e.modality == "CT"
    ]
    series = max(paths, key=len)
    positions = [pydicom.dcmread(path).ImagePositionPatient[2] for path in series]
    assert len(positions) > 1
    assert all(later - earlier == 2 for earlier, later in pairwise(positions))
