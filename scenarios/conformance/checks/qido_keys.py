"""Which attributes can be searched by, level by level (PS3.18 Table 10.6.1-5)."""

from collections.abc import Mapping
from http import HTTPStatus

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import CT_IMAGE, PRIVATE_CREATOR
from scenarios.conformance.fixtures.values import PRIVATE_TEXT
from scenarios.conformance.target import Capability
from scenarios.conformance.verdict import Severity

MANY = 12  # the instances of series 2 of study `many` of F-MATCH
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def found_and_not_found(
    archive: Archive, path: str, keys: Mapping[str, tuple[str, str]], expected: str, **fixed: str
) -> None:
    """Search by each key: its first value finds exactly this object, its second value nothing.

    Values are sent as they are, asterisks too: percent-encoding is another requirement.
    """
    for key, (hit, miss) in keys.items():
        found = archive.search(f"{path}?{key}={hit}", fixed).uids
        expect_equal(found, [expected], f"what {key}={hit} finds at {path}")
        missed = archive.search(f"{path}?{key}={miss}", fixed).uids
        expect_equal(missed, [], f"what {key}={miss} finds at {path}")


@check("QIDO-060", needs=F.MATCH)
def studies_are_found_by_the_common_keys(archive: Archive, match: Stock) -> None:
    """A study is found by date, accession number, modality, name, id and UID, and not by another value."""
    study = match["ABC"]
    keys = {
        "StudyDate": ("20200115", "20200116"),
        "AccessionNumber": (str(study.dataset.AccessionNumber), match.text("NONE")),
        "ModalitiesInStudy": ("CT", "US"),
        "PatientName": (f"{match.names.token}1*", f"{match.names.token}2*"),
        "StudyInstanceUID": (study.study_uid, match["ABD"].study_uid),
    }
    found_and_not_found(archive, "/studies", keys, study.study_uid, PatientID=study.patient_id)


@check("QIDO-061", needs=F.MATCH)
def studies_are_found_by_the_other_keys(archive: Archive, match: Stock) -> None:
    """A study is found by time, referring physician and study id, and not by another value."""
    study = match["ABC"]
    keys = {
        "StudyTime": ("110000", "120000"),
        "ReferringPhysicianName": (f"{match.names.token}REF1*", f"{match.names.token}REF2*"),
        "StudyID": ("ID1", "ID2"),
    }
    found_and_not_found(archive, "/studies", keys, study.study_uid, PatientID=study.patient_id)


@check("QIDO-062", needs=F.MATCH)
def series_of_a_study_are_found_by_their_keys(archive: Archive, match: Stock) -> None:
    """Below a study a series is found by modality, number (2 is not 12) and UID."""
    other = match["many-mr"]
    two, twelve = match["many-1"].series_uid, other.series_uid
    path = f"{other.study_path}/series"
    cases = (("Modality", "MR", twelve), ("SeriesNumber", "2", two), ("SeriesNumber", "12", twelve))
    for key, value, series in (*cases, ("SeriesInstanceUID", two, two)):
        expect_equal(archive.search(path, {key: value}).uids, [series], f"series found by {key}={value}")


@check("QIDO-062", needs=F.MATCH, capability=Capability.RELATIONAL_SEARCH)
def series_of_all_studies_are_found_by_their_keys(archive: Archive, match: Stock) -> None:
    """At /series a series is found by modality and number together with its study."""
    other = match["many-mr"]
    for key, value, miss in (("Modality", "MR", "US"), ("SeriesNumber", "12", "1")):
        keys = {key: (value, miss)}
        found_and_not_found(archive, "/series", keys, other.series_uid, StudyInstanceUID=other.study_uid)


@check("QIDO-063", needs=F.SEQ)
def series_are_found_by_their_procedure_step(archive: Archive, seq: Stock) -> None:
    """A series is found by date and time of its performed procedure step, and not by others."""
    keys = {
        "PerformedProcedureStepStartDate": ("20200115", "20200117"),
        "PerformedProcedureStepStartTime": ("101500", "131500"),
    }
    found_and_not_found(archive, f"{seq.first.study_path}/series", keys, seq["two"].series_uid)


@check("QIDO-063", needs=F.SEQ)
def series_are_found_by_their_request(archive: Archive, seq: Stock) -> None:
    """A series is found by each of the two ids in its request attributes, and not by unknown ones."""
    for keyword, letter in (("ScheduledProcedureStepID", "S"), ("RequestedProcedureID", "R")):
        keys = {f"RequestAttributesSequence.{keyword}": (seq.text(f"{letter}2"), seq.text(f"{letter}9"))}
        found_and_not_found(archive, f"{seq.first.study_path}/series", keys, seq["two"].series_uid)


@check("QIDO-029", needs=F.SEQ)
def keys_of_a_sequence_match_within_one_item(archive: Archive, seq: Stock) -> None:
    """S1 with R1, which stand in one item, find the series; S1 with R2 of another item do not."""
    path = f"{seq.first.study_path}/series"
    step, procedure = (
        f"RequestAttributesSequence.{keyword}"
        for keyword in ("ScheduledProcedureStepID", "RequestedProcedureID")
    )
    same = archive.search(path, {step: seq.text("S1"), procedure: seq.text("R1")})
    expect_equal(same.uids, [seq["two"].series_uid], "series of S1 and R1")
    mixed = archive.search(path, {step: seq.text("S1"), procedure: seq.text("R2")})
    expect_equal(mixed.uids, [], "series of S1 and R2")


