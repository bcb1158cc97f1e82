"""Searches: what matches, what is returned, how pages are cut, and what is refused."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from pydicom import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from tests.server.running import RunningArchive, split_parts

ROOT_UID = "1.2.826.0.1.3680043.10.1"
STUDIES: tuple[dict[str, str], ...] = (
    {"PatientID": "AB1", "PatientName": "Müller^Jörg", "StudyDate": "20200110", "AccessionNumber": "A%B"},
    {"PatientID": "AB2", "PatientName": "Doe^John", "StudyDate": "20200115", "AccessionNumber": "A_B"},
    {"PatientID": "B[1]", "PatientName": "Doe^Jane", "StudyDate": "20200120", "AccessionNumber": "AxB"},
    {"PatientID": "ab1", "PatientName": "Yamada^Tarou=山田^太郎", "StudyDate": "", "AccessionNumber": ""},
)
MODALITIES = (("CT", "SR"), ("CT",), ("MR",), ("US",))


def request(step: str, procedure: str) -> Dataset:
    """Return an item of a Request Attributes Sequence."""
    item = Dataset()
    item.ScheduledProcedureStepID = step
    item.RequestedProcedureID = procedure
    return item


def instance(number: int, series: int, item: int) -> bytes:
    """Return an instance of one of the studies above."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for keyword, text in STUDIES[number].items():
        setattr(dataset, keyword, text)
    dataset.StudyTime = f"{9 + number:02d}3000"
    dataset.StudyInstanceUID = f"{ROOT_UID}.{number}"
    dataset.SeriesInstanceUID = f"{ROOT_UID}.{number}.{series}"
    dataset.SOPInstanceUID = f"{ROOT_UID}.{number}.{series}.{item}"
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.Modality = MODALITIES[number][series]
    dataset.SeriesNumber = series + 1
    dataset.InstanceNumber = item + 1
    dataset.StudyDescription = f"Study {number}"
    dataset.Rows = 16 * (item + 1)
    code = Dataset()
    code.CodeValue = f"C{number}"
    dataset.AnatomicRegionSequence = [code]
    dataset.OtherPatientIDs = ["X1", f"Y{number}"]
    dataset.AcquisitionDateTime = f"2020011{number}1200+0100"
    dataset.RequestAttributesSequence = [request("S1", "R1"), request("S2", "R2")]
    if number < 2:
        dataset.private_block(0x0009, "FIRST", create=True)
    block = dataset.private_block(0x0009, "ACME", create=True)
    block.add_new(0x01, "LO", f"secret {number}")
    block.add_new(0x02, "US", number)
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningArchive]:
    archive = RunningArchive(tmp_path_factory.mktemp("search")).start()
    for number, modalities in enumerate(MODALITIES):
        parts = [instance(number, series, item) for series in range(len(modalities)) for item in range(2)]
        assert archive.store(*parts).status_code == 200
    yield archive
    archive.end()
    archive.client.close()


