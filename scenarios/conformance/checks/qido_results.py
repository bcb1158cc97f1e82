"""What the results of a search hold, level by level (PS3.18 Tables 10.6.3-3 to 10.6.3-5)."""

from collections.abc import Iterable
from http import HTTPStatus

from scenarios.conformance.answers import Datasets
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.dicom_json import JsonDataset
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.fixtures.matching import ZONE
from scenarios.conformance.media_type import DICOM
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.target import Capability

STUDY_ATTRIBUTES = (
    "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "PatientName", "PatientID",
    "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID",
)  # fmt: skip
SERIES_ATTRIBUTES = ("Modality", "SeriesInstanceUID", "SeriesNumber")
IMAGE_ATTRIBUTES = ("Rows", "Columns", "BitsAllocated", "NumberOfFrames")


def study_of(archive: Archive, instance: Instance) -> JsonDataset:
    """Return the one result of a search for the study of an instance."""
    return archive.search("/studies", StudyInstanceUID=instance.study_uid).only


def series_of(archive: Archive, instance: Instance) -> JsonDataset:
    """Return the one result of a search for the series of an instance."""
    return archive.search(f"{instance.study_path}/series", SeriesInstanceUID=instance.series_uid).only


def expect_as_stored(found: JsonDataset, stored: Instance, keywords: Iterable[str]) -> None:
    """Raise a violation unless the result has these attributes with the values of the stored instance."""
    for keyword in keywords:
        expect(keyword in found, f"{keyword} in the result", got=f"{len(found.attributes)} other attributes")
        expect_equal(found.text(keyword), str(stored.dataset.get(keyword, "")), keyword)


def expect_retrievable(archive: Archive, found: Datasets) -> None:
    """Raise a violation unless the only result has a Retrieve URL that gives instances."""
    uri = found.only.text("RetrieveURL")
    expect(uri, "a Retrieve URL", got="none")
    if "://" not in uri:
        archive.note("DR-13: the Retrieve URL is relative")
    response = archive.follow(uri, found.response, accept=multipart_of(DICOM, "*"))
    expect(archive.parts(response).parts, "instances at the Retrieve URL", got=response)


@check("QIDO-042", needs=F.BASE)
def a_study_has_its_date_and_time(archive: Archive, base: Stock) -> None:
    """A study result has Study Date and Study Time as stored."""
    expect_as_stored(study_of(archive, base["b"]), base["b"], ("StudyDate", "StudyTime"))


@check("QIDO-043", needs=F.BASE)
def a_study_has_its_numbers(archive: Archive, base: Stock) -> None:
    """A study result has Accession Number and Study ID as stored."""
    expect_as_stored(study_of(archive, base["b"]), base["b"], ("AccessionNumber", "StudyID"))


@check("QIDO-044", needs=F.BASE)
def a_study_has_its_modalities(archive: Archive, base: Stock) -> None:
    """The study of two CT series and an SR series has Modalities in Study CT and SR, each once."""
    found = study_of(archive, base["a-sr"]).values("ModalitiesInStudy")
    expect_equal(sorted(found), ["CT", "SR"], "Modalities in Study")


@check("QIDO-045", needs=F.BASE)
def a_study_has_its_patient(archive: Archive, base: Stock) -> None:
    """A study result has name, id, birth date and sex of the patient as stored."""
    keywords = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
    expect_as_stored(study_of(archive, base["b"]), base["b"], keywords)


@check("QIDO-045", needs=F.MATCH)
def an_empty_attribute_is_present(archive: Archive, match: Stock) -> None:
    """A study stored with an empty birth date has that attribute in its result, without a value."""
    found = study_of(archive, match["empty"])
    expect("PatientBirthDate" in found, "PatientBirthDate in the result", got="no such attribute")
    expect_equal(found.text("PatientBirthDate"), "", "PatientBirthDate")


@check("QIDO-046", needs=F.BASE)
def a_study_has_its_referring_physician(archive: Archive, base: Stock) -> None:
    """A study result has Referring Physician's Name as stored."""
    expect_as_stored(study_of(archive, base["b"]), base["b"], ["ReferringPhysicianName"])


@check("QIDO-047", needs=F.BASE)
def a_study_has_its_counts(archive: Archive, base: Stock) -> None:
    """The study of three series and seven instances says so."""
    found = study_of(archive, base["a-sr"])
    expect_equal(found.text("NumberOfStudyRelatedSeries"), "3", "NumberOfStudyRelatedSeries")
    expect_equal(found.text("NumberOfStudyRelatedInstances"), "7", "NumberOfStudyRelatedInstances")


@check("QIDO-047", writes=True)
def the_counts_follow_a_store(archive: Archive) -> None:
    """One more instance in one more series raises both counts of the study from 1 to 2."""
    first, second = archive.image("1", series="1"), archive.image("2", series="2", number=2, SeriesNumber=2)
    for stored, count in ((first, "1"), (second, "2")):
        archive.stored(stored)
        found = study_of(archive, stored)
        expect_equal(found.text("NumberOfStudyRelatedSeries"), count, "NumberOfStudyRelatedSeries")
        expect_equal(found.text("NumberOfStudyRelatedInstances"), count, "NumberOfStudyRelatedInstances")


@check("QIDO-048", needs=F.BASE)
def the_retrieve_url_of_a_study_works(archive: Archive, base: Stock) -> None:
    """The Retrieve URL of a study result gives the study."""
    expect_retrievable(archive, archive.search("/studies", StudyInstanceUID=base["b"].study_uid))


