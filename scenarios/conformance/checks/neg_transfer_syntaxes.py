"""The transfer syntax of instances: the default, any, and one by name (PS3.18 8.7.3, 8.7.8.2)."""

from http import HTTPStatus

import numpy as np
from pydicom.uid import UID

from scenarios.conformance.answers import Retrieved
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.decoded import expect_same_pixels, pixels_of
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.media_type import ANY, DICOM, OCTETS
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.message import Response
from scenarios.conformance.verdict import Severity

IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
MPEG2 = "1.2.840.10008.1.2.4.100"  # which no archive makes of a CT image
NOBODY_HAS = "1.2.840.10008.1.2.4.999"
LOSS = 3  # by which two decoders of JPEG may differ


def instances_of(archive: Archive, response: Response) -> list[Retrieved]:
    """Return the instances of a multipart response."""
    return [Retrieved.of(part) for part in archive.parts(response).parts]


def the_one(retrieved: list[Retrieved], instance: Instance, severity: Severity | None = None) -> Retrieved:
    """Return the one instance of a response, which has to be this one."""
    expect_equal([each.uid for each in retrieved], [instance.uid], "instances", severity=severity)
    return retrieved[0]


def expect_explicit(retrieved: list[Retrieved], instances: list[Instance]) -> None:
    """Expect these instances in Explicit VR Little Endian, with their pixels."""
    by_uid = {each.uid: each for each in retrieved}
    expect_equal(sorted(by_uid), sorted(each.uid for each in instances), "instances")
    for instance in instances:
        got = by_uid[instance.uid]
        expect_equal(got.transfer_syntax, EXPLICIT_LITTLE_ENDIAN, f"transfer syntax of {instance.label}")
        expect_same_pixels(got, instance)


def expect_legal(retrieved: Retrieved, instance: Instance) -> None:
    """Expect an instance in a transfer syntax of explicit VRs, little endian, with its pixels."""
    syntax = UID(retrieved.transfer_syntax)
    legal = syntax.is_transfer_syntax and not syntax.is_implicit_VR and syntax.is_little_endian
    expect(legal, "a transfer syntax of explicit VRs, little endian", got=syntax)
    expect_same_pixels(retrieved, instance)


def expect_explicit_by_default(archive: Archive, stock: Stock) -> None:
    """Expect each instance without transfer-syntax in Explicit VR Little Endian, with its pixels."""
    for instance in stock:
        expect_explicit(archive.retrieve(instance.path), [instance])


@check("NEG-009", needs=F.RLE)
def rle_comes_decompressed(archive: Archive, rle: Stock) -> None:
    """RLE images, asked for without transfer-syntax, come in Explicit VR Little Endian."""
    expect_explicit_by_default(archive, rle)


@check("NEG-009", needs=F.J2K)
def jpeg_2000_comes_decompressed(archive: Archive, j2k: Stock) -> None:
    """Lossless JPEG 2000 images, asked for without transfer-syntax, come in Explicit VR Little Endian."""
    expect_explicit_by_default(archive, j2k)


@check("NEG-009", needs=F.JPEGLL)
def jpeg_lossless_comes_decompressed(archive: Archive, jpegll: Stock) -> None:
    """JPEG Lossless images, asked for without transfer-syntax, come in Explicit VR Little Endian."""
    expect_explicit_by_default(archive, jpegll)


@check("NEG-009", needs=F.JLS)
def jpeg_ls_comes_decompressed(archive: Archive, jls: Stock) -> None:
    """Lossless JPEG-LS images, asked for without transfer-syntax, come in Explicit VR Little Endian."""
    expect_explicit_by_default(archive, jls)


@check("NEG-009", needs=F.HTJ2K)
def htj2k_comes_decompressed(archive: Archive, htj2k: Stock) -> None:
    """Lossless HTJ2K images, asked for without transfer-syntax, come in Explicit VR Little Endian."""
    expect_explicit_by_default(archive, htj2k)


