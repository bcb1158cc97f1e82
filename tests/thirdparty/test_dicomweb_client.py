"""dicomweb-client (PyPI): every request of its API and of its command line is understood."""

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom import Dataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, generate_uid

from tests.thirdparty.conftest import Served, file_of, new_instance

Uids = tuple[str, str, str]


@pytest.fixture
def client(served: Served) -> DICOMwebClient:
    """A client of the archive."""
    return DICOMwebClient(served.url, session=served.session())


def uids_of(dataset: Dataset) -> Uids:
    return dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID


def test_searches(client: DICOMwebClient, study: list[Dataset]) -> None:
    uid = study[0].StudyInstanceUID
    by_name = {"PatientName": "Third*", "StudyDate": "20260101-20260131", "StudyInstanceUID": uid}
    [found] = client.search_for_studies(search_filters=by_name, fields=["StudyDescription"], limit=5)
    assert found["00100020"]["Value"] == ["THIRD-1"]
    assert len(client.search_for_series(uid)) == 2
    assert len(client.search_for_instances(uid)) == 3
    assert len(client.search_for_instances(uid, study[0].SeriesInstanceUID, get_remaining=True)) == 2
    assert [len(client.search_for_instances(uid, limit=2, offset=offset)) for offset in (0, 2)] == [2, 1]
    assert len(client.search_for_series(search_filters={"0020000D": uid, "Modality": "CT"})) == 1
    assert client.search_for_studies(fuzzymatching=True, search_filters={"PatientName": "third"})


def test_instances_come_back(client: DICOMwebClient, study: list[Dataset]) -> None:
    assert {each.SOPInstanceUID for each in client.retrieve_study(study[0].StudyInstanceUID)} == {
        each.SOPInstanceUID for each in study
    }
    assert len(client.retrieve_series(*uids_of(study[0])[:2])) == 2
    assert sum(1 for _ in client.iter_series(*uids_of(study[0])[:2])) == 2
    assert client.retrieve_instance(*uids_of(study[0])).pixel_array.tobytes() == study[0].PixelData
    assert client.retrieve_instance(*uids_of(study[2])).file_meta.TransferSyntaxUID == RLELossless
    media_types = (("application/dicom", ExplicitVRLittleEndian),)
    native = client.retrieve_instance(*uids_of(study[2]), media_types=media_types)
    assert native.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian


def test_metadata_are_those_of_the_dataset(client: DICOMwebClient, study: list[Dataset]) -> None:
    def bulk_data(uri: str) -> bytes:
        [content] = client.retrieve_bulkdata(uri)
        return bytes(content)  # pydicom takes no bytearray

    metadata = client.retrieve_instance_metadata(*uids_of(study[0]))
    again = Dataset.from_json(metadata, bulk_data_uri_handler=bulk_data)
    assert again.PixelData == study[0].PixelData
    assert again.PatientName == study[0].PatientName
    assert len(client.retrieve_series_metadata(*uids_of(study[0])[:2])) == 2
    assert len(client.retrieve_study_metadata(study[0].StudyInstanceUID)) == 3


def test_frames_come_back(client: DICOMwebClient, study: list[Dataset]) -> None:
    wanted = [pixel_array(study[2], index=index, raw=True).tobytes() for index in (1, 0)]
    assert client.retrieve_instance_frames(*uids_of(study[2]), [2, 1]) == wanted
    runs = client.retrieve_instance_frames(
        *uids_of(study[2]), [1], media_types=(("image/dicom-rle", RLELossless),)
    )
    assert len(runs[0]) < len(wanted[1])
    assert list(client.iter_instance_frames(*uids_of(study[2]), [1])) == wanted[1:]


def test_pictures_come_back(client: DICOMwebClient, study: list[Dataset]) -> None:
    for media_type, name in (("image/png", "PNG"), ("image/jpeg", "JPEG")):
        content = client.retrieve_instance_rendered(*uids_of(study[0]), media_types=(media_type,))
        assert Image.open(BytesIO(content)).format == name
    frame = client.retrieve_instance_frames_rendered(*uids_of(study[2]), [2], media_types=("image/png",))
    shown = np.asarray(Image.open(BytesIO(frame)))
    assert np.array_equal(shown, pixel_array(study[2], index=1))


def test_instances_are_stored(client: DICOMwebClient) -> None:
    dataset = new_instance("CT_small.dcm", generate_uid())
    answer = client.store_instances([dataset])
    assert "FailedSOPSequence" not in answer
    [stored] = answer.ReferencedSOPSequence
    assert stored.ReferencedSOPInstanceUID == dataset.SOPInstanceUID
    other = new_instance("CT_small.dcm", dataset.StudyInstanceUID)
    assert client.store_instances([other], study_instance_uid=dataset.StudyInstanceUID).ReferencedSOPSequence
    assert len(client.search_for_instances(dataset.StudyInstanceUID)) == 2


def test_the_command_line(served: Served, tmp_path: Path) -> None:
    dataset = new_instance("CT_small.dcm", generate_uid())
    (tmp_path / "new.dcm").write_bytes(file_of(dataset))

    def run(*arguments: str) -> bytes:
        token = ["--bearer-token", served.token] if served.token else []
        program = str(Path(sys.executable).with_name("dicomweb_client"))
        command = [program, *token, "--url", served.url, *arguments]
        return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout

    study, series, instance = uids_of(dataset)
    run("store", "instances", str(tmp_path / "new.dcm"))
    [found] = json.loads(run("search", "studies", "--filter", f"StudyInstanceUID={study}"))
    assert found["0020000D"]["Value"] == [study]
    whole = ("--study", study, "--series", series, "--instance", instance)
    metadata = json.loads(run("retrieve", "instances", *whole, "metadata"))
    assert metadata["00080018"]["Value"] == [instance]
    run("retrieve", "instances", *whole, "full", "--save", "--output-dir", str(tmp_path))
    assert (tmp_path / f"{instance}.dcm").is_file()
