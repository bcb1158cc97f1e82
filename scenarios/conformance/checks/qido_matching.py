"""How text keys match: single values exactly, wildcards as patterns, and all keys together."""

from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import quote

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import CouldNotRun, Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.verdict import Severity


def matched(archive: Archive, match: Stock, **keys: str) -> list[str]:
    """Return the labels of the studies of F-MATCH that a search finds; foreign studies keep their UID.

    Asterisks are sent bare, as browsers do: whether percent-encoding is understood is another requirement.
    """
    labels = {instance.study_uid: instance.label.partition("-")[0] for instance in match}
    query = "&".join(f"{key}={quote(value, safe='*')}" for key, value in keys.items())
    return sorted(labels.get(uid, uid) for uid in archive.search(f"/studies?{query}").uids)


def expect_labels(got: list[str], expected: Iterable[str], what: str) -> None:
    """Raise a violation unless these studies and no others were found."""
    expect_equal(got, sorted(expected), f"studies found by {what}")


@check("QIDO-012", needs=F.MATCH)
def a_single_value_matches_exactly(archive: Archive, match: Stock) -> None:
    """PatientID ABC finds neither ABCD nor AB."""
    for label in ("ABC", "AB"):
        expect_labels(matched(archive, match, PatientID=match.text(label)), [label], f"PatientID {label}")


@check("QIDO-012", needs=F.MATCH)
def a_single_value_matches_from_its_beginning(archive: Archive, match: Stock) -> None:
    """AccessionNumber ABC finds no number that only ends in ABC."""
    found = matched(archive, match, AccessionNumber=str(match["ABC"].dataset.AccessionNumber))
    expect_labels(found, ["ABC"], "an AccessionNumber that is the end of another one")


@check("QIDO-013", needs=F.MATCH)
def a_single_value_matches_by_case(archive: Archive, match: Stock) -> None:
    """PatientID and AccessionNumber tell ABCD from abcd."""
    for label in ("ABCD", "abcd"):
        expect_labels(matched(archive, match, PatientID=match.text(label)), [label], f"PatientID {label}")
        number = str(match[label].dataset.AccessionNumber)
        expect_labels(matched(archive, match, AccessionNumber=number), [label], f"AccessionNumber {number}")


@check("QIDO-014", needs=F.MATCH)
def names_may_match_without_regard_to_case(archive: Archive, match: Stock) -> None:
    """A person name as stored finds its study; whether lower case finds it too is reported."""
    name = str(match["ABC"].dataset.PatientName)
    expect_labels(matched(archive, match, PatientName=name), ["ABC"], "PatientName as stored")
    folds = matched(archive, match, PatientName=name.lower()) == ["ABC"]
    archive.note(f"DR-09: person names match {'without' if folds else 'with'} regard to case")


@check("QIDO-015", needs=F.MATCH)
def an_asterisk_matches_any_run_of_characters(archive: Archive, match: Stock) -> None:
    """An asterisk at the end or within stands for any run of characters, also for none."""
    cases = {"ABC*": ["ABC", "ABCD"], "A*CD": ["ABCD"], "AB*CD": ["ABCD"], "XA*": ["XABC"]}
    for pattern, labels in cases.items():
        found = matched(archive, match, PatientID=match.text(pattern))
        found = [label for label in found if label != "abcd"]  # case is another requirement
        expect_labels(found, labels, f"PatientID {pattern}")


@check("QIDO-015", needs=F.MATCH)
def a_pattern_may_begin_with_an_asterisk(archive: Archive, match: Stock) -> None:
    """*BC<token> finds both numbers that end so, and *BC* with the token finds them within asterisks."""
    for pattern in (f"*BC{match.names.token}", f"*BC{match.names.token}*"):
        found = matched(archive, match, AccessionNumber=pattern)
        expect_labels(found, ["ABC", "XABC"], f"AccessionNumber {pattern}")


@check("QIDO-016", needs=F.MATCH)
def a_question_mark_matches_one_character(archive: Archive, match: Stock) -> None:
    """AB?D finds ABCD and not ABD, whether the question mark is percent-encoded or not."""
    bare = archive.search(f"/studies?PatientID={match.text('AB?D')}").uids
    encoded = archive.search("/studies", PatientID=match.text("AB?D")).uids
    for found, spelling in ((bare, "AB?D"), (encoded, "AB%3FD")):
        studies = [uid for uid in found if uid != match["abcd"].study_uid]  # case is another requirement
        expect_equal(studies, [match["ABCD"].study_uid], f"studies found by PatientID {spelling}")


