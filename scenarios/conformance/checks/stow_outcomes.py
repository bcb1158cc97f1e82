"""Store outcomes: the status, and the response dataset that tells what became of each instance."""

from http import HTTPStatus

from scenarios.conformance.answers import Datasets, StoreAnswer
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.dicom_json import JsonDataset
from scenarios.conformance.findings import Unsupported, Violation, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.media_type import DICOM, DICOM_JSON
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.multipart import Part
from scenarios.conformance.verdict import Severity

SUCCESS = {HTTPStatus.OK, HTTPStatus.ACCEPTED}
REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT}
SOP_CLASS_NOT_SUPPORTED = 0x0122
TRANSFER_SYNTAX_NOT_SUPPORTED = 0xC122
PROCESSING_FAILURE = 0x0110
WARNING, CANNOT_UNDERSTAND = 0xB, 0xC  # the first digit of a status code (PS3.4 B.2.3)
DOES_NOT_MATCH_CLASS = 0xA9  # its first two digits


def response_dataset(answer: StoreAnswer) -> JsonDataset:
    """Return the dataset of a store response; a response without one is a violation."""
    if answer.dataset is None:
        raise Violation("a Store Instances Response dataset as DICOM JSON", str(answer.response))
    return answer.dataset


def is_there(archive: Archive, instance: Instance) -> bool:
    """Tell whether the archive gives the metadata of an instance, or at least the instance itself."""
    response = archive.get(f"{instance.path}/metadata", accept=DICOM_JSON)
    if response.status != HTTPStatus.OK:
        return archive.get(instance.path, accept=multipart_of(DICOM)).status == HTTPStatus.OK
    return Datasets.of(response).texts("SOPInstanceUID") == [instance.uid]


def mixed(archive: Archive) -> tuple[Instance, Instance, StoreAnswer]:
    """Store an instance of the study that the path names and one of another study, in one request."""
    good, other = archive.image("good", study="here"), archive.image("other", study="there")
    return good, other, archive.store(good, other, study_uid=good.study_uid)


@check("STOW-001", writes=True)
def a_store_of_two_studies_is_answered_200(archive: Archive) -> None:
    """POST /studies stores the instances of two studies, answers 200, and gives both back."""
    first, second = archive.image("1", study="1"), archive.image("2", study="2")
    answer = archive.store(first, second)
    expect_equal(answer.status, HTTPStatus.OK, "status")
    for instance in (first, second):
        expect_equal([each.uid for each in archive.retrieve(instance.path)], [instance.uid], "instances")


@check("STOW-002", writes=True)
def a_store_below_its_study_is_answered_200(archive: Archive) -> None:
    """POST /studies/{study} stores an instance of that study."""
    instance = archive.image()
    answer = archive.store(instance, study_uid=instance.study_uid)
    expect_equal(answer.status, HTTPStatus.OK, "status")
    expect_equal([each.uid for each in archive.retrieve(instance.study_path)], [instance.uid], "instances")


@check("STOW-003", writes=True)
def a_success_carries_the_response_dataset(archive: Archive) -> None:
    """A store asked for application/dicom+json answers with one JSON object of that type."""
    response = archive.store(archive.image()).response
    expect_equal(response.status, HTTPStatus.OK, "status")
    expect(response.content_type.is_json, "Content-Type application/dicom+json", got=response.content_type)
    expect(response.body.lstrip().startswith(b"{"), "a JSON object, not an array", got=response.body[:40])


@check("STOW-005", writes=True)
def each_stored_instance_is_referenced(archive: Archive) -> None:
    """Referenced SOP Sequence names class and instance UID of each of three stored instances, once."""
    sent = [archive.image(str(number), number=number) for number in (1, 2, 3)]
    answer = archive.store(*sent)
    items = response_dataset(answer).items("ReferencedSOPSequence")
    named = sorted(
        (item.text("ReferencedSOPClassUID"), item.text("ReferencedSOPInstanceUID")) for item in items
    )
    expect_equal(named, sorted((str(each.dataset.SOPClassUID), each.uid) for each in sent), "references")


@check("STOW-006", "STOW-008", writes=True)
def a_referenced_retrieve_url_works(archive: Archive) -> None:
    """Each referenced item has a Retrieve URL of VR UR that is empty or gives the instance."""
    answer = archive.store(archive.image())
    items = response_dataset(answer).items("ReferencedSOPSequence")
    expect(items, "one item in Referenced SOP Sequence", got=answer.response)
    for item in items:
        expect("RetrieveURL" in item, "Retrieve URL in the item", got=item)
        expect_equal(item.vr("RetrieveURL"), "UR", "VR of Retrieve URL")
        if url := item.text("RetrieveURL"):
            expect_equal(archive.follow(url, answer.response).status, HTTPStatus.OK, f"status of {url}")


