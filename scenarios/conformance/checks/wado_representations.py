"""Instances in another form than they were stored: transcoded, not to be had, or as bulk data alone."""

from http import HTTPStatus

import numpy as np
from pydicom.uid import UID

from scenarios.conformance import multipart
from scenarios.conformance.answers import Retrieved
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.decoded import expect_same_pixels, pixels_of
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.media_type import DICOM, OCTETS
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.verdict import Severity

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"  # few archives encode it
LOSS = 8  # by which two decoders of 4:2:2 JPEG may differ
NO_PARTS = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_ACCEPTABLE, HTTPStatus.NOT_IMPLEMENTED}


def uncompressed(archive: Archive, instance: Instance) -> Retrieved:
    """Return an instance in Explicit VR Little Endian; a refusal ends the check as unsupported."""
    response = archive.get(instance.path, accept=multipart_of(DICOM, EXPLICIT_LITTLE_ENDIAN))
    if response.status == HTTPStatus.NOT_ACCEPTABLE:
        raise Unsupported(f"the archive does not decompress {UID(instance.transfer_syntax).name}")
    found = [Retrieved.of(part) for part in archive.parts(response).parts]
    expect_equal([each.uid for each in found], [instance.uid], "instances")
    expect_equal(found[0].transfer_syntax, EXPLICIT_LITTLE_ENDIAN, "transfer syntax")
    return found[0]


def expect_description(retrieved: Retrieved, instance: Instance) -> None:
    """Expect the description of the pixels to be as it was, but for what names their order."""
    for keyword in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit"):
        got, expected = retrieved.dataset.get(keyword), instance.dataset.get(keyword)
        expect_equal(got, expected, f"{keyword} of {instance.label}")


@check("WADO-005", needs=F.RLE)
def decompressed_pixels_are_what_they_are_called(archive: Archive, rle: Stock) -> None:
    """RLE images of grey values, RGB and frames, decompressed, decode as their attributes say."""
    for instance in rle:
        found = uncompressed(archive, instance)
        expect_description(found, instance)
        expect_same_pixels(found, instance)
        lossy = found.dataset.get("LossyImageCompression", "00")
        expect_equal(lossy, "00", "LossyImageCompression of what lost nothing")


@check("WADO-005", needs=F.JPEG)
def decompressed_colours_are_what_they_are_called(archive: Archive, jpeg: Stock) -> None:
    """A JPEG of YBR_FULL_422, decompressed, shows its colours by its attributes and stays marked as lossy."""
    instance = jpeg["ybr"]
    found = uncompressed(archive, instance)
    expect_description(found, instance)
    got, expected = pixels_of(found.dataset).astype(int), np.asarray(instance.pixels, dtype=int)
    near = got.shape == expected.shape and np.abs(got - expected).max() <= LOSS
    expect(near, "the colours of the image", got=f"{got.shape}, first {got.ravel()[:6]}")
    expect_equal(found.dataset.get("LossyImageCompression"), "01", "LossyImageCompression of lossy pixels")


@check("WADO-007", needs=F.MIXTS)
def nothing_is_dropped_in_silence(archive: Archive, mixts: Stock) -> None:
    """A series of which some instances cannot be sent as asked is 406, or 206 with the others, but not 200.

    The series is of four transfer syntaxes; it is asked for in the default and as JPEG Lossless.
    """
    series, uids = mixts.first.series_path, sorted(mixts.uids)
    if len(uids) == 1:
        raise Unsupported("the archive stores no series of several transfer syntaxes")
    expect_equal(sorted(each.uid for each in archive.retrieve(series, "*")), uids, "instances")
    for syntax in (None, JPEG_LOSSLESS):
        response = archive.get(series, accept=multipart_of(DICOM, syntax))
        if response.status == HTTPStatus.NOT_ACCEPTABLE:
            archive.note(f"a series that is not all to be had as {syntax or 'the default'} is 406")
            continue
        got = sorted(Retrieved.of(part).uid for part in multipart.read(response).parts)
        if response.status == HTTPStatus.PARTIAL_CONTENT:
            archive.warn("DR-21: a part of the series is sent as 206, which 8.5 keeps for ranges of bytes")
            expect(set(got) < set(uids) and got, "some instances", got=got, severity=Severity.FAIL)
            continue
        expect_equal(response.status, HTTPStatus.OK, "status", severity=Severity.FAIL)
        missing = f"{len(got)} of {len(uids)} instances"
        expect(
            got == uids,
            f"every instance in a 200 for {syntax or 'the default'}",
            got=missing,
            severity=Severity.FAIL,
        )


def bulk_bodies(archive: Archive, path: str) -> list[bytes]:
    """Return the parts of a path as bulk data; a refusal of the type ends the check as unsupported."""
    response = archive.get(path, accept=multipart_of(OCTETS))
    if response.status in NO_PARTS:
        raise Unsupported(f"the archive does not give instances as bulk data: {response}")
    parts = archive.parts(response).parts
    expect_equal({part.content_type.name for part in parts}, {OCTETS}, "Content-Type of the parts")
    return [part.body for part in parts]


@check("WADO-008", needs=F.BASE)
def instances_come_as_bulk_data(archive: Archive, base: Stock) -> None:
    """Asked for octet streams, an instance, a series and a study give the pixel data of their images."""
    images = [base[f"a-{series}-{number}"] for series in (1, 2) for number in (1, 2, 3)]
    first = images[0]
    expect_equal([each.uid for each in archive.retrieve(first.path)], [first.uid], "instances")
    for path, inside in (
        (first.path, images[:1]),
        (first.series_path, images[:3]),
        (first.study_path, images),
    ):
        expected = sorted(bytes(each.dataset.PixelData) for each in inside)
        got = sorted(bulk_bodies(archive, path))
        expect(got == expected, f"{len(expected)} parts of pixel data", got=[len(each) for each in got])