@check("QIDO-064", needs=F.MATCH)
def instances_are_found_by_their_keys(archive: Archive, match: Stock) -> None:
    """An instance is found by number (2 is not 12), by UID and by SOP class."""
    second = match["many-2"]
    path = f"{second.series_path}/instances"
    keys = {
        "InstanceNumber": ("2", "13"),
        "SOPInstanceUID": (second.uid, match["many-mr"].uid),
    }
    found_and_not_found(archive, path, keys, second.uid)
    expect_equal(len(archive.search(path, SOPClassUID=CT_IMAGE)), MANY, "CT images")
    expect_equal(archive.search(path, SOPClassUID=SECONDARY_CAPTURE).uids, [], "secondary captures")


@check("QIDO-065", needs=F.MATCH, capability=Capability.RELATIONAL_SEARCH)
def keys_of_upper_levels_restrict_lower_ones(archive: Archive, match: Stock) -> None:
    """PatientID restricts /series; PatientID and Modality restrict /instances."""
    other = match["many-mr"]
    series = archive.search("/series", PatientID=other.patient_id).uids
    expect_equal(
        sorted(series), sorted({match["many-1"].series_uid, other.series_uid}), "series of the patient"
    )
    instances = archive.search("/instances", PatientID=other.patient_id, Modality="MR").uids
    expect_equal(instances, [other.uid], "MR instances of the patient")


@check("QIDO-066", needs=F.MATCH)
def a_key_of_a_lower_level_is_answered_or_refused(archive: Archive, match: Stock) -> None:
    """SOPInstanceUID at /studies is ignored, matched or refused with 400; which one is reported."""
    study, foreign = match["ABC"], match["ABD"].uid
    expect_equal(len(archive.search("/studies", PatientID=study.patient_id)), 1, "studies without the key")
    response = archive.get("/studies", {"PatientID": study.patient_id, "SOPInstanceUID": foreign})
    no_error = response.status < HTTPStatus.INTERNAL_SERVER_ERROR
    expect(no_error, "no server error", got=response, severity=Severity.FAIL)
    if response.status == HTTPStatus.BAD_REQUEST:
        archive.note("DR-07: a key of a lower level is refused with 400")
        return
    found = archive.search("/studies", PatientID=study.patient_id, SOPInstanceUID=foreign)
    archive.note(f"DR-07: a key of a lower level is {'ignored' if found else 'matched'}")


@check("QIDO-067", needs=F.BASE)
def modalities_in_study_matches_any_series(archive: Archive, base: Stock) -> None:
    """The study of CT and SR is found by CT and by SR, and not by MR."""
    study = base["a-sr"]
    for modality in ("CT", "SR"):
        found = archive.search("/studies", PatientID=study.patient_id, ModalitiesInStudy=modality)
        expect_equal(found.uids, [study.study_uid], f"studies with {modality}")
    none = archive.search("/studies", PatientID=study.patient_id, ModalitiesInStudy="MR")
    expect_equal(none.uids, [], "studies with MR")


@check("QIDO-025", needs=F.BASE)
def a_list_of_uids_matches_any_of_them(archive: Archive, base: Stock) -> None:
    """StudyInstanceUID with two UIDs finds two studies, also if a third one is unknown."""
    uids = [base["b"].study_uid, base["c"].study_uid]
    for more in ([], [base.names.uid("nowhere")]):
        found = archive.search("/studies", StudyInstanceUID=",".join([*uids, *more]))
        expect_equal(sorted(found.uids), sorted(uids), f"studies of {2 + len(more)} UIDs")


@check("QIDO-026", needs=F.BASE)
def a_list_of_uids_may_use_backslashes(archive: Archive, base: Stock) -> None:
    """A list of UIDs whose separator is one backslash or two, as a viewer writes it, finds both studies."""
    uids = [base["b"].study_uid, base["c"].study_uid]
    for separator in ("\\", "\\\\"):
        found = archive.search("/studies", StudyInstanceUID=separator.join(uids))
        expect_equal(sorted(found.uids), sorted(uids), f"studies of a list with {separator}")


@check("QIDO-027", needs=F.BASE)
def a_uid_is_no_pattern(archive: Archive, base: Stock) -> None:
    """A Study Instance UID with an asterisk finds nothing, or is refused with 400."""
    uid = base["b"].study_uid
    keys = {"PatientID": base["b"].patient_id}
    expect_equal(
        archive.search("/studies", keys, StudyInstanceUID=uid).uids, [uid], "studies of the whole UID"
    )
    path = f"/studies?StudyInstanceUID={uid[:-4]}*"
    if archive.get(path, keys).status != HTTPStatus.BAD_REQUEST:
        expect_equal(archive.search(path, keys).uids, [], "studies of a UID with an asterisk")


@check("QIDO-079", needs=F.VR)
def a_private_key_goes_with_its_creator(archive: Archive, vr: Stock) -> None:
    """A private key finds the study of its value under its creator, and nothing under a wrong creator."""
    study = vr["all"]
    keys = {"StudyInstanceUID": study.study_uid, "00090010": PRIVATE_CREATOR}
    response = archive.get("/instances", {**keys, "00091001": PRIVATE_TEXT})
    if response.status == HTTPStatus.BAD_REQUEST:
        raise Unsupported("private keys are refused with 400")
    found = archive.search("/instances", {**keys, "00091001": PRIVATE_TEXT}).uids
    expect_equal(found, [study.uid], "instances of the private value")
    if archive.search("/instances", {**keys, "00091001": "another value"}).uids:
        raise Unsupported("private keys are ignored")
    wrong = archive.search("/instances", {**keys, "00090010": "NOBODY", "00091001": PRIVATE_TEXT})
    expect(not wrong, "nothing under a wrong creator", got=wrong.uids)