@check("STOW-007", writes=True)
def the_study_has_a_retrieve_url(archive: Archive) -> None:
    """The response dataset has a Retrieve URL of the study that is empty or gives the study."""
    answer = archive.store(archive.image())
    dataset = response_dataset(answer)
    expect("RetrieveURL" in dataset, "Retrieve URL in the response dataset", got=answer.response)
    if url := dataset.text("RetrieveURL"):
        expect_equal(archive.follow(url, answer.response).status, HTTPStatus.OK, f"status of {url}")


@check("STOW-009", writes=True)
def a_failed_instance_is_listed_with_its_reason(archive: Archive) -> None:
    """An instance of another study than the path names stands in Failed SOP Sequence with a reason."""
    good, other, answer = mixed(archive)
    expect_equal(sorted(answer.failed), [other.uid], "failed instances")
    expect(answer.failed[other.uid] is not None, "a Failure Reason", got=answer.response)
    expect_equal(answer.stored, [good.uid], "stored instances")


@check("STOW-009", writes=True)
def a_full_success_has_no_failed_sequence(archive: Archive) -> None:
    """A store without failures carries no Failed SOP Sequence, not even an empty one."""
    instance = archive.image()
    answer = archive.store(instance)
    expect_equal(answer.stored, [instance.uid], "stored instances")
    present = "FailedSOPSequence" in response_dataset(answer)
    expect(not present, "no Failed SOP Sequence", got=answer.response, severity=Severity.WARN)


@check("STOW-010", needs=F.BAD, writes=True)
def what_is_not_dicom_is_an_other_failure(archive: Archive, bad: Stock) -> None:
    """A part that is no DICOM file, beside a good one, is told in Other Failures Sequence with a reason."""
    good = archive.image()
    answer = archive.store(good, bad["garbage"])
    expect(answer.status != HTTPStatus.OK, "another status than 200", got=answer.response)
    if answer.status == HTTPStatus.BAD_REQUEST and answer.dataset is None:
        return
    others = response_dataset(answer).items("OtherFailuresSequence")
    if not others and not answer.failed:
        raise Violation("an item in Other Failures Sequence", str(answer.response), Severity.WARN)
    if not others:
        raise Violation("the failure in Other Failures Sequence", str(answer.response))
    expect(others[0].value("FailureReason") is not None, "a Failure Reason", got=answer.response)


@check("STOW-011", writes=True)
def a_failure_reason_is_a_failure_code(archive: Archive) -> None:
    """A Failure Reason has VR US and lies in a range of failures, not in that of warnings (Bxxx)."""
    _, other, answer = mixed(archive)
    items = response_dataset(answer).items("FailedSOPSequence")
    expect_equal([item.text("ReferencedSOPInstanceUID") for item in items], [other.uid], "failed instances")
    expect_equal(items[0].vr("FailureReason"), "US", "VR of Failure Reason")
    reason = items[0].value("FailureReason")
    expect(isinstance(reason, int) and reason >> 12 != WARNING, "a code outside Bxxx", got=reason)


@check("STOW-012", "STOW-030", needs=F.UNSUP, writes=True)
def an_unsupported_sop_class_is_reported_as_0122(archive: Archive, unsup: Stock) -> None:
    """A private SOP class that is refused has Failure Reason 0122H; the status is 409 or 501 (DR-19)."""
    answer = archive.store(unsup["class"])
    if answer.status in SUCCESS:
        raise Unsupported("the archive takes any SOP class")
    allowed = {HTTPStatus.CONFLICT, HTTPStatus.NOT_IMPLEMENTED}
    expect(answer.status in allowed, "409 or 501", got=answer.response)
    expect_equal(list(answer.failed.values()), [SOP_CLASS_NOT_SUPPORTED], "Failure Reason")


@check("STOW-013", needs=F.UNSUP, writes=True)
def an_unknown_transfer_syntax_is_reported_as_c122(archive: Archive, unsup: Stock) -> None:
    """A transfer syntax that does not exist, where it is refused, has Failure Reason C122H."""
    answer = archive.store(unsup["syntax"])
    if answer.status in SUCCESS:
        raise Unsupported("the archive takes any transfer syntax")
    expect(answer.status < HTTPStatus.INTERNAL_SERVER_ERROR, "a refusal, not an error", got=answer.response)
    expect_equal(list(answer.failed.values()), [TRANSFER_SYNTAX_NOT_SUPPORTED], "Failure Reason")


