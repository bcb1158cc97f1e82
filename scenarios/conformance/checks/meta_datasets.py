"""Metadata: every attribute of every instance, but for what may be bulk data (PS3.18 10.4.3.3.2)."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from pydicom.dataset import Dataset

from scenarios.conformance.answers import Datasets
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.neg_transfer_syntaxes import the_one
from scenarios.conformance.dicom_xml import read
from scenarios.conformance.findings import Unsupported, Violation, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.media_type import ANY, DICOM_JSON, DICOM_XML
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.target import Capability

FORMS = frozenset({"Value", "BulkDataURI", "InlineBinary"})
BY_VALUE = frozenset({"AE", "AS", "AT", "CS", "DA", "DT", "LO", "PN", "SH", "SQ", "TM", "UI", "UR"})
DESCRIPTION = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)


def levels(base: Stock) -> Iterator[tuple[str, list[str]]]:
    """Yield the path of a study, a series and an instance of it, each with its SOP Instance UIDs."""
    first = base["a-1-1"]
    yield first.study_path, [each.uid for each in base if each.study_uid == first.study_uid]
    yield first.series_path, [each.uid for each in base if each.series_uid == first.series_uid]
    yield first.path, [first.uid]


def of_instance(archive: Archive, instance: Instance) -> Datasets:
    """Return the metadata of an instance, which have to be about that instance."""
    found = archive.metadata(instance.path)
    expect_equal(found.uids, [instance.uid], "instances")
    return found


def elements(dataset: Dataset, path: str = "") -> Iterator[tuple[str, str, bool]]:
    """Yield path, VR and whether it has a value for every element at every level of a dataset."""
    for element in dataset:
        here = f"{path}/{element.tag:08X}"
        yield here, str(element.VR), not element.is_empty
        if element.VR == "SQ":
            for number, item in enumerate(element.value):
                yield from elements(item, f"{here}[{number}]")


@check("META-001", needs=F.BASE)
def metadata_are_json_by_default(archive: Archive, base: Stock) -> None:
    """For */* the metadata of a study, a series and an instance are 200 as application/dicom+json."""
    for path, uids in levels(base):
        response = archive.get(f"{path}/metadata", accept=ANY)
        expect_equal(response.status, HTTPStatus.OK, f"status of {path}/metadata")
        expect_equal(response.content_type.name, DICOM_JSON, f"Content-Type of {path}/metadata")
        expect_equal(sorted(Datasets.of(response).uids), sorted(uids), "instances")


@check("META-002", needs=F.BASE)
def json_is_one_array_of_instances(archive: Archive, base: Stock) -> None:
    """The metadata of a study of seven, a series of three and an instance are arrays of so many objects."""
    for path, uids in levels(base):
        found = archive.metadata(path)
        expect(found.is_array, "an array", got=found.response.body[:40])
        expect_equal(sorted(found.uids), sorted(uids), f"instances in {path}/metadata")


@check("META-003", needs=F.BASE, capability=Capability.XML)
def xml_has_a_part_for_each_instance(archive: Archive, base: Stock) -> None:
    """Metadata in XML of a study, a series and an instance have a NativeDicomModel for each instance."""
    for path, uids in levels(base):
        response = archive.get(f"{path}/metadata", accept=multipart_of(DICOM_XML))
        if response.status == HTTPStatus.NOT_ACCEPTABLE:
            expect_equal(sorted(archive.metadata(path).uids), sorted(uids), "instances in DICOM JSON")
            raise Unsupported("the archive gives metadata in DICOM JSON only")
        found = []
        for part in archive.parts(response).parts:
            expect_equal(part.content_type.name, DICOM_XML, "Content-Type of the parts")
            document = read(part.body)
            if document.dataset is None:
                raise Violation("a NativeDicomModel", document.deviations[0])
            found.append(document.dataset.text("SOPInstanceUID"))
        expect_equal(response.content_type.name, "multipart/related", "Content-Type")
        expect_equal(sorted(found), sorted(uids), f"instances in {path}/metadata")


@check("META-004", needs=F.VR)
def no_attribute_is_left_out(archive: Archive, vr: Stock) -> None:
    """Every attribute of an instance with all VRs is there, private and nested ones too, with its value."""
    only = of_instance(archive, vr["all"]).only
    found: dict[str, Any] = {path: attribute for path, _, attribute in only.walk()}
    expected = [each for each in elements(vr["all"].dataset) if each[0] != "/7FE00010"]  # see META-006
    missing = [path for path, *_ in expected if path not in found]
    expect(not missing, "every attribute of the instance", got=f"not there: {', '.join(missing)}")
    empty = [path for path, _, filled in expected if filled and not FORMS & found[path].keys()]
    expect(not empty, "a value in every attribute that has one", got=f"without: {', '.join(empty)}")


@check("META-005", needs=F.VR)
def short_values_are_never_bulk_data(archive: Archive, vr: Stock) -> None:
    """Names, codes, dates, UIDs, sequences and the like are there by value, at every level."""
    only = of_instance(archive, vr["all"]).only
    found: dict[str, Any] = {path: attribute for path, _, attribute in only.walk()}
    for path, kind, filled in elements(vr["all"].dataset):
        if kind in BY_VALUE and filled:
            expect("Value" in found.get(path, ()), f"the value of {path} ({kind})", got=found.get(path))


@check("META-006", needs=(F.BASE, F.SR))
def pixel_data_are_represented(archive: Archive, base: Stock, sr: Stock) -> None:
    """Pixel Data are a BulkDataURI or InlineBinary in an image, and are not in a report."""
    report = of_instance(archive, sr["report"]).only
    expect("PixelData" not in report, "no Pixel Data in a report", got=report.attributes.get("7FE00010"))
    image = of_instance(archive, base["b"]).only
    if "PixelData" not in image:
        archive.warn("DR-22: Pixel Data are left out of the metadata of an image")
        return
    inline = image.inline_binary("PixelData")
    if inline is not None:
        expect_equal(inline, bytes(base["b"].dataset.PixelData), "InlineBinary of Pixel Data")
        return
    expect(image.bulk_data_uri("PixelData"), "a BulkDataURI", got=image.attributes["7FE00010"])


@check("META-007", needs=F.RLE)
def metadata_describe_what_comes_by_default(archive: Archive, rle: Stock) -> None:
    """The description of RLE pixels in the metadata is that of the instance as it comes by default."""
    for instance in rle:
        metadata = of_instance(archive, instance).only
        default = the_one(archive.retrieve(instance.path), instance)
        for keyword in DESCRIPTION:
            got, expected = metadata.text(keyword), str(default.dataset.get(keyword, ""))
            expect_equal(got, expected, f"{keyword} of {instance.label} in the metadata")


@check("META-008", needs=(F.BASE, F.RLE))
def file_meta_information_stays_out(archive: Archive, base: Stock, rle: Stock) -> None:
    """The metadata of a native and of a compressed image have no attribute of group 0002."""
    for instance in (base["b"], *rle):
        tags = of_instance(archive, instance).only.attributes
        found = [tag for tag in tags if tag.startswith("0002")]
        expect_equal(found, [], f"attributes of group 0002 in {instance.label}")


@check("META-009", needs=F.BASE)
def what_is_unknown_is_not_found(archive: Archive, base: Stock) -> None:
    """Metadata of a study, a series and an instance that nobody stored are 404, not an empty array."""
    known, unknown = base["b"], archive.names.uid("unknown")
    of_instance(archive, known)
    for path in (
        f"/studies/{unknown}",
        f"{known.study_path}/series/{unknown}",
        f"{known.series_path}/instances/{unknown}",
    ):
        response = archive.get(f"{path}/metadata", accept=DICOM_JSON)
        expect_equal(response.status, HTTPStatus.NOT_FOUND, f"status of {path}/metadata")
