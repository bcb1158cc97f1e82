"""Which attributes the index keeps is a setting; an index that was made for another one is made anew."""

from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from reference_server.dicomweb.attributes import STANDARD, catalogue_of
from reference_server.settings import SettingsError
from reference_server.storage.records import Level
from tests.server.running import RunningArchive, run

MORE = "study:MedicalAlerts, series:ImageType,instance:00180010"


def changed(content: bytes, **values: str) -> bytes:
    """Return the file with some attributes changed."""
    dataset: Dataset = dcmread(BytesIO(content))
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    buffer = BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def found(archive: RunningArchive, path: str) -> int:
    """Return how many results a search has that warns of nothing."""
    answer = archive.get(path)
    assert answer.status_code == 200, answer.text
    assert "warning" not in answer.headers
    return len(answer.json())


def test_an_archive_is_reindexed_for_other_attributes(tmp_path: Path, ct: bytes) -> None:
    content = changed(ct, MedicalAlerts="PACEMAKER", PatientName="Müller^Jörg", ContrastBolusAgent="IODINE")
    archive = RunningArchive(tmp_path / "data").start()
    assert archive.store(content).status_code == 200
    assert "is not an attribute of this level" in archive.get("/studies?MedicalAlerts=x").headers["warning"]
    archive.end()

    refused = run("--data", str(archive.data), "--port", "0", "--search-attributes", MORE)
    assert refused.returncode == 2
    assert "python -m reference_server reindex" in refused.stderr
    done = run("reindex", "--data", str(archive.data), "--search-attributes", MORE)
    assert (done.returncode, done.stdout) == (0, "1 instances are indexed\n")

    archive.arguments = ("--search-attributes", MORE)
    archive.start()
    assert found(archive, "/studies?MedicalAlerts=PACE*") == 1
    assert found(archive, "/studies?MedicalAlerts=PEANUTS") == 0
    assert found(archive, "/series?ImageType=AXIAL") == 1
    assert found(archive, "/instances?ContrastBolusAgent=IODINE") == 1
    assert found(archive, "/studies?PatientName=jorg&fuzzymatching=true") == 1
    [study] = archive.get("/studies?includefield=MedicalAlerts").json()
    assert study["00102000"]["Value"] == ["PACEMAKER"]
    archive.end()
    archive.client.close()


@pytest.mark.parametrize(
    "text", ["MedicalAlerts", "patient:MedicalAlerts", "study:Nothing", "study:00091001", "series:Modality"]
)
def test_what_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="search_attributes"):
        catalogue_of(text)


def test_a_catalogue_has_each_attribute_at_its_level() -> None:
    catalogue = catalogue_of("study:MedicalAlerts,instance:ContrastBolusAgent")
    assert catalogue.level_of(0x00102000) is Level.STUDY
    assert catalogue.level_of(0x00180010) is Level.INSTANCE
    assert 0x00180010 in catalogue.instance
    assert catalogue.fingerprint != STANDARD.fingerprint
    assert catalogue_of("").fingerprint == STANDARD.fingerprint
