"""What the Content-Type of a part says about its transfer syntax (PS3.18 8.7.9, Table 8.7.3-5)."""

from http import HTTPStatus
from types import MappingProxyType

from scenarios.conformance.answers import Retrieved
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.neg_transfer_syntaxes import EXPLICIT_LITTLE_ENDIAN, the_one
from scenarios.conformance.decoded import expect_frame, expect_same_pixels
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.media_type import DICOM, OCTETS
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.multipart import Part

LABEL = "transfer-syntax"
# Media type -> the transfer syntaxes of its frames, the default first (PS3.18 Table 8.7.3-5).
PAIRS = MappingProxyType(
    {
        "image/jpeg": tuple(f"1.2.840.10008.1.2.4.{last}" for last in (70, 50, 51, 57)),
        "image/dicom-rle": ("1.2.840.10008.1.2.5",),
        "image/jls": tuple(f"1.2.840.10008.1.2.4.{last}" for last in (80, 81)),
        "image/jp2": tuple(f"1.2.840.10008.1.2.4.{last}" for last in (90, 91)),
        "image/jpx": tuple(f"1.2.840.10008.1.2.4.{last}" for last in (92, 93)),
        "image/jphc": tuple(f"1.2.840.10008.1.2.4.{last}" for last in (201, 202, 203)),
    },
)
OLD_NAMES = MappingProxyType(
    {"image/dicom-rle": "image/x-dicom-rle", "image/jls": "image/x-jls", "image/jphc": "image/jhc"},
)


def taken(*stocks: Stock) -> list[Instance]:
    """Return the single-frame instances that the archive took of these fixtures; none ends the check."""
    found = [
        each
        for stock in stocks
        for each in stock.instances
        if each.label not in stock.refused and "NumberOfFrames" not in each.dataset
    ]
    if not found:
        raise Unsupported("the archive stores no compressed images")
    return found


def parts_as_stored(archive: Archive, instance: Instance) -> list[Part]:
    """Return the frame of a compressed image in every way that the archive gives it compressed."""
    own = next(name for name, syntaxes in PAIRS.items() if instance.transfer_syntax in syntaxes)
    parts: list[Part] = []
    for accept in (multipart_of(own, instance.transfer_syntax), multipart_of(OCTETS, "*")):
        response = archive.get(f"{instance.path}/frames/1", accept=accept)
        if response.status == HTTPStatus.OK:
            parts += archive.parts(response).parts
    return parts


def parts_of(archive: Archive, path: str, part_type: str) -> list[Part]:
    """Return what comes of a resource by default and as it is stored; a refusal is judged elsewhere."""
    responses = [archive.get(path, accept=multipart_of(part_type, syntax)) for syntax in (None, "*")]
    return [part for response in responses if response.ok for part in archive.parts(response).parts]


@check("NEG-017", needs=(F.BASE, F.RLE, F.J2K))
def the_label_of_an_instance_is_true(archive: Archive, base: Stock, rle: Stock, j2k: Stock) -> None:
    """The transfer-syntax of a part is that of the File Meta Information, in which its pixels decode."""
    judged = 0
    for instance in (base["b"], *taken(rle, j2k)):
        for part in parts_of(archive, instance.path, DICOM):
            found = Retrieved.of(part)
            expect_same_pixels(found, instance)
            label = part.content_type.parameters.get(LABEL)
            if label is not None:
                expect_equal(label, found.transfer_syntax, f"{LABEL} of a part of {instance.label}")
                judged += 1
    if not judged:
        raise Unsupported("no part names its transfer syntax")


@check("NEG-017", needs=(F.BASE, F.RLE, F.J2K))
def the_label_of_a_frame_is_true(archive: Archive, base: Stock, rle: Stock, j2k: Stock) -> None:
    """The bytes of a frame, decoded as its transfer-syntax says, are its pixels."""
    judged = 0
    for instance in (base["b"], *taken(rle, j2k)):
        for part in parts_of(archive, f"{instance.path}/frames/1", OCTETS):
            label = part.content_type.parameters.get(LABEL)
            if label is not None:
                expect_frame(part.body, label, instance)
                judged += 1
    if not judged:
        raise Unsupported("no frame names its transfer syntax")


