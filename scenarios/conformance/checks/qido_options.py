"""Parameters that change how keys match: empty values, fuzzy, empty-value and multiple-value matching."""

from http import HTTPStatus

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.message import Response


def warns(response: Response) -> bool:
    """Tell whether the response says by Warning 299 that a parameter was not honoured."""
    return (response.header("Warning") or "").startswith("299")


@check("QIDO-028", needs=F.BASE)
def an_empty_value_matches_everything_and_asks_for_it(archive: Archive, base: Stock) -> None:
    """StudyDescription without a value restricts nothing and brings the attribute back."""
    study = base["b"]
    keys = {"PatientID": study.patient_id}
    expect_equal(archive.search("/studies", keys).uids, [study.study_uid], "studies without the empty key")
    if archive.get("/studies", {**keys, "StudyDescription": ""}).status == HTTPStatus.BAD_REQUEST:
        archive.warn("DR-10: a key without a value is refused with 400")
        return
    found = archive.search("/studies", {**keys, "StudyDescription": ""})
    expect_equal(found.uids, [study.study_uid], "studies with the empty key")
    expect_equal(found.only.text("StudyDescription"), "Study b", "StudyDescription")


@check("QIDO-030", needs=F.MATCH)
def empty_values_are_matched_or_warned_about(archive: Archive, match: Stock) -> None:
    """With emptyvaluematching, `""` finds only the study without a birth date; else a Warning 299 tells."""
    for label, expected in (("EMPTY", 1), ("ABC", 0)):
        keys = {"PatientID": match.text(label)}
        expect_equal(len(archive.search("/studies", keys)), 1, f"studies of patient {label}")
        found = archive.search("/studies", keys, PatientBirthDate='""', emptyvaluematching="true")
        if not warns(found.response):
            expect_equal(
                len(found), expected, f"studies of patient {label} without a birth date, or Warning 299"
            )


@check("QIDO-031", needs=F.MATCH)
def multiple_values_are_matched_or_warned_about(archive: Archive, match: Stock) -> None:
    """With multiplevaluematching, Modality=CT,MR finds both series; else a Warning 299 tells."""
    both = {match["many-1"].series_uid, match["many-mr"].series_uid}
    path = f"{match['many-1'].study_path}/series"
    expect_equal(set(archive.search(path).uids), both, "series of the study")
    expect_equal(archive.search(path, Modality="MR").uids, [match["many-mr"].series_uid], "MR series")
    found = archive.search(path, Modality="CT,MR", multiplevaluematching="true")
    if not warns(found.response):
        expect_equal(set(found.uids), both, "series of CT,MR, or Warning 299")


@check("QIDO-032", needs=F.MATCH)
def fuzzy_matching_keeps_the_literal_matches(archive: Archive, match: Stock) -> None:
    """fuzzymatching=true breaks no search: what matches literally is found."""
    study = match["ABC"]
    path = f"/studies?PatientName={match.names.token}1*"
    found = archive.search(path, fuzzymatching="true")
    expect(study.study_uid in found.uids, "the study that matches literally", got=found.uids)


@check("QIDO-033", needs=F.MATCH)
def literal_matching_is_told_by_a_warning(archive: Archive, match: Stock) -> None:
    """A search with fuzzymatching=true that never finds more than without it has a Warning 299.

    What is fuzzy is the archive's choice, so a name is asked for by its words in the other order, by the
    beginning of one, and misspelt.
    """
    path = f"/studies?PatientName={match.names.token}1*"
    literal, fuzzy = archive.search(path), archive.search(path, fuzzymatching="true")
    expect(literal, "a study that matches literally", got=literal.uids)
    if warns(fuzzy.response):
        return
    family = f"{match.names.token}1"
    for name in (f"ABC {family}", family, f"{family[0]}{family}^ABC"):
        without = archive.search("/studies", PatientName=name).uids
        if set(archive.search("/studies", PatientName=name, fuzzymatching="true").uids) - set(without):
            return
    expect(fuzzy.uids != literal.uids, "Warning: 299, or fuzzy matches (DR-11)", got="neither of them")