def found(archive: RunningArchive, query: str) -> list[int]:
    """Return the numbers of the studies that a search for studies finds, in order."""
    answer = archive.get(f"/studies?{query}")
    assert answer.status_code == 200, answer.text
    return [int(each["0020000D"]["Value"][0].rpartition(".")[2]) for each in answer.json()]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [0, 1, 2, 3]),
        ("PatientID=AB1", [0]),
        ("00100020=AB1", [0]),
        ("PatientID=AB*", [0, 1]),
        ("PatientID=AB?", [0, 1]),
        ("PatientID=*1*", [0, 2, 3]),
        ("PatientID=B%5B1%5D", [2]),
        ("PatientID=B%5B1*", [2]),
        ("PatientID=", [0, 1, 2, 3]),
        ("PatientID=*", [0, 1, 2, 3]),
        ("AccessionNumber=A%25B", [0]),
        ("AccessionNumber=A_B", [1]),
        ("AccessionNumber=A?B", [0, 1, 2]),
        ("PatientName=doe%5EJOHN", [1]),
        ("PatientName=DOE*", [1, 2]),
        ("PatientName=m%C3%BCller*", [0]),
        ("PatientName=M%C3%9CLLER*", [0]),
        ("PatientName=%E5%B1%B1%E7%94%B0*", [3]),
        ("StudyDate=20200115", [1]),
        ("StudyDate=20200110-20200115", [0, 1]),
        ("StudyDate=20200115-", [1, 2]),
        ("StudyDate=-20200115", [0, 1]),
        ("StudyTime=0930-1030", [0, 1]),
        ("StudyTime=1130", [2]),
        ("StudyDate=20200110-20200120&StudyTime=1000-1100", [1]),
        ("StudyDate=20200109-20200121&StudyTime=1000-1100", [0, 1, 2]),
        ("StudyDate=20200110-&StudyTime=0931-", [1, 2]),
        ("StudyDate=-20200115&StudyTime=-1030", [0, 1]),
        ("StudyDate=20200115&StudyTime=1000-1100", [1]),
        ("StudyDate=20200115&StudyTime=1100-", []),
        ("ModalitiesInStudy=CT", [0, 1]),
        ("ModalitiesInStudy=SR", [0]),
        (f"StudyInstanceUID={ROOT_UID}.1", [1]),
        (f"StudyInstanceUID={ROOT_UID}.1,{ROOT_UID}.3,1.2.3", [1, 3]),
        (f"StudyInstanceUID={ROOT_UID}.1%5C%5C{ROOT_UID}.3", [1, 3]),
        ("StudyDescription=Study%202", [2]),
        ("PatientID=AB*&StudyDate=20200115", [1]),
        ("fuzzymatching=true&PatientName=Doe*", [1, 2]),
        ("fuzzymatching=true&PatientName=jorg%20mull", [0]),
        ("fuzzymatching=true&PatientName=JOHN", [1]),
        ("fuzzymatching=true&PatientName=doe%5Ej", [1, 2]),
        ("fuzzymatching=true&PatientName=ja?e", [2]),
        ("fuzzymatching=true&PatientName=%E5%A4%AA", [3]),
        ("fuzzymatching=true&PatientName=ohn", []),
        ("fuzzymatching=true&PatientName=%5E", []),
        ("fuzzymatching=false&PatientName=JOHN", []),
        ("PatientName=Yamada%5ETarou=%E5%B1%B1%E7%94%B0*", [3]),
        ("PatientName==%E5%B1%B1%E7%94%B0*", [3]),
        ("PatientName=Doe*=%E5%B1%B1%E7%94%B0*", []),
        ("emptyvaluematching=true&AccessionNumber=%22%22", [3]),
        ("emptyvaluematching=true&StudyDate=%22%22", [3]),
        ("emptyvaluematching=true&PatientComments=%22%22", [0, 1, 2, 3]),
        ("emptyvaluematching=true&PatientName=%22%22", []),
        ("emptyvaluematching=true&ModalitiesInStudy=%22%22", []),
        ("AccessionNumber=%22%22", []),
        ("multiplevaluematching=true&OtherPatientIDs=Y1,X1", [1]),
        ("multiplevaluematching=true&OtherPatientIDs=Y1%5CY2", []),
        ("multiplevaluematching=true&ModalitiesInStudy=CT,SR", [0]),
        ("ModalitiesInStudy=SR,MR", [0, 2]),
        ("StudyDate=20200110-&StudyTime=-1030", [0, 1]),
        ("StudyTime=093000.0", [0]),
        ("StudyTime=09", [0]),
        ("PatientID=**", [0, 1, 2, 3]),
        ("SpecificCharacterSet=nonsense&PatientID=AB1", [0]),
        ("zzqqUnknown=1&PatientID=AB1", [0]),
        ("limit=2", [0, 1]),
        ("limit=2&offset=1", [1, 2]),
        ("offset=4", []),
        ("offset=9999999999999999999", []),
        ("limit=0", []),
        ("PatientID=none", []),
    ],
)
def test_studies_match(filled: RunningArchive, query: str, numbers: list[int]) -> None:
    assert found(filled, query) == numbers


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/series", 5),
        ("/series?Modality=CT", 2),
        ("/series?SeriesNumber=2", 1),
        ("/series?PatientID=AB1", 2),
        ("/instances", 10),
        ("/instances?Modality=CT&InstanceNumber=1", 2),
        ("/instances?Rows=32", 5),
        ("/instances?AnatomicRegionSequence.CodeValue=C2", 2),
        ("/instances?00082218.00080100=C*", 10),
        ("/instances?AcquisitionDateTime=2020011111", 2),
        ("/instances?AcquisitionDateTime=202001111200%2B0100", 2),
        ("/instances?AcquisitionDateTime=2020011112", 0),
        ("/instances?AcquisitionDateTime=2020011112&TimezoneOffsetFromUTC=%2B0100", 2),
        ("/instances?AcquisitionDateTime=20200111-20200112", 4),
        ("/instances?AcquisitionDateTime=-20200111", 6),
        ("/series?00400275.00400009=S1&RequestAttributesSequence.RequestedProcedureID=R1", 5),
        ("/series?00400275.00400009=S1&RequestAttributesSequence.RequestedProcedureID=R2", 0),
        ("/instances?00090010=ACME", 10),
        ("/instances?00090010=FIRST", 6),
        ("/instances?00090010=ACME&00091001=secret*", 10),
        ("/instances?00090010=ACME&00091001=secret%201", 2),
        ("/instances?00090010=ACME&00091002=3", 2),
        ("/instances?00090010=FIRST&00091001=secret*", 0),
        (f"/studies/{ROOT_UID}.0/series", 2),
        (f"/studies/{ROOT_UID}.0/series?Modality=SR", 1),
        (f"/studies/{ROOT_UID}.0/instances", 4),
        (f"/studies/{ROOT_UID}.0/series/{ROOT_UID}.0.1/instances", 2),
        (f"/studies/{ROOT_UID}.1/series/{ROOT_UID}.0.1/instances", 0),
        ("/studies/2.25.1/series", 0),
        ("/series?limit=3&offset=3", 2),
    ],
)
def test_each_resource_is_searched(filled: RunningArchive, path: str, count: int) -> None:
    assert len(filled.get(path).json()) == count


