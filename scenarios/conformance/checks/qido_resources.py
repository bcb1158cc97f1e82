"""Which resources can be searched, in which media types results come, and how a new study appears."""

import time
from http import HTTPStatus

from scenarios.conformance import dicom_xml
from scenarios.conformance.answers import Datasets
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import Unsupported, Violation, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.media_type import ANY, DICOM_JSON, DICOM_XML, multipart
from scenarios.conformance.target import Capability
from scenarios.conformance.verdict import Severity

SECONDS_TO_APPEAR = 10.0


def of_study_a(base: Stock, *, modality: str = "") -> list[str]:
    """Return the SOP Instance UIDs of study `a`, in order."""
    return sorted(
        instance.uid
        for instance in base
        if instance.study_uid == base["a-sr"].study_uid and modality in {"", instance.dataset.Modality}
    )


@check("QIDO-001", needs=F.BASE)
def studies_are_searchable(archive: Archive, base: Stock) -> None:
    """GET /studies with a PatientID gives the study of that patient."""
    found = archive.search("/studies", PatientID=base["b"].patient_id)
    expect_equal(found.uids, [base["b"].study_uid], "studies")


@check("QIDO-002", needs=F.BASE)
def the_series_of_a_study_are_searchable(archive: Archive, base: Stock) -> None:
    """GET /studies/{study}/series gives exactly its three series."""
    found = archive.search(f"{base['a-sr'].study_path}/series")
    expected = {base[label].series_uid for label in ("a-1-1", "a-2-1", "a-sr")}
    expect_equal(sorted(found.uids), sorted(expected), "series")


@check("QIDO-003", needs=F.BASE)
def the_instances_of_a_series_are_searchable(archive: Archive, base: Stock) -> None:
    """GET /studies/{study}/series/{series}/instances gives exactly its three instances."""
    found = archive.search(f"{base['a-1-1'].series_path}/instances")
    expected = [base[f"a-1-{number}"].uid for number in (1, 2, 3)]
    expect_equal(sorted(found.uids), sorted(expected), "instances")


@check("QIDO-004", needs=F.BASE, capability=Capability.RELATIONAL_SEARCH)
def the_instances_of_a_study_are_searchable(archive: Archive, base: Stock) -> None:
    """GET /studies/{study}/instances gives the seven instances of its three series."""
    found = archive.search(f"{base['a-sr'].study_path}/instances")
    expect_equal(sorted(found.uids), of_study_a(base), "instances")


@check("QIDO-005", needs=F.BASE, capability=Capability.RELATIONAL_SEARCH)
def series_of_all_studies_are_searchable(archive: Archive, base: Stock) -> None:
    """GET /series with a SeriesInstanceUID gives that series."""
    series = base["a-2-1"].series_uid
    expect_equal(archive.search("/series", SeriesInstanceUID=series).uids, [series], "series")


@check("QIDO-006", needs=F.BASE, capability=Capability.RELATIONAL_SEARCH)
def instances_of_all_studies_are_searchable(archive: Archive, base: Stock) -> None:
    """GET /instances with a SOPInstanceUID gives that instance."""
    uid = base["a-2-3"].uid
    expect_equal(archive.search("/instances", SOPInstanceUID=uid).uids, [uid], "instances")


@check("QIDO-007", needs=F.BASE)
def dicom_json_is_the_default(archive: Archive, base: Stock) -> None:
    """Asked for application/dicom+json, and asked for anything, a search answers application/dicom+json."""
    for accept in (DICOM_JSON, ANY):
        response = archive.get("/studies", {"PatientID": base["b"].patient_id}, accept=accept)
        expect_equal(response.content_type.name, DICOM_JSON, f"Content-Type for Accept: {accept}")
        expect_equal(Datasets.of(response, "studies").uids, [base["b"].study_uid], "studies")