@check("NEG-018", needs=(F.RLE, F.J2K))
def what_is_compressed_is_labelled(archive: Archive, rle: Stock, j2k: Stock) -> None:
    """Instances and frames that come compressed name their transfer-syntax."""
    judged = 0
    for instance in taken(rle, j2k):
        found = the_one(archive.retrieve(instance.path, "*"), instance)
        parts = parts_as_stored(archive, instance)
        native = instance.pixels is not None and instance.pixels.tobytes()
        compressed = [part for part in parts if part.body != native]
        if found.transfer_syntax != EXPLICIT_LITTLE_ENDIAN:
            compressed.append(found.part)
        for part in compressed:
            got = part.header("Content-Type")
            expect(LABEL in part.content_type.parameters, f"{LABEL} of {instance.label}", got=got)
        judged += len(compressed)
    if not judged:
        raise Unsupported("the archive sends nothing compressed")


def expect_pairs(archive: Archive, *stocks: Stock) -> None:
    """Expect each frame in an image type to be of a syntax that Table 8.7.3-5 pairs with it."""
    judged = 0
    for instance in taken(*stocks):
        for part in parts_as_stored(archive, instance):
            name = part.content_type.name
            if name == OCTETS:
                continue
            expect(name in PAIRS, "an image type of Table 8.7.3-5", got=part.header("Content-Type"))
            syntax = part.content_type.parameters.get(LABEL, PAIRS[name][0])
            expect(syntax in PAIRS[name], f"a transfer syntax that goes with {name}", got=syntax)
            expect_equal(syntax, instance.transfer_syntax, "transfer syntax of the frame")
            judged += 1
    if not judged:
        raise Unsupported("the archive sends no frames in image types")


@check("NEG-019", needs=(F.RLE, F.J2K))
def image_types_go_with_their_syntaxes(archive: Archive, rle: Stock, j2k: Stock) -> None:
    """Frames of RLE come as image/dicom-rle and those of JPEG 2000 as image/jp2."""
    expect_pairs(archive, rle, j2k)


@check("NEG-019", needs=(F.JPEG, F.JPEGLL))
def jpeg_is_told_from_lossless_jpeg(archive: Archive, jpeg: Stock, jpegll: Stock) -> None:
    """Frames of both come as image/jpeg; without transfer-syntax that means JPEG Lossless."""
    expect_pairs(archive, jpeg, jpegll)


@check("NEG-019", needs=(F.JLS, F.HTJ2K))
def newer_image_types_go_with_their_syntaxes(archive: Archive, jls: Stock, htj2k: Stock) -> None:
    """Frames of JPEG-LS come as image/jls and those of HTJ2K as image/jphc."""
    expect_pairs(archive, jls, htj2k)


@check("NEG-019", needs=(F.RLE, F.JLS, F.HTJ2K))
def old_names_of_types_are_taken_or_refused(archive: Archive, rle: Stock, jls: Stock, htj2k: Stock) -> None:
    """Names of older editions, image/x-jls and the like, give the same frame, or 406 (DR-20)."""
    for instance in taken(rle, jls, htj2k):
        expect_equal(len(archive.frames(instance.path)), 1, "number of frames")
        name = next(name for name, syntaxes in PAIRS.items() if instance.transfer_syntax in syntaxes)
        accept = multipart_of(OLD_NAMES[name], instance.transfer_syntax)
        response = archive.get(f"{instance.path}/frames/1", accept=accept)
        if response.is_client_error:
            archive.note(f"{OLD_NAMES[name]} is refused")
            continue
        for part in archive.parts(response).parts:
            fits = part.content_type.name in {name, OLD_NAMES[name]}
            expect(fits, f"{name} or {OLD_NAMES[name]}", got=part.header("Content-Type"))
            expect_frame(part.body, instance.transfer_syntax, instance)
        archive.note(f"{OLD_NAMES[name]} is an alias")