@pytest.mark.parametrize(
    "query",
    [
        "limit=abc", "limit=-1", "limit=1&limit=2", "limit=", "offset=x", "offset=-5", "fuzzymatching=maybe",
        "emptyvaluematching=x", "TimezoneOffsetFromUTC=x",
        "StudyDate=2020", "StudyDate=20201301", "StudyDate=-", "StudyDate=today", "StudyTime=25",
    ],
)  # fmt: skip
def test_an_invalid_value_is_refused(filled: RunningArchive, query: str) -> None:
    assert filled.get(f"/studies?{query}").status_code == 400


def test_a_moment_that_cannot_be_is_refused(filled: RunningArchive) -> None:
    assert filled.get("/instances?AcquisitionDateTime=20200231").status_code == 400


def test_results_carry_what_their_level_requires(filled: RunningArchive) -> None:
    study = filled.get(f"/studies?StudyInstanceUID={ROOT_UID}.0").json()[0]
    assert study["00080061"]["Value"] == ["CT", "SR"]
    assert (study["00201206"]["Value"], study["00201208"]["Value"]) == ([2], [4])
    required = (
        "00080020 00080030 00080050 00080056 00080090 00100010 00100020 00100030 00100040 0020000D 00200010"
    )
    assert set(required.split()) <= set(study)
    assert study["00100040"] == {"vr": "CS"}
    series = filled.get(f"/studies/{ROOT_UID}.0/series").json()[1]
    assert series["00201209"]["Value"] == [2]
    assert "00100020" not in series
    [item, _] = filled.get(f"/studies/{ROOT_UID}.0/series/{ROOT_UID}.0.1/instances").json()
    assert {"00080016", "00080018", "00200013", "00081190", "00280010"} <= set(item)
    assert filled.client.get(item["00081190"]["Value"][0]).status_code == 200
    assert "00100020" in filled.get("/instances?limit=1").json()[0]