@check("QIDO-008", needs=F.BASE, capability=Capability.XML)
def results_come_as_xml_one_part_each(archive: Archive, base: Stock) -> None:
    """Asked for XML, a search of three series gives three parts, each a NativeDicomModel."""
    response = archive.get(f"{base['a-sr'].study_path}/series", accept=multipart(DICOM_XML))
    parts = archive.parts(response).parts
    documents = [dicom_xml.read(part.body) for part in parts]
    expect(all(document.dataset for document in documents), "a NativeDicomModel in each part", got=response)
    uids = sorted(found.dataset.text("SeriesInstanceUID") for found in documents if found.dataset)
    expected = {base[label].series_uid for label in ("a-1-1", "a-2-1", "a-sr")}
    expect_equal(uids, sorted(expected), "series of the parts")


@check("QIDO-009", needs=F.BASE)
def application_json_is_tolerated(archive: Archive, base: Stock) -> None:
    """Accept: application/json alone, a fallback of clients, gives the results as JSON; 406 is valid too."""
    study = base["b"]
    response = archive.get("/studies", {"PatientID": study.patient_id}, accept="application/json")
    if response.status == HTTPStatus.NOT_ACCEPTABLE:
        raise Unsupported("Accept: application/json is refused with 406")
    expect(response.content_type.is_json, "a JSON type", got=response.content_type)
    expect_equal(Datasets.of(response, "studies").uids, [study.study_uid], "studies")


@check("QIDO-077", needs=F.BASE)
def below_an_unknown_study_is_nothing(archive: Archive, base: Stock) -> None:
    """The series of a study that does not exist are an empty list; 404 is the other reading."""
    expect_equal(len(archive.search(f"{base['b'].study_path}/series")), 1, "series of a study that exists")
    response = archive.get(f"/studies/{base.names.uid('nowhere')}/series", accept=DICOM_JSON)
    if response.status == HTTPStatus.NOT_FOUND:
        archive.warn("DR-15: a search below an unknown study is 404")
        return
    valid = response.status in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}
    expect(valid, "200, 204 or 404", got=response, severity=Severity.FAIL)
    expect_equal(len(Datasets.of(response)), 0, "number of series", severity=Severity.FAIL)


@check("QIDO-084", needs=F.BASE)
def an_unacceptable_accept_is_refused(archive: Archive, base: Stock) -> None:
    """Accept: image/png on a search gives 406; an answer in the default type is the other reading."""
    keys = {"PatientID": base["b"].patient_id}
    expect_equal(len(archive.search("/studies", keys)), 1, "studies with an acceptable type")
    response = archive.get("/studies", keys, accept="image/png")
    if response.status == HTTPStatus.OK and response.content_type.name == DICOM_JSON:
        archive.warn("DR-33: what is not acceptable is answered in the default type")
        return
    expect_equal(response.status, HTTPStatus.NOT_ACCEPTABLE, "status")


@check("QIDO-082", writes=True)
def a_stored_study_becomes_searchable(archive: Archive) -> None:
    """After stores of a CT and an MR series the study is found once, with both modalities and both images."""
    first = archive.image("1", series="ct", Modality="CT")
    second = archive.image("2", series="mr", Modality="MR", SeriesNumber=2, number=2)
    archive.stored(first)
    archive.stored(second)
    until = time.monotonic() + SECONDS_TO_APPEAR
    while True:
        found = archive.search("/studies", StudyInstanceUID=first.study_uid)
        expect(len(found) <= 1, "the study once", got=found.uids)
        if found and _is_merged(found):
            return
        if time.monotonic() > until:
            raise Violation(
                f"one study of CT and MR with 2 instances within {SECONDS_TO_APPEAR:.0f} s", found.found
            )
        archive.note("a stored study is not searchable at once")
        time.sleep(0.5)


def _is_merged(found: Datasets) -> bool:
    study = found.only
    counts = {str(study.value(f"NumberOfStudyRelated{level}")) for level in ("Series", "Instances")}
    return sorted(study.values("ModalitiesInStudy")) == ["CT", "MR"] and counts == {"2"}
