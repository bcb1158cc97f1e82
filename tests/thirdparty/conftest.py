"""Archives with accounting off and on, and sessions of `requests` that may store and read in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
import requests
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from tests.server.real_files.__main__ import storing_user
from tests.server.running import RunningArchive, bearer


@dataclass(frozen=True, slots=True)
class Served:
    """An archive, and the token of one who may store in it, if it asks for one."""

    archive: RunningArchive
    token: str | None

    @property
    def url(self) -> str:
        """The base URL of DICOMweb."""
        return self.archive.base

    def session(self) -> requests.Session:
        """Return a session that sends the token."""
        session = requests.Session()
        session.headers.update(bearer(self.token) if self.token else {})
        return session

    def store(self, *datasets: Dataset) -> None:
        """Store datasets as files."""
        answer = self.archive.store(*map(file_of, datasets), token=self.token)
        assert answer.status_code == requests.codes.ok, answer.text


@pytest.fixture(scope="module", params=["off", "grants"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An archive of each mode."""
    archive = RunningArchive(tmp_path_factory.mktemp("archive"), request.param).start()
    yield Served(archive, None if request.param == "off" else storing_user(archive))
    archive.end()
    archive.client.close()


@pytest.fixture(scope="module")
def study(served: Served) -> list[Dataset]:
    """Two series of one study that is stored: CT images, and one image of two frames in RLE."""
    uid = generate_uid()
    series = [new_instance("CT_small.dcm", uid) for _ in range(2)]
    series[1].SeriesInstanceUID = series[0].SeriesInstanceUID
    datasets = [*series, new_instance("SC_rgb_rle_2frame.dcm", uid)]
    served.store(*datasets)
    return datasets


def new_instance(name: str, study_uid: str) -> Dataset:
    """Return one of pydicom's files as an instance of its own, in a series of its own."""
    path = get_testdata_file(name)
    assert isinstance(path, str)
    dataset = dcmread(Path(path))
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study_uid, generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.PatientID, dataset.PatientName = "THIRD-1", "Third^Party"
    dataset.StudyDate, dataset.StudyTime = "20260102", "101112"
    return dataset


def file_of(dataset: Dataset) -> bytes:
    """Return a dataset as a DICOM file."""
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
