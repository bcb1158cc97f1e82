"""The weights of an Accept header: of what the archive has, the best is sent (PS3.18 8.7.8)."""

from http import HTTPStatus

from scenarios.conformance.answers import Datasets, Retrieved
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.media_type import DICOM, DICOM_JSON, DICOM_XML
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.message import Response

XML = multipart_of(DICOM_XML)


def expect_json(response: Response, instance: Instance, accept: str) -> None:
    """Expect the metadata of this instance as DICOM JSON."""
    expect(response.ok, f"200 for Accept: {accept}", got=response)
    expect_equal(response.content_type.name, DICOM_JSON, f"Content-Type for Accept: {accept}")
    expect_equal(Datasets.of(response).texts("SOPInstanceUID"), [instance.uid], "instances")


def expect_xml(archive: Archive, response: Response, accept: str) -> None:
    """Expect metadata as Native DICOM Model, in one part."""
    expect(response.ok, f"200 for Accept: {accept}", got=response)
    names = [part.content_type.name for part in archive.parts(response).parts]
    expect_equal(names, [DICOM_XML], f"types of the parts for Accept: {accept}")


def has_xml(archive: Archive, path: str) -> bool:
    """Tell whether the archive has metadata in XML too, so that a client has a choice."""
    return archive.get(path, accept=XML).ok


@check("NEG-001", needs=F.BASE)
def the_highest_weight_wins(archive: Archive, base: Stock) -> None:
    """Of JSON and XML metadata the one of higher weight is sent, wherever it stands in the list."""
    path = f"{base['b'].path}/metadata"
    for json_first in (f"{DICOM_JSON};q=0.9, {XML};q=0.5", f"{XML};q=0.5, {DICOM_JSON};q=0.9"):
        expect_json(archive.get(path, accept=json_first), base["b"], json_first)
    if not has_xml(archive, path):
        raise Unsupported("the archive has metadata in DICOM JSON only")
    for xml_first in (f"{DICOM_JSON};q=0.5, {XML};q=0.9", f"{XML};q=0.9, {DICOM_JSON};q=0.5"):
        expect_xml(archive, archive.get(path, accept=xml_first), xml_first)


@check("NEG-001", needs=F.BASE)
def what_the_archive_lacks_does_not_win(archive: Archive, base: Stock) -> None:
    """A type that nobody has does not count, whatever its weight: JSON of a low weight is sent."""
    accept = f"application/x-phantom, text/x-phantom;q=0.9, {DICOM_JSON};q=0.2"
    expect_json(archive.get(f"{base['b'].path}/metadata", accept=accept), base["b"], accept)


@check("NEG-002", needs=F.BASE)
def a_weight_is_no_parameter_of_the_type(archive: Archive, base: Stock) -> None:
    """A type with a weight is the same type: of metadata, of instances and of frames."""
    instance = base["b"]
    accept = f"{DICOM_JSON};q=0.2, */*;q=0.1"
    expect_json(archive.get(f"{instance.path}/metadata", accept=accept), instance, accept)
    accept = f"{multipart_of(DICOM)};q=0.7"
    parts = archive.parts(archive.get(instance.path, accept=accept)).parts
    expect_equal([Retrieved.of(part).uid for part in parts], [instance.uid], f"instances of Accept: {accept}")


@check("NEG-002", needs=F.BASE)
def a_range_without_weight_weighs_one(archive: Archive, base: Stock) -> None:
    """A range without q goes before one of q=0.9."""
    path = f"{base['b'].path}/metadata"
    accept = f"{XML};q=0.9, {DICOM_JSON}"
    expect_json(archive.get(path, accept=accept), base["b"], accept)
    if not has_xml(archive, path):
        raise Unsupported("the archive has metadata in DICOM JSON only")
    accept = f"{DICOM_JSON};q=0.9, {XML}"
    expect_xml(archive, archive.get(path, accept=accept), accept)


@check("NEG-003", needs=F.BASE)
def a_weight_of_zero_excludes(archive: Archive, base: Stock) -> None:
    """A search that accepts DICOM JSON with q=0 only is 406; to send it is the other reading (DR-33)."""
    key = {"PatientID": base["b"].patient_id}
    expect_equal(archive.search("/studies", key).uids, [base["b"].study_uid], "studies")
    response = archive.get("/studies", key, accept=f"{DICOM_JSON};q=0")
    if response.ok:
        archive.warn("DR-33: the default type is sent although its weight is 0")
        return
    expect_equal(response.status, HTTPStatus.NOT_ACCEPTABLE, "status")


@check("NEG-003", needs=F.BASE)
def what_weighs_zero_is_not_chosen(archive: Archive, base: Stock) -> None:
    """Of JSON with q=0 and XML with q=0.1, XML is sent."""
    path = f"{base['b'].path}/metadata"
    if not has_xml(archive, path):
        raise Unsupported("the archive has metadata in DICOM JSON only")
    accept = f"{DICOM_JSON};q=0, {XML};q=0.1"
    expect_xml(archive, archive.get(path, accept=accept), accept)