@pytest.mark.parametrize(
    "query",
    [
        "includefield=StudyDescription,00080090",
        "includefield=00081030&includefield=ReferringPhysicianName",
        "includefield=all",
    ],
)
def test_fields_are_included(filled: RunningArchive, query: str) -> None:
    assert filled.get(f"/studies?limit=1&{query}").json()[0]["00081030"]["Value"] == ["Study 0"]
    assert "00081030" not in filled.get("/studies?limit=1").json()[0]
    [item] = filled.get(f"/instances?limit=1&{query},AnatomicRegionSequence").json()
    assert "00082218" in item


def test_private_fields_come_from_the_block_of_their_creator(filled: RunningArchive) -> None:
    path = f"/studies/{ROOT_UID}.1/instances?limit=1&00090010=ACME"
    [item] = filled.get(f"{path}&includefield=00091001").json()
    private = {tag: value["Value"] for tag, value in item.items() if tag.startswith("0009")}
    assert private == {"00090011": ["ACME"], "00091101": ["secret 1"]}
    [item] = filled.get(f"{path}&00091002=1&includefield=00091001").json()
    assert {"00091101", "00091102"} <= set(item)
    assert "00091101" not in filled.get(path).json()[0]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=1", "There are 3 additional results"),
        ("limit=1&offset=2", "There are 1 additional results"),
        ("limit=1&offset=3", None),
        ("limit=4", None),
        ("", None),
        ("Rows=1", "is not an attribute of this level"),
        ("InstanceAvailability=ONLINE", "is not matched"),
        ("RequestAttributesSequence=1", "is not an attribute of this level"),
        ("ProcedureCodeSequence=1", "has no value that can be matched"),
        ("PatientID.PatientName=1", "leads through what is no sequence"),
        ("multiplevaluematching=true&PatientID=A,B", "with one value"),
        ("TimezoneOffsetFromUTC=%2B0100&StudyDate=20200110", "not applied to dates"),
    ],
)
def test_warnings_say_what_remains_and_what_was_ignored(
    filled: RunningArchive, query: str, words: str | None
) -> None:
    warning = filled.get(f"/studies?{query}").headers.get("warning")
    assert warning is None if words is None else words in str(warning)


def test_results_come_as_xml(filled: RunningArchive) -> None:
    xml = 'multipart/related; type="application/dicom+xml"'
    answer = filled.get("/studies?PatientID=AB*&limit=1", xml)
    assert answer.headers["content-type"].startswith("multipart/related")
    assert "1 additional" in answer.headers["warning"]
    [part] = split_parts(answer)
    assert b"<NativeDicomModel" in part
    assert b"M\xc3\xbcller" in part
    assert part.count(filled.base.encode()) == 1  # the Retrieve URL
    nothing = filled.get("/studies?PatientID=none", xml)
    assert (nothing.status_code, nothing.content) == (204, b"")
    assert filled.get("/studies", "application/dicom+xml").status_code == 406


def test_what_is_not_supported_is_ignored_with_a_warning(filled: RunningArchive) -> None:
    answer = filled.get("/studies?zzqq%E5%B1%B1%0D%0A%22=1&00091001=x&includefield=nothing")
    assert len(answer.json()) == 4
    assert len(answer.headers.get_list("warning")) == 3
    assert all(each.startswith("299 ") for each in answer.headers.get_list("warning"))


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/dicom+json", 200),
        ("application/json", 200),
        ("application/dicom+json, application/json", 200),
        ("toto, application/dicom+json", 200),
        ("text/html, */*;q=0.8", 200),
        ("application/dicom+json;q=0.2, */*;q=0.1", 200),
        ("image/png", 406),
        ("application/dicom+json;q=0", 406),
    ],
)
def test_the_answer_is_dicom_json(filled: RunningArchive, accept: str, status: int) -> None:
    answer = filled.get("/studies", accept)
    assert answer.status_code == status
    if status == 200:
        assert answer.headers["content-type"] == "application/dicom+json"


def test_pages_of_any_size_visit_each_result_once(filled: RunningArchive) -> None:
    whole = [each["00080018"]["Value"][0] for each in filled.get("/instances").json()]
    for size in (1, 3, 4):
        pages = [
            each["00080018"]["Value"][0]
            for offset in range(0, 12, size)
            for each in filled.get(f"/instances?limit={size}&offset={offset}").json()
        ]
        assert pages == whole
