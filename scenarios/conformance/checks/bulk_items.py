"""Bulk data as resources: what metadata name by URI is there, in the types that are asked for.

An archive that gives every value inline has no bulk data, so there is nothing to judge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from pydicom.dataset import Dataset

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import Unsupported, Violation, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.media_type import ANY, OCTETS
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.message import Response
from scenarios.conformance.target import Capability
from scenarios.conformance.verdict import Severity

NOT_OFFERED = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.NOT_IMPLEMENTED,
}
REFUSED = NOT_OFFERED - {HTTPStatus.NOT_FOUND}  # of a type for what is there
RANGE_BYTES = 100
ICON_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Item:
    """One value that metadata name by a BulkDataURI."""

    path: str  # as JsonDataset.walk writes it: /00880200[0]/7FE00010
    uri: str  # as it stands in the metadata
    url: str  # resolved against the metadata

    @property
    def tag(self) -> str:
        """The tag of the value itself."""
        return self.path.rpartition("/")[2]


def bulk_items(archive: Archive, instance: Instance) -> list[Item]:
    """Return what the metadata of an instance name by URI; if nothing, the check ends as unsupported."""
    metadata = archive.metadata(instance.path)
    named = [
        Item(path, attribute["BulkDataURI"], urljoin(metadata.response.url, attribute["BulkDataURI"]))
        for path, _, attribute in metadata.only.walk()
        if isinstance(attribute, dict) and isinstance(attribute.get("BulkDataURI"), str)
    ]
    if not named:
        raise Unsupported("the metadata name no bulk data")
    return named


def value_of(instance: Instance, item: Item) -> bytes:
    """Return the value of the instance that an item stands for."""
    *sequences, _ = item.path.strip("/").split("/")
    dataset: Dataset = instance.dataset
    for name in sequences:
        tag, _, number = name.partition("[")
        dataset = dataset[int(tag, 16)].value[int(number.rstrip("]"))]
    return bytes(dataset[int(item.tag, 16)].value)


def contents(archive: Archive, response: Response) -> Sequence[bytes]:
    """Return the bodies of the parts of a 200 response, or its own if it is a single part."""
    if response.ok and not response.content_type.name.startswith("multipart/"):
        return [response.body]
    return [part.body for part in archive.parts(response).parts]


@check("BULK-001", needs=(F.VR, F.MF), capability=Capability.BULK_DATA)
def every_bulk_data_uri_is_there(archive: Archive, vr: Stock, mf: Stock) -> None:
    """Whatever the metadata of two instances name by BulkDataURI is answered 200 with content."""
    for instance in (vr.first, mf.first):
        for item in bulk_items(archive, instance):
            response = archive.get(item.url, accept=ANY)
            expect_equal(response.status, HTTPStatus.OK, f"status of the bulk data of {item.path}")
            expect(any(contents(archive, response)), f"content of {item.path}", got=response)
            if not urlsplit(item.uri).scheme:
                archive.note("DR-13: the BulkDataURI is relative")


@check("BULK-001", "BULK-003", writes=True, capability=Capability.BULK_DATA)
def bulk_data_of_an_item_are_there(archive: Archive) -> None:
    """The pixels of an icon, which lie in a sequence, are found by their BulkDataURI."""
    icon = Dataset()
    icon.SamplesPerPixel, icon.PhotometricInterpretation, icon.PixelRepresentation = 1, "MONOCHROME2", 0
    icon.Rows, icon.Columns, icon.BitsAllocated, icon.BitsStored, icon.HighBit = 64, 64, 8, 8, 7
    icon.PixelData = bytes(range(256)) * (ICON_BYTES // 256)
    icon["PixelData"].VR = "OB"
    instance = archive.image("icon", IconImageSequence=[icon])
    archive.stored(instance)
    inside = [item for item in bulk_items(archive, instance) if item.path.count("/") > 1]
    if not inside:
        raise Unsupported("the archive gives the values of items inline")
    response = archive.get(inside[0].url, accept=multipart_of(OCTETS))
    expect_equal(b"".join(contents(archive, response)), value_of(instance, inside[0]), "pixels of the icon")


@check("BULK-002", needs=F.VR, capability=Capability.BULK_DATA)
def bulk_data_come_as_a_part_of_octets(archive: Archive, vr: Stock) -> None:
    """Asked for multipart/related of octet streams, each item is one part of application/octet-stream."""
    for item in bulk_items(archive, vr.first):
        parts = archive.parts(archive.get(item.url, accept=multipart_of(OCTETS))).parts
        types = [part.content_type.name for part in parts]
        expect_equal(types, [OCTETS], f"Content-Type of the parts of {item.path}")


@check("BULK-006", needs=F.VR, capability=Capability.BULK_DATA)
def a_part_tells_its_bulk_data_uri(archive: Archive, vr: Stock) -> None:
    """The Content-Location of a part of bulk data is the BulkDataURI of the metadata."""
    for item in bulk_items(archive, vr.first):
        response = archive.get(item.url, accept=multipart_of(OCTETS))
        found = [part.header("Content-Location") for part in archive.parts(response).parts]
        located = [urljoin(response.url, value) if value else None for value in found]
        expect_equal(located, [item.url], f"Content-Location of {item.path}")


@check("BULK-007", needs=F.VR, capability=Capability.BULK_DATA)
def a_resource_gives_all_its_bulk_data(archive: Archive, vr: Stock) -> None:
    """Bulk data of an instance, series and study, where offered, have a part for each BulkDataURI in it."""
    instance = vr.first
    expected = sorted(item.url for item in bulk_items(archive, instance))
    judged = 0
    for path in (instance.path, instance.series_path, instance.study_path):
        response = archive.get(f"{path}/bulkdata", accept=multipart_of(OCTETS))
        if response.status in NOT_OFFERED:
            continue
        found = [part.header("Content-Location") for part in archive.parts(response).parts]
        located = sorted(urljoin(response.url, value or "") for value in found)
        expect_equal(located, expected, f"Content-Locations below {path}/bulkdata")
        judged += 1
    if not judged:
        raise Unsupported("the archive has no bulk data resource of an instance, a series or a study")


@check("BULK-008", needs=F.VR, capability=Capability.BULK_DATA)
def bulk_data_may_come_alone(archive: Archive, vr: Stock) -> None:
    """Asked for application/octet-stream, an item is the bare value, or refused, best with 406."""
    for item in bulk_items(archive, vr.first):
        response = archive.get(item.url, accept=OCTETS)
        if response.status in REFUSED:
            raise Unsupported(f"bulk data as a single part are refused: {response}")
        expect_equal(response.status, HTTPStatus.OK, "status", severity=Severity.FAIL)
        expect_equal(response.content_type.name, OCTETS, "Content-Type", severity=Severity.FAIL)
        whole = response.body == value_of(vr.first, item)
        expect(whole, f"the value of {item.path}", got=response, severity=Severity.FAIL)


@check("BULK-009", needs=F.VR, capability=Capability.BULK_DATA)
def a_range_is_given_or_ignored(archive: Archive, vr: Stock) -> None:
    """Range: bytes=0-99 gives 206 with these bytes and Content-Range, or 200 with all."""
    item = max(bulk_items(archive, vr.first), key=lambda item: len(value_of(vr.first, item)))
    value = value_of(vr.first, item)
    response = archive.get(item.url, accept=OCTETS, headers={"Range": f"bytes=0-{RANGE_BYTES - 1}"})
    match response.status:
        case status if status in REFUSED:
            raise Unsupported(f"bulk data as a single part are refused: {response}")
        case HTTPStatus.PARTIAL_CONTENT:
            told = (response.header("Content-Range"), response.body)
            right = (f"bytes 0-{RANGE_BYTES - 1}/{len(value)}", value[:RANGE_BYTES])
            expect_equal(told, right, "Content-Range and bytes", severity=Severity.FAIL)
            archive.note("a range is given")
        case HTTPStatus.OK:
            expect(response.body == value, "the whole value", got=response, severity=Severity.FAIL)
            archive.note("a range is ignored")
        case _:
            raise Violation("206 or 200", str(response), Severity.FAIL)