@check("QIDO-049", needs=F.DATE)
def a_study_has_its_time_zone(archive: Archive, date: Stock) -> None:
    """The result of a study that was stored with Timezone Offset From UTC has it too."""
    found = study_of(archive, date["zone"])
    expect_equal(found.text("TimezoneOffsetFromUTC"), ZONE, "TimezoneOffsetFromUTC")
    if "InstanceAvailability" not in found:
        archive.note("Instance Availability is not given")


@check("QIDO-050", needs=F.BASE)
def a_series_has_its_attributes(archive: Archive, base: Stock) -> None:
    """A series result has modality, UID and number as stored."""
    for label in ("a-2-1", "a-sr"):
        expect_as_stored(series_of(archive, base[label]), base[label], SERIES_ATTRIBUTES)


@check("QIDO-051", needs=F.BASE)
def a_series_has_its_count(archive: Archive, base: Stock) -> None:
    """The series of three images says 3, the series of one report 1."""
    for label, count in (("a-2-1", "3"), ("a-sr", "1")):
        found = series_of(archive, base[label])
        expect_equal(found.text("NumberOfSeriesRelatedInstances"), count, "NumberOfSeriesRelatedInstances")


@check("QIDO-052", needs=F.BASE)
def a_series_has_its_description(archive: Archive, base: Stock) -> None:
    """A series result has Series Description as stored."""
    expect_as_stored(series_of(archive, base["a-2-1"]), base["a-2-1"], ["SeriesDescription"])


@check("QIDO-053", needs=F.SEQ)
def a_series_has_its_procedure_step(archive: Archive, seq: Stock) -> None:
    """A series result has start date and time of the performed procedure step as stored."""
    keywords = ("PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime")
    expect_as_stored(series_of(archive, seq["two"]), seq["two"], keywords)


@check("QIDO-053", needs=F.SEQ)
def a_series_has_its_request_attributes(archive: Archive, seq: Stock) -> None:
    """A series result has both items of Request Attributes Sequence with both ids."""
    items = series_of(archive, seq["two"]).items("RequestAttributesSequence")
    ids = sorted((item.text("ScheduledProcedureStepID"), item.text("RequestedProcedureID")) for item in items)
    expect_equal(ids, [(seq.text(f"S{n}"), seq.text(f"R{n}")) for n in (1, 2)], "ids of the items")


@check("QIDO-054", needs=F.BASE)
def the_retrieve_url_of_a_series_works(archive: Archive, base: Stock) -> None:
    """The Retrieve URL of a series result gives the series."""
    instance = base["a-2-1"]
    found = archive.search(f"{instance.study_path}/series", SeriesInstanceUID=instance.series_uid)
    expect_retrievable(archive, found)


@check("QIDO-055", needs=F.BASE, capability=Capability.RELATIONAL_SEARCH)
def series_of_all_studies_have_study_attributes(archive: Archive, base: Stock) -> None:
    """A result of /series has the attributes of its study."""
    found = archive.search("/series", SeriesInstanceUID=base["b"].series_uid).only
    expect_as_stored(found, base["b"], STUDY_ATTRIBUTES)


@check("QIDO-056", needs=F.BASE)
def an_instance_has_its_attributes(archive: Archive, base: Stock) -> None:
    """An instance result has SOP class, UID, number and a Retrieve URL that works."""
    instance = base["a-2-3"]
    found = archive.search(f"{instance.series_path}/instances", SOPInstanceUID=instance.uid)
    expect_as_stored(found.only, instance, ("SOPClassUID", "SOPInstanceUID", "InstanceNumber"))
    expect_retrievable(archive, found)


@check("QIDO-057", needs=F.MF)
def an_image_has_its_size(archive: Archive, mf: Stock) -> None:
    """The result of a multi-frame image has Rows, Columns, Bits Allocated and Number of Frames."""
    found = archive.search(f"{mf.first.series_path}/instances").only
    expect_as_stored(found, mf.first, IMAGE_ATTRIBUTES)


@check("QIDO-058", needs=F.BASE, capability=Capability.RELATIONAL_SEARCH)
def instances_of_all_studies_have_study_attributes(archive: Archive, base: Stock) -> None:
    """A result of /instances has the attributes of its study and of its series."""
    found = archive.search("/instances", SOPInstanceUID=base["a-2-3"].uid).only
    expect_as_stored(found, base["a-2-3"], (*STUDY_ATTRIBUTES, *SERIES_ATTRIBUTES))


@check("QIDO-058", needs=F.BASE, capability=Capability.RELATIONAL_SEARCH)
def instances_of_a_study_have_series_attributes(archive: Archive, base: Stock) -> None:
    """A result of /studies/{study}/instances has the attributes of its series."""
    instance = base["a-2-3"]
    found = archive.search(f"{instance.study_path}/instances", SOPInstanceUID=instance.uid).only
    expect_as_stored(found, instance, SERIES_ATTRIBUTES)


@check("QIDO-059", needs=F.J2K)
def available_transfer_syntaxes_are_delivered(archive: Archive, j2k: Stock) -> None:
    """If a result names available transfer syntaxes, the instance can be retrieved in each of them."""
    instance = j2k["grey"]
    named = archive.search(f"{instance.series_path}/instances").only.values("AvailableTransferSyntaxUID")
    if not named:
        raise Unsupported("results name no available transfer syntax")
    for syntax in named:
        response = archive.get(instance.path, accept=multipart_of(DICOM, syntax))
        expect(response.status == HTTPStatus.OK, f"the instance in {syntax}", got=response)
        expect_equal(archive.retrieve(instance.path, syntax)[0].transfer_syntax, syntax, "transfer syntax")
