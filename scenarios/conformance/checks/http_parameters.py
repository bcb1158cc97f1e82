"""How query parameters are read (PS3.18 8.3): names, values, encoding."""

from http import HTTPStatus

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock


@check("HTTP-002", needs=F.BASE)
def an_unknown_parameter_is_ignored(archive: Archive, base: Stock) -> None:
    """A search with a parameter that is no attribute gives the same studies as without it."""
    study = base["b"]
    found = archive.search("/studies", PatientID=study.patient_id, zzqqUnknown=1)
    expect_equal(found.uids, [study.study_uid], "studies")


@check("HTTP-003", needs=F.BASE)
def an_invalid_value_is_refused(archive: Archive, base: Stock) -> None:
    """limit, offset and fuzzymatching with a value that they cannot have give 400."""
    patient = base["b"].patient_id
    expect_equal(len(archive.search("/studies", PatientID=patient, limit=1)), 1, "results with a valid limit")
    for name, value in (("limit", "abc"), ("limit", "-1"), ("offset", "x"), ("fuzzymatching", "maybe")):
        response = archive.get("/studies", {"PatientID": patient, name: value})
        expect(response.status == HTTPStatus.BAD_REQUEST, f"400 for {name}={value}", got=response)


@check("HTTP-004", needs=F.PAGE)
def parameter_names_are_case_sensitive(archive: Archive, page: Stock) -> None:
    """`Limit` is not `limit`: it is an unknown parameter and ignored."""
    found = archive.search("/studies", PatientID=page.patient_id, Limit=1)
    expect(len(found) > 1, "more than one result", got=len(found))


@check("HTTP-005", needs=F.BASE)
def a_tag_means_the_same_as_its_keyword(archive: Archive, base: Stock) -> None:
    """A search by 00100020 finds what a search by PatientID finds."""
    study = base["b"]
    for key in ("PatientID", "00100020"):
        found = archive.search("/studies", {key: study.patient_id})
        expect_equal(found.uids, [study.study_uid], f"studies by {key}")


@check("HTTP-006", needs=F.SEQ)
def a_path_reaches_into_a_sequence(archive: Archive, seq: Stock) -> None:
    """Attributes of a sequence item are addressed by keywords, by tags, and by both mixed."""
    step = seq.text("S1")
    for key in (
        "RequestAttributesSequence.ScheduledProcedureStepID",
        "00400275.00400009",
        "RequestAttributesSequence.00400009",
    ):
        found = archive.search("/series", {key: step})
        expect_equal(found.uids, [seq["two"].series_uid], f"series by {key}")


@check("HTTP-007", needs=F.MATCH)
def an_encoded_ampersand_belongs_to_the_value(archive: Archive, match: Stock) -> None:
    """`%26` in a value is an ampersand and does not begin another parameter."""
    found = archive.search("/studies", PatientID=match.text("A&D"))
    expect_equal(found.uids, [match["A&D"].study_uid], "studies with A&D in the PatientID")


@check("HTTP-007", needs=F.CHARSET)
def encoded_text_is_utf_8(archive: Archive, charset: Stock) -> None:
    """`%C3%84` in a value is the letter Ä."""
    study = charset["latin-1"]
    found = archive.search("/studies", PatientName="Äneas*", PatientID=study.patient_id)
    expect_equal(found.uids, [study.study_uid], "studies of Äneas")


@check("HTTP-008", needs=F.BASE)
def a_tag_may_be_written_in_lower_case(archive: Archive, base: Stock) -> None:
    """0020000d means the same as 0020000D."""
    uid = base["b"].study_uid
    for key in ("0020000D", "0020000d"):
        expect_equal(archive.search("/studies", {key: uid}).uids, [uid], f"studies by {key}")