@check("NEG-005", "NEG-009", needs=F.RLE)
def anything_is_explicit_little_endian(archive: Archive, rle: Stock) -> None:
    """For */* an RLE image comes in Explicit VR Little Endian; */* is not transfer-syntax=*."""
    instance = rle["grey"]
    expect_explicit(instances_of(archive, archive.get(instance.path, accept=ANY)), [instance])


@check("NEG-010", needs=F.JPEG)
def lossy_images_come_decompressed_or_as_they_are(archive: Archive, jpeg: Stock) -> None:
    """JPEG baseline, without transfer-syntax, comes as Explicit VR Little Endian or as it is (DR-04)."""
    for instance in jpeg:
        found = the_one(archive.retrieve(instance.path), instance, Severity.FAIL)
        allowed = {EXPLICIT_LITTLE_ENDIAN, JPEG_BASELINE}
        fits = found.transfer_syntax in allowed
        expect(fits, "the default or JPEG baseline", got=found.transfer_syntax, severity=Severity.FAIL)
        archive.note(f"JPEG baseline comes as {UID(found.transfer_syntax).name}")
    grey = jpeg["grey"]
    found = the_one(archive.retrieve(grey.path), grey, Severity.FAIL)
    got, expected = pixels_of(found.dataset).astype(int), np.asarray(grey.pixels, dtype=int)
    near = got.shape == expected.shape and np.abs(got - expected).max() <= LOSS
    expect(near, "the pixels of the image", got=got.ravel()[:8], severity=Severity.FAIL)


@check("NEG-011", needs=(F.BASE, F.RLE, F.J2K, F.HTJ2K))
def any_transfer_syntax_may_be_asked_for(
    archive: Archive, base: Stock, rle: Stock, j2k: Stock, htj2k: Stock
) -> None:
    """transfer-syntax=* gives native and compressed images in some legal syntax, pixels unchanged."""
    taken = [
        each for stock in (rle, j2k, htj2k) for each in stock.instances if each.label not in stock.refused
    ]
    for instance in (base["b"], *taken):
        expect_legal(the_one(archive.retrieve(instance.path, "*"), instance), instance)


@check("NEG-012", needs=F.BASE)
def the_default_syntax_may_be_named(archive: Archive, base: Stock) -> None:
    """transfer-syntax=1.2.840.10008.1.2.1 on an instance and on a series gives each part in that syntax."""
    series = [base["a-1-1"], base["a-1-2"], base["a-1-3"]]
    expect_explicit(archive.retrieve(base["b"].path, EXPLICIT_LITTLE_ENDIAN), [base["b"]])
    expect_explicit(archive.retrieve(series[0].series_path, EXPLICIT_LITTLE_ENDIAN), series)


@check("NEG-012", needs=(F.BASE, F.J2K))
def a_named_compression_is_used(archive: Archive, base: Stock, j2k: Stock) -> None:
    """Where JPEG 2000 Lossless is asked for by name and given, it is what comes."""
    given = 0
    for instance in (j2k["grey"], base["b"]):
        response = archive.get(instance.path, accept=multipart_of(DICOM, JPEG_2000_LOSSLESS))
        if response.status == HTTPStatus.NOT_ACCEPTABLE:
            continue
        found = the_one(instances_of(archive, response), instance)
        expect_equal(found.transfer_syntax, JPEG_2000_LOSSLESS, f"transfer syntax of {instance.label}")
        expect_same_pixels(found, instance)
        given += 1
    if not given:
        raise Unsupported("the archive sends no JPEG 2000")


