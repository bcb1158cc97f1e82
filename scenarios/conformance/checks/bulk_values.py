"""Bulk data as bytes: little endian values, codec streams without their envelopes, and documents."""

import struct

import numpy as np
from pydicom.encaps import generate_frames
from pydicom.uid import ExplicitVRBigEndian

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.bulk_items import Item, bulk_items, contents, value_of
from scenarios.conformance.checks.stow_outcomes import SUCCESS
from scenarios.conformance.dicom_json import tag_of
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.documents import DOCUMENT_BYTES
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance, encode
from scenarios.conformance.media_type import OCTETS
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.target import Capability

PIXEL_DATA = "7FE00010"
ENCAPSULATED_DOCUMENT = "00420011"
AS_STORED = "*"
ITEM = b"\xfe\xff\x00\xe0"  # the tag (FFFE,E000) in little endian
WORDS = {"SelectorOWValue": "H", "SelectorOLValue": "I", "SelectorOFValue": "f", "SelectorODValue": "d"}
COUNT = 1024  # of the words of each


def item_of(archive: Archive, instance: Instance, tag: str) -> Item:
    """Return the item of an attribute; if it is not named by URI, the check ends as unsupported."""
    found = next((item for item in bulk_items(archive, instance) if item.path == f"/{tag}"), None)
    if found is None:
        raise Unsupported(f"the metadata give no BulkDataURI for {tag}")
    return found


def octets(archive: Archive, item: Item, transfer_syntax: str | None = None) -> bytes:
    """Return an item as octets, the parts of several frames put together."""
    response = archive.get(item.url, accept=multipart_of(OCTETS, transfer_syntax))
    return b"".join(contents(archive, response))


@check("BULK-003", needs=F.VR, capability=Capability.BULK_DATA)
def values_are_the_bytes_of_the_value_field(archive: Archive, vr: Stock) -> None:
    """Bulk data of OB, OD, OF, OL, OV, OW and UN are the value in little endian, and nothing else."""
    for item in bulk_items(archive, vr.first):
        found, value = octets(archive, item), value_of(vr.first, item)
        expect(found == value, f"{len(value)} bytes of {item.path}", got=f"{len(found)} bytes {found[:20]!r}")


@check("BULK-003", needs=F.BE, capability=Capability.BULK_DATA)
def pixels_of_a_big_endian_image_are_little_endian(archive: Archive, be: Stock) -> None:
    """Bulk pixel data of an image that was stored in Big Endian are in little endian."""
    pixels = be.first.pixels
    assert pixels is not None
    found = octets(archive, item_of(archive, be.first, PIXEL_DATA))
    expect_equal(found, pixels.astype("<u2").tobytes(), "pixel data")


@check("BULK-003", writes=True, capability=Capability.BULK_DATA)
def words_of_a_big_endian_file_are_little_endian(archive: Archive) -> None:
    """Bulk data of OW, OL, OF and OD values of a file in Big Endian are in little endian."""
    dataset = archive.image("big-endian").dataset
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    dataset.PixelData = b"\0" * len(dataset.PixelData)
    for keyword, code in WORDS.items():
        setattr(dataset, keyword, struct.pack(f">{COUNT}{code}", *range(COUNT)))
    instance = encode("big-endian", dataset)
    if archive.store(instance).status not in SUCCESS:
        raise Unsupported("the archive refuses Explicit VR Big Endian")
    items = {item.tag: item for item in bulk_items(archive, instance)}
    if not any(tag_of(keyword) in items for keyword in WORDS):
        raise Unsupported("the archive gives values of 2 to 8 KB inline")
    for keyword, code in WORDS.items():
        if tag_of(keyword) in items:
            little = struct.pack(f"<{COUNT}{code}", *range(COUNT))
            expect(octets(archive, items[tag_of(keyword)]) == little, f"{keyword} in little endian")


@check("BULK-004", needs=(F.J2K, F.RLE), capability=Capability.BULK_DATA)
def compressed_pixels_are_the_bare_stream(archive: Archive, j2k: Stock, rle: Stock) -> None:
    """Compressed pixel data as stored are the codec stream, without items, delimiters or offset table."""
    for instance in (j2k["grey"], j2k["fragments"], rle["grey"]):
        found = octets(archive, item_of(archive, instance, PIXEL_DATA), AS_STORED)
        if instance.pixels is not None and found == instance.pixels.astype("<u2").tobytes():
            archive.warn("DR-34: transfer-syntax=* with octet-stream gives native pixels")
            continue
        stream = b"".join(generate_frames(instance.dataset.PixelData, number_of_frames=1))
        expect(not found.startswith(ITEM), "no item before the stream", got=found[:20])
        same = found.rstrip(b"\0") == stream.rstrip(b"\0")
        expect(same, f"the stream of {len(stream)} bytes", got=f"{len(found)} bytes {found[:20]!r}")


@check("BULK-005", needs=(F.RLE, F.J2K), capability=Capability.BULK_DATA)
def lossless_pixels_are_decompressed_by_default(archive: Archive, rle: Stock, j2k: Stock) -> None:
    """Without a transfer syntax, pixel data stored in RLE or JPEG 2000 come as native little endian."""
    for instance in (rle["grey"], rle["frames"], j2k["grey"]):
        pixels = instance.pixels
        assert pixels is not None
        native = pixels.astype(np.dtype(pixels.dtype).newbyteorder("<")).tobytes()
        found = octets(archive, item_of(archive, instance, PIXEL_DATA))
        expect(found == native, f"{len(native)} bytes of pixels", got=f"{len(found)} bytes {found[:20]!r}")


@check("BULK-010", needs=F.PDF, capability=Capability.BULK_DATA)
def a_document_comes_back(archive: Archive, pdf: Stock) -> None:
    """An encapsulated PDF comes as octets and, if offered, as its own type; one pad byte may follow."""
    item = item_of(archive, pdf.first, ENCAPSULATED_DOCUMENT)
    whole = {DOCUMENT_BYTES, DOCUMENT_BYTES + b"\0"}
    expect(octets(archive, item) in whole, f"a document of {len(DOCUMENT_BYTES)} bytes")
    for accept in (multipart_of("application/pdf"), "application/pdf"):
        response = archive.get(item.url, accept=accept)
        if response.ok:
            (found,) = contents(archive, response)
            expect(found in whole, f"the document as {accept}", got=f"{len(found)} bytes")
