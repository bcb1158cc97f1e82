"""A folder of foreign DICOM files becomes a manifest; what cannot be used is named, never fatal."""

import hashlib
import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import pydicom.data
import pytest

import datasets
from datasets.manifest import Manifest, ManifestError
from datasets.own import manifest_of_folder, scan

REAL = Path(pydicom.data.__file__).parent / "test_files"
SCHEMA = json.loads((Path(datasets.__file__).parent / "manifest.schema.json").read_text(encoding="utf-8"))


def test_the_files_of_pydicom_become_a_valid_manifest(tmp_path: Path) -> None:
    manifest, skipped = scan(REAL)
    instances = [i for study in manifest.studies for series in study.series for i in series.instances]
    files = [path for path in REAL.rglob("*") if path.is_file()]
    assert len(instances) + len(skipped) == len(files)
    assert len(instances) > 100
    replace(manifest, root=tmp_path).write()
    jsonschema.validate(json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8")), SCHEMA)
    for instance in instances:
        content = (REAL / instance.path).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (instance.size_bytes, instance.sha256)
    assert len({instance.sop_instance_uid for instance in instances}) == len(instances)


def test_studies_go_to_the_two_facilities_in_turn_and_their_members_see_them() -> None:
    manifest, _ = scan(REAL)
    assert [study.study_uid for study in manifest.studies] == sorted(s.study_uid for s in manifest.studies)
    first, second = (facility.name for facility in manifest.people.facilities)
    expected = [(first, second)[index % 2] for index in range(len(manifest.studies))]
    assert [study.facility for study in manifest.studies] == expected
    for study in manifest.studies:
        members = tuple(u.name for u in manifest.people.users if study.facility in u.facilities)
        assert study.owner in members
        assert {i.visible_to for series in study.series for i in series.instances} == {members}


def test_a_second_scan_says_the_same() -> None:
    assert scan(REAL) == scan(REAL)


def test_a_manifest_of_the_generator_and_of_its_folder_agree_on_the_files(tiny: Manifest) -> None:
    def files(manifest: Manifest) -> set[tuple[object, ...]]:
        return {
            (
                study.study_uid,
                study.patient_name,
                series.series_uid,
                series.series_number,
                i.path,
                i.frames,
                i.sha256,
            )
            for study in manifest.studies
            for series in study.series
            for i in series.instances
        }

    found, skipped = scan(tiny.root)
    assert files(found) == files(tiny)
    assert skipped == ()


def test_skipped_files_are_counted_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "deep").mkdir()
    shutil.copy(REAL / "CT_small.dcm", tmp_path / "deep" / "b.dcm")
    shutil.copy(REAL / "CT_small.dcm", tmp_path / "a.dcm")
    (tmp_path / "notes.txt").write_text("not DICOM", encoding="utf-8")
    (tmp_path / "cut.dcm").write_bytes((REAL / "CT_small.dcm").read_bytes()[:300])
    with caplog.at_level(logging.WARNING):
        manifest = manifest_of_folder(tmp_path)
    (study,) = manifest.studies
    assert [instance.path for instance in study.series[0].instances] == ["a.dcm"]
    assert "3 files" in caplog.text
    assert "deep/b.dcm: has the SOP Instance UID of a.dcm" in caplog.text
    assert "notes.txt" in caplog.text


def test_a_folder_without_dicom_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not DICOM", encoding="utf-8")
    with pytest.raises(ManifestError, match="holds no DICOM file"):
        manifest_of_folder(tmp_path)
