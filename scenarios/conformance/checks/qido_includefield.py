"""Which attributes come back because they were asked for: includefield, and the keys of the search."""

from http import HTTPStatus

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import CouldNotRun, Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import PRIVATE_CREATOR
from scenarios.conformance.fixtures.values import PRIVATE_TEXT
from scenarios.conformance.verdict import Severity

ASKED = ("StudyDescription", "PatientSex")
BELOW_STUDY = ("Modality", "SeriesNumber", "Rows", "SOPInstanceUID")


@check("QIDO-034", needs=F.BASE)
def fields_come_as_a_list_or_repeated(archive: Archive, base: Stock) -> None:
    """Two fields separated by a comma, and in two parameters, give the same attributes, both among them."""
    patient = ("PatientID", base["b"].patient_id)
    for names in (ASKED, ASKED[::-1]):
        listed = archive.search(f"/studies?includefield={','.join(names)}", [patient]).only
        repeated = archive.search("/studies", [patient, *(("includefield", name) for name in names)]).only
        for found, form in ((listed, "a list"), (repeated, "two parameters")):
            values = [found.text(name) for name in ASKED]
            expect_equal(values, ["Study b", "O"], f"{' and '.join(names)} asked for by {form}")
        expect_equal(sorted(repeated.attributes), sorted(listed.attributes), "tags of the result")


@check("QIDO-035", needs=F.BASE)
def a_field_by_tag_means_the_same_as_by_keyword(archive: Archive, base: Stock) -> None:
    """includefield=00081030 gives what includefield=StudyDescription gives."""
    patient = base["b"].patient_id
    by_tag, by_keyword = (
        archive.search("/studies", PatientID=patient, includefield=name).only
        for name in ("00081030", "StudyDescription")
    )
    for found in (by_tag, by_keyword):
        expect_equal(found.text("StudyDescription"), "Study b", "StudyDescription")
    expect_equal(sorted(by_tag.attributes), sorted(by_keyword.attributes), "tags of the result")


@check("QIDO-036", needs=F.BASE)
def all_fields_are_a_superset_of_the_default(archive: Archive, base: Stock) -> None:
    """includefield=all gives every attribute of the default and Study Description."""
    patient = base["b"].patient_id
    default = archive.search("/studies", PatientID=patient).only
    everything = archive.search("/studies", PatientID=patient, includefield="all").only
    missing = sorted(set(default.attributes) - set(everything.attributes))
    expect(not missing, "every attribute of the default", got=f"none of {missing}")
    expect_equal(everything.text("StudyDescription"), "Study b", "StudyDescription")


@check("QIDO-037", needs=F.BASE)
def all_fields_and_one_more_are_answered_or_refused(archive: Archive, base: Stock) -> None:
    """includefield=all beside another field, which a client must not send, gives results or 400."""
    study = base["b"]
    expect_equal(len(archive.search("/studies", PatientID=study.patient_id)), 1, "studies without fields")
    fields = [("includefield", "all"), ("includefield", "StudyDescription")]
    response = archive.get("/studies", [("PatientID", study.patient_id), *fields])
    no_error = response.status < HTTPStatus.INTERNAL_SERVER_ERROR
    expect(no_error, "no server error", got=response, severity=Severity.FAIL)
    if response.status == HTTPStatus.BAD_REQUEST:
        archive.note("all beside another field is refused with 400")
        return
    found = archive.search("/studies", [("PatientID", study.patient_id), *fields])
    expect_equal(found.uids, [study.study_uid], "studies")
    archive.note("all beside another field is answered")


@check("QIDO-038", needs=F.BASE)
def a_study_has_no_attributes_of_lower_levels(archive: Archive, base: Stock) -> None:
    """A study result has neither Modality nor Rows, even if they are asked for."""
    study = base["b"]
    for fields in (",".join(BELOW_STUDY), "all"):
        found = archive.search(f"/studies?includefield={fields}", PatientID=study.patient_id)
        expect_equal(found.uids, [study.study_uid], "studies")
        below = [name for name in BELOW_STUDY if name in found.only]
        expect(not below, f"no attribute of a lower level with includefield={fields}", got=below)


@check("QIDO-039", needs=F.BASE)
def a_series_has_study_attributes_if_asked(archive: Archive, base: Stock) -> None:
    """Below a study, a series result has PatientID and StudyDate if includefield asks for them."""
    study = base["b"]
    found = archive.search(f"{study.study_path}/series?includefield=PatientID,StudyDate").only
    expect_equal(found.text("PatientID"), study.patient_id, "PatientID")
    expect_equal(found.text("StudyDate"), "20200116", "StudyDate")


@check("QIDO-040", needs=F.MATCH)
def keys_are_returned(archive: Archive, match: Stock) -> None:
    """A key that the archive matched by, beside the default attributes, is in the result."""
    keys = {"PatientID": match.text("ABC")}
    if archive.search("/studies", keys, StudyDescription="Nothing").uids:
        raise Unsupported("StudyDescription is not a key of this archive")
    found = archive.search("/studies?StudyDescription=Desc*", keys)
    expect_equal(found.only.text("PatientID"), match.text("ABC"), "PatientID")
    expect_equal(found.only.text("StudyDescription"), "Description 1", "StudyDescription")


@check("QIDO-041", needs=F.VR)
def private_fields_come_with_their_creator(archive: Archive, vr: Stock) -> None:
    """A private field that is asked for with its creator comes back together with the creator element."""
    study = vr["all"]
    path = f"{study.series_path}/instances"
    if archive.search(path).uids != [study.uid]:
        raise CouldNotRun("the instance with private elements is not found")
    response = archive.get(path, {"00090010": PRIVATE_CREATOR, "includefield": "00091001"})
    if response.status == HTTPStatus.BAD_REQUEST:
        raise Unsupported("private fields are refused with 400")
    found = archive.search(path, {"00090010": PRIVATE_CREATOR, "includefield": "00091001"}).only
    if "00091001" not in found:
        raise Unsupported("private fields are not returned")
    expect_equal(found.text("00091001"), PRIVATE_TEXT, "(0009,1001)")
    expect_equal(found.text("00090010"), PRIVATE_CREATOR, "(0009,0010)")