@check("NEG-013", needs=F.BASE)
def a_syntax_that_is_not_offered_is_406(archive: Archive, base: Stock) -> None:
    """A syntax that nobody has, and MPEG-2 for a CT image, are 406 for instances and frames (DR-33)."""
    instance = base["b"]
    the_one(archive.retrieve(instance.path), instance)
    expect_equal(len(archive.frames(instance.path)), 1, "number of frames")
    for syntax in (NOBODY_HAS, MPEG2):
        instances = archive.get(instance.path, accept=multipart_of(DICOM, syntax))
        frames = archive.get(f"{instance.path}/frames/1", accept=multipart_of(OCTETS, syntax))
        for response in (instances, frames):
            if response.ok:
                archive.warn(f"DR-33: the default is sent where {syntax} alone is acceptable")
                continue
            expect_equal(response.status, HTTPStatus.NOT_ACCEPTABLE, f"status of transfer-syntax={syntax}")


def expect_no_implicit_vr(archive: Archive, instance: Instance) -> None:
    """Expect a refusal of Implicit VR by name; the default instead is the other reading (DR-33)."""
    the_one(archive.retrieve(instance.path), instance)
    response = archive.get(instance.path, accept=multipart_of(DICOM, IMPLICIT_LITTLE_ENDIAN))
    if response.ok:
        for each in instances_of(archive, response):
            expect(each.transfer_syntax != IMPLICIT_LITTLE_ENDIAN, "no Implicit VR", got=each.transfer_syntax)
        archive.warn("DR-33: the default is sent where Implicit VR alone is acceptable")
        return
    expect_equal(response.status, HTTPStatus.NOT_ACCEPTABLE, "status of Implicit VR Little Endian")


@check("NEG-014", needs=F.BASE)
def implicit_vr_is_not_made(archive: Archive, base: Stock) -> None:
    """Explicit VR is not turned into Implicit VR for a client that asks for it by name: 406."""
    expect_no_implicit_vr(archive, base["b"])


@check("NEG-014", needs=F.IVR)
def stored_implicit_vr_is_not_sent(archive: Archive, ivr: Stock) -> None:
    """What was stored in Implicit VR does not come so for a client that asks for it by name: 406."""
    expect_no_implicit_vr(archive, ivr["implicit"])


@check("NEG-015", needs=F.RLE)
def two_transfer_syntaxes_in_one_range_are_survived(archive: Archive, rle: Stock) -> None:
    """A range that names two transfer syntaxes, as OHIF writes it, gives one of them, or 400 or 406."""
    instance = rle["grey"]
    the_one(archive.retrieve(instance.path), instance)
    accept = f"{multipart_of(DICOM, EXPLICIT_LITTLE_ENDIAN)}; transfer-syntax=*"
    response = archive.get(instance.path, accept=accept)
    if response.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_ACCEPTABLE}:
        archive.note(f"two transfer syntaxes in one media range are {response.status}")
        return
    expect_equal(response.status, HTTPStatus.OK, "status")
    found = the_one(instances_of(archive, response), instance)
    expect_legal(found, instance)
    archive.note(f"of {EXPLICIT_LITTLE_ENDIAN} and *, {found.transfer_syntax} is sent")


@check("NEG-016", needs=F.MIXTS)
def a_mixed_series_comes_in_one_syntax(archive: Archive, mixts: Stock) -> None:
    """A series of native, RLE, JPEG 2000 and JPEG Lossless images comes in Explicit VR Little Endian."""
    instances = list(mixts)
    if len(instances) == 1:
        raise Unsupported("the archive stores no series of several transfer syntaxes")
    expect_explicit(archive.retrieve(instances[0].series_path), instances)


@check("NEG-016", needs=F.MIXTS)
def a_mixed_series_comes_as_it_is(archive: Archive, mixts: Stock) -> None:
    """With transfer-syntax=* each image of the mixed series comes in some legal syntax, pixels unchanged."""
    instances = {instance.uid: instance for instance in mixts}
    if len(instances) == 1:
        raise Unsupported("the archive stores no series of several transfer syntaxes")
    retrieved = archive.retrieve(mixts.first.series_path, "*")
    expect_equal(sorted(each.uid for each in retrieved), sorted(instances), "instances")
    for each in retrieved:
        expect_legal(each, instances[each.uid])