@check("STOW-014", needs=F.BAD, writes=True)
def a_broken_dataset_has_a_fitting_reason(archive: Archive, bad: Stock) -> None:
    """A dataset that ends within its header is refused with Cxxx, A9xx or 0110H where a reason is given."""
    archive.stored(archive.image())
    answer = archive.store(bad["cut-header"])
    expect(answer.status not in SUCCESS, "a refusal", got=answer.response, severity=Severity.FAIL)
    reasons = [each for each in answer.failed.values() if each is not None]
    if answer.dataset is not None:
        others = answer.dataset.items("OtherFailuresSequence")
        reasons += [item.value("FailureReason") for item in others]
    for reason in reasons:
        ranges = (reason >> 12 == CANNOT_UNDERSTAND, reason >> 8 == DOES_NOT_MATCH_CLASS)
        fits = any(ranges) or reason == PROCESSING_FAILURE
        expect(fits, "Cxxx, A9xx or 0110H", got=f"{reason:04X}H")


@check("STOW-015", "STOW-029", writes=True)
def a_warning_reason_is_a_warning_code(archive: Archive) -> None:
    """Where a stored instance carries a Warning Reason it is Bxxx, and the status is 200 or 202 (DR-18)."""
    instance = archive.image()
    answer = archive.store(instance)
    expect(answer.status in SUCCESS, "200 or 202", got=answer.response)
    expect_equal(answer.stored, [instance.uid], "stored instances")
    for item in response_dataset(answer).items("ReferencedSOPSequence"):
        reason = item.value("WarningReason")
        expect(reason is None or reason >> 12 == WARNING, "Bxxx", got=reason)


@check("STOW-017", writes=True)
def a_partial_success_is_answered_202(archive: Archive) -> None:
    """A store of which one instance is stored and one is not is answered 202."""
    _, _, answer = mixed(archive)
    expect_equal(answer.status, HTTPStatus.ACCEPTED, "status")


@check("STOW-018", "STOW-023", writes=True)
def an_instance_of_another_study_is_refused(archive: Archive) -> None:
    """A store below a study of nothing but another study's instance is 409, and it is under neither study."""
    mine, other = archive.image("mine", study="mine"), archive.image("other", study="other")
    archive.stored(mine)
    answer = archive.store(other, study_uid=mine.study_uid)
    expect_equal(answer.status, HTTPStatus.CONFLICT, "status")
    expect(is_there(archive, mine), "the study that was stored before", got=mine.path)
    below = f"{mine.study_path}/series/{other.series_uid}/instances/{other.uid}"
    for path in (other.path, below):
        status = archive.get(f"{path}/metadata", accept=DICOM_JSON).status
        expect_equal(status, HTTPStatus.NOT_FOUND, f"status of {path}")


@check("STOW-042", needs=F.BAD, writes=True)
def missing_uids_are_refused(archive: Archive, bad: Stock) -> None:
    """Instances without study, series or instance UID are refused with 400 or 409; a whole one is stored."""
    archive.stored(archive.image())
    for label in ("no-study", "no-series", "no-instance", "empty-study"):
        answer = archive.store(bad[label])
        expect(answer.status in REFUSED, f"400 or 409 for {label}", got=answer.response)
        expect_equal(answer.stored, [], f"stored instances of {label}")


@check("STOW-043", needs=F.BAD, writes=True)
def a_bad_part_leaves_the_good_one_stored_and_listed(archive: Archive, bad: Stock) -> None:
    """A good instance beside garbage is stored and answered 202; or nothing is stored at all."""
    good = archive.image()
    answer = archive.store(good, bad["garbage"])
    if is_there(archive, good):
        expect_equal(answer.status, HTTPStatus.ACCEPTED, "status")
        expect_equal(answer.stored, [good.uid], "stored instances")
    else:
        expect(answer.status in REFUSED, "400 or 409, since nothing was stored", got=answer.response)
        archive.stored(good)


@check("STOW-040", needs=F.BAD, writes=True)
def a_warning_header_of_a_failure_is_reported(archive: Archive, bad: Stock) -> None:
    """Whether a Warning header comes with a failed part is reported."""
    archive.stored(archive.image())
    response = archive.store_parts([Part.of(DICOM, bad["garbage"].data)]).response
    expect(response.status != HTTPStatus.OK, "a refusal", got=response, severity=Severity.FAIL)
    archive.note(f"Warning: {response.header('Warning') or 'absent'}")
