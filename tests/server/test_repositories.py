"""Each repository has a root of its own; below it is that repository, as far as the caller may see it."""

from collections.abc import Iterator
from io import BytesIO

import httpx
import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.server.hospital import EVERY_DESIGN, Hospital, open_hospital
from tests.server.running import STOW_TYPE, RunningArchive, bearer, changed, payload, split_parts

PATIENT_ID = "00100020"


@pytest.fixture(scope="module", params=EVERY_DESIGN)
def hospital(
    tmp_path_factory: pytest.TempPathFactory, ct: bytes, request: pytest.FixtureRequest
) -> Iterator[Hospital]:
    """North holds a study; the stranger holds a copy of it in south; the reader may see both."""
    archive = RunningArchive(tmp_path_factory.mktemp("repositories") / "data", request.param).start()
    hospital = open_hospital(archive, ct)
    assert archive.store(changed(ct, PatientID="SOUTH"), token=hospital.stranger).status_code == 200
    yield hospital
    archive.end()
    archive.client.close()


def root(hospital: Hospital, repository: str) -> str:
    return f"{hospital.archive.origin}/repositories/{repository}/dicom-web"


def get(hospital: Hospital, repository: str, path: str, token: str) -> httpx.Response:
    return hospital.archive.client.get(f"{root(hospital, repository)}{path}", headers=bearer(token))


def store(hospital: Hospital, repository: str, content: bytes, token: str) -> httpx.Response:
    url = f"{root(hospital, repository)}/studies"
    headers = {"Content-Type": STOW_TYPE} | bearer(token)
    return hospital.archive.client.post(url, content=payload([content]), headers=headers)


def patients(answer: httpx.Response) -> list[str]:
    return [each[PATIENT_ID]["Value"][0] for each in answer.json()]


def test_a_root_shows_its_repository_alone(hospital: Hospital) -> None:
    north = hospital.dataset.PatientID
    assert patients(get(hospital, "north", "/studies", hospital.reader)) == [north]
    assert patients(get(hospital, "south", "/studies", hospital.stranger)) == ["SOUTH"]
    assert get(hospital, "south", "/studies", hospital.owner).json() == []
    both = hospital.archive.get("/studies", token=hospital.reader)
    assert sorted(patients(both)) == sorted([north, "SOUTH"])


def test_a_retrieval_takes_the_copy_of_its_root(hospital: Hospital) -> None:
    for repository, token, patient in (
        ("north", hospital.owner, hospital.dataset.PatientID),
        ("south", hospital.stranger, "SOUTH"),
    ):
        [part] = split_parts(get(hospital, repository, hospital.instance, token))
        assert dcmread(BytesIO(part)).PatientID == patient
        metadata = get(hospital, repository, f"{hospital.instance}/metadata", token)
        assert patients(metadata) == [patient]
        uri = metadata.json()[0]["7FE00010"]["BulkDataURI"]
        assert uri.startswith(root(hospital, repository))
        assert hospital.archive.client.get(uri, headers=bearer(token)).status_code == 200


def test_another_repository_is_as_unknown_as_one_that_is_not(hospital: Hospital) -> None:
    for path in (hospital.study, hospital.instance, f"{hospital.instance}/frames/1"):
        invisible = get(hospital, "north", path, hospital.stranger)
        unknown = get(hospital, "nowhere", path, hospital.stranger)
        assert invisible.status_code == unknown.status_code == 404
        assert invisible.content == unknown.content
    assert get(hospital, "nowhere", "/studies", hospital.stranger).json() == []
    fresh = changed(hospital.content, StudyInstanceUID=generate_uid(), SOPInstanceUID=generate_uid())
    refused = [store(hospital, name, fresh, hospital.stranger) for name in ("north", "nowhere")]
    assert [answer.status_code for answer in refused] == [403, 403]
    assert refused[0].content == refused[1].content


def test_a_store_at_a_root_stays_in_its_repository(hospital: Hospital) -> None:
    """The common root would continue the study where the caller may append; this root begins it anew."""
    shared = hospital.share("user", "viewer", ["R", "A"])
    hospital.archive.manage("/shares", shared, hospital.owner).raise_for_status()
    uid = generate_uid()
    more = changed(hospital.content, SOPInstanceUID=uid, PatientID="VIEWER")
    answer = store(hospital, "south", more, hospital.viewer)
    assert answer.status_code == 200
    located = answer.json()["00081199"]["Value"][0]["00081190"]["Value"][0]
    assert located.startswith(root(hospital, "south"))
    assert hospital.archive.client.get(located, headers=bearer(hospital.viewer)).status_code == 200
    found = get(hospital, "north", f"/instances?SOPInstanceUID={uid}", hospital.owner)
    assert found.json() == []


def test_a_root_asks_who_is_there(hospital: Hospital) -> None:
    for name in ("north", "nowhere"):
        answer = hospital.archive.client.get(f"{root(hospital, name)}{hospital.study}")
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_with_accounting_off_the_default_repository_has_a_root(plain: RunningArchive, ct: bytes) -> None:
    assert plain.store(ct).status_code == 200
    study = dcmread(BytesIO(ct)).StudyInstanceUID
    urls = [f"{plain.origin}/repositories/{name}/dicom-web/studies" for name in ("default", "nowhere")]
    found = [plain.client.get(url, params={"StudyInstanceUID": study}).json() for url in urls]
    assert [len(each) for each in found] == [1, 0]
    headers = {"Content-Type": STOW_TYPE}
    stored = [plain.client.post(url, content=payload([ct]), headers=headers).status_code for url in urls]
    assert stored == [200, 403]


def test_urls_of_another_repository_lead_there(hospital: Hospital) -> None:
    """The reader, who is of south and sees both studies, is told where to find the one of north."""
    found = hospital.archive.get("/studies?includefield=all", token=hospital.reader).json()
    expected = {"north": hospital.dataset.PatientID, "south": "SOUTH"}
    urls = {each[PATIENT_ID]["Value"][0]: each["00081190"]["Value"][0] for each in found}
    study = hospital.study
    assert urls[expected["north"]] == f"{root(hospital, 'north')}{study}"
    assert urls["SOUTH"] == f"{hospital.archive.base}{study}"
    alone = hospital.archive.get("/studies", token=hospital.owner).json()
    assert [each["00081190"]["Value"][0] for each in alone] == [f"{hospital.archive.base}{study}"]
    for patient, url in urls.items():
        metadata = hospital.archive.client.get(f"{url}/metadata", headers=bearer(hospital.reader))
        assert patients(metadata)[0] == patient
        assert set(expected.values()) & set(patients(metadata)) == {patient}
        uri = metadata.json()[0]["7FE00010"]["BulkDataURI"]
        assert hospital.archive.client.get(uri, headers=bearer(hospital.reader)).status_code == 200