@check("QIDO-017", needs=F.MATCH)
def a_lone_asterisk_matches_everything(archive: Archive, match: Stock) -> None:
    """AccessionNumber=* restricts nothing: it also finds the study whose number is empty."""
    for label in ("EMPTY", "ABC"):
        patient = match.text(label)
        without = matched(archive, match, PatientID=patient)
        expect(without, f"the study of patient {label}", got=without)
        found = matched(archive, match, PatientID=patient, AccessionNumber="*")
        expect_labels(found, without, f"AccessionNumber=* of patient {label}")


@check("QIDO-018", needs=F.MATCH)
def wildcards_match_person_names(archive: Archive, match: Stock) -> None:
    """PatientName with asterisks around a part of it finds the study, as viewers ask."""
    part = f"{match.names.token}1^"
    found = matched(archive, match, PatientName=f"*{part}*")
    expect_labels(found, ["ABC"], f"PatientName *{part}*")
    archive.note("DR-09: wildcards match person names")


@check("QIDO-019", needs=F.MATCH)
def percent_and_underscore_are_characters(archive: Archive, match: Stock) -> None:
    """A%D and A_D find the study of that name only, alone and within a pattern."""
    for label in ("A%D", "A_D"):
        expect_labels(matched(archive, match, PatientID=match.text(label)), [label], f"PatientID {label}")
        pattern = match.text(f"{label}*")
        expect_labels(matched(archive, match, PatientID=pattern), [label], f"PatientID {label}*")


@check("QIDO-081", needs=F.MATCH)
def keys_combine_with_and(archive: Archive, match: Stock) -> None:
    """Two keys find what matches both; one that fits and one that does not find nothing."""
    patients = match.text("ABC*")
    first = matched(archive, match, PatientID=patients, StudyDescription="Description 2")
    second = matched(archive, match, PatientID=patients, StudyID="ID1")
    expect_labels(second, ["ABC"], "PatientID ABC* and StudyID ID1")
    if first != ["ABCD"]:
        archive.note("StudyDescription, which is no required key, is not matched")
    expect_labels(matched(archive, match, PatientID=patients, StudyDate="20200116"), [], "another StudyDate")


@check("QIDO-078", needs=F.MATCH)
def a_repeated_key_is_answered_or_refused(archive: Archive, match: Stock) -> None:
    """PatientID given twice, which a client must not send, gives a list or 400; which one is reported."""
    labels = ("ABC", "ABD")
    for label in labels:
        if matched(archive, match, PatientID=match.text(label)) != [label]:
            raise CouldNotRun(f"the study of patient {label} is not found")
    pairs = [("PatientID", match.text(label)) for label in labels]
    response = archive.get("/studies", pairs)
    no_error = response.status < HTTPStatus.INTERNAL_SERVER_ERROR
    expect(no_error, "no server error", got=response, severity=Severity.FAIL)
    if response.status == HTTPStatus.BAD_REQUEST:
        archive.note("a repeated key is refused with 400")
        return
    found = archive.search("/studies", pairs).uids
    shown = [label for label in labels if match[label].study_uid in found]
    archive.note(f"PatientID=ABC and PatientID=ABD find {shown or 'nothing'}")


@check("QIDO-083", needs=F.CHARSET)
def names_are_found_by_their_unicode_form(archive: Archive, charset: Stock) -> None:
    """Names stored in Latin-1 and Cyrillic character sets are found by their text in UTF-8."""
    for label, name in (("latin-1", "Äneas^Rüdiger"), ("cyrillic", "Люксембург^Роза")):
        study = charset[label]
        found = archive.search("/studies", PatientName=name, PatientID=study.patient_id)
        expect_equal(found.uids, [study.study_uid], f"studies of {name}")
        other = archive.search("/studies", PatientName="Ömer^Rüdiger", PatientID=study.patient_id)
        expect_equal(other.uids, [], "studies of a name that nobody has")


@check("QIDO-083", needs=F.CHARSET)
def ideographic_names_are_found(archive: Archive, charset: Stock) -> None:
    """A name of an ISO 2022 character set may be found by its ideographic group."""
    study = charset["jis"]
    by_id = archive.search("/studies", PatientID=study.patient_id)
    expect_equal(by_id.uids, [study.study_uid], "studies of the patient")
    found = archive.search(f"/studies?PatientName=*{quote('山田')}*", PatientID=study.patient_id)
    if not found:
        raise Unsupported("DR-09: names are not matched by their ideographic group")
    expect_equal(found.uids, [study.study_uid], "studies of 山田")
