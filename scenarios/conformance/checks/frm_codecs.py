"""Frames of compressed images: as bare codec streams, as native bytes, and as viewers ask for them (8.7.3.3).

Streams are proven by decoding them; of lossy ones the bytes have to be those that were stored.
"""

from collections.abc import Iterator
from http import HTTPStatus
from types import MappingProxyType

from pydicom.encaps import generate_frames
from pydicom.uid import UID

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.bulk_items import NOT_OFFERED, REFUSED, bulk_items
from scenarios.conformance.checks.frm_lists import expect_frames, native
from scenarios.conformance.checks.neg_labels import LABEL, PAIRS
from scenarios.conformance.checks.neg_transfer_syntaxes import the_one
from scenarios.conformance.decoded import expect_frame
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.codecs import encoded_file
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.media_type import OCTETS
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.multipart import Part
from scenarios.conformance.verdict import Severity

# What a stream begins with; an RLE frame begins with the number of segments and byte 64, where the first is.
BEGINNINGS = MappingProxyType(
    {
        "image/jpeg": (b"\xff\xd8\xff",),
        "image/jls": (b"\xff\xd8\xff",),
        "image/jp2": (b"\xff\x4f\xff\x51",),
        "image/jphc": (b"\xff\x4f\xff\x51",),
        "image/dicom-rle": tuple(bytes((count, 0, 0, 0, 64, 0, 0, 0)) for count in range(1, 16)),
    },
)
VIDEO = "video/mp4"


def count_of(instance: Instance) -> int:
    """Return the number of frames of an instance."""
    return int(instance.dataset.get("NumberOfFrames", 1))


def image_type(instance: Instance) -> str:
    """Return the media type of the streams of a compressed instance."""
    return next(name for name, syntaxes in PAIRS.items() if instance.transfer_syntax in syntaxes)


def streams(archive: Archive, instance: Instance) -> list[Part]:
    """Return all frames of an instance as stored; an archive that only decompresses is unsupported."""
    numbers = ",".join(str(number) for number in range(1, count_of(instance) + 1))
    refused = ""
    for accept in (
        multipart_of(image_type(instance), "*"),
        multipart_of(image_type(instance), instance.transfer_syntax),
        multipart_of(OCTETS, "*"),
    ):
        response = archive.get(f"{instance.path}/frames/{numbers}", accept=accept)
        if response.status in REFUSED:
            refused = str(response)
            continue
        parts = list(archive.parts(response).parts)
        if accept == multipart_of(OCTETS, "*") and is_native(parts, instance):
            raise Unsupported("the archive gives frames of compressed images decompressed only")
        return parts
    the_one(archive.retrieve(instance.path), instance)
    raise Unsupported(f"the archive gives no compressed frames: {refused}")


def is_native(parts: list[Part], instance: Instance) -> bool:
    """Tell whether the parts are the frames of an instance, decompressed."""
    return bool(parts) and parts[0].body == native(instance)


def expect_stream(part: Part, instance: Instance, number: int) -> None:
    """Expect a part to be the stream of a frame: without envelope, whole, and of the right pixels."""
    body = part.body
    bare = body.startswith(BEGINNINGS[image_type(instance)])
    expect(bare, f"a bare stream of {UID(instance.transfer_syntax).name}", got=body[:8])
    if instance.transfer_syntax.endswith(".4.50"):
        stored = list(generate_frames(instance.dataset.PixelData, number_of_frames=count_of(instance)))
        same = body.rstrip(b"\0") == stored[number - 1].rstrip(b"\0")
        expect(same, f"the stream that was stored of {instance.label}", got=f"{len(body)} bytes")
        return
    expect_frame(body, instance.transfer_syntax, instance, number if count_of(instance) > 1 else None)


def expect_streams(archive: Archive, stock: Stock) -> None:
    """Expect each frame of each instance as one part, a bare stream."""
    for instance in stock:
        parts = streams(archive, instance)
        expect_equal(len(parts), count_of(instance), f"number of parts of {instance.label}")
        for number, part in enumerate(parts, start=1):
            expect_stream(part, instance, number)


@check("FRM-010", needs=F.RLE)
def rle_frames_come_as_stored(archive: Archive, rle: Stock) -> None:
    """Frames of RLE images are one part each: a header of 64 bytes, segments, and no item around them."""
    expect_streams(archive, rle)


@check("FRM-010", needs=F.J2K)
def jpeg_2000_frames_come_as_stored(archive: Archive, j2k: Stock) -> None:
    """Frames of JPEG 2000 are one code stream each, fragments of one frame put together."""
    expect_streams(archive, j2k)


@check("FRM-010", needs=F.JPEG)
def jpeg_frames_come_as_stored(archive: Archive, jpeg: Stock) -> None:
    """Frames of JPEG baseline are the very streams that were stored."""
    expect_streams(archive, jpeg)


@check("FRM-010", needs=F.JPEGLL)
def jpeg_lossless_frames_come_as_stored(archive: Archive, jpegll: Stock) -> None:
    """Frames of JPEG Lossless are bare streams."""
    expect_streams(archive, jpegll)


@check("FRM-010", needs=F.JLS)
def jpeg_ls_frames_come_as_stored(archive: Archive, jls: Stock) -> None:
    """Frames of JPEG-LS are bare streams."""
    expect_streams(archive, jls)


@check("FRM-010", needs=F.HTJ2K)
def htj2k_frames_come_as_stored(archive: Archive, htj2k: Stock) -> None:
    """Frames of High-Throughput JPEG 2000 are bare code streams."""
    expect_streams(archive, htj2k)


def expect_native(archive: Archive, stock: Stock) -> None:
    """Expect all frames of each instance as native bytes, one by one and in a list."""
    for instance in stock:
        numbers = range(1, count_of(instance) + 1)
        listed = archive.frames(instance.path, ",".join(map(str, numbers)))
        expect_frames(listed, instance, *numbers)
        expect_frames(archive.frames(instance.path, f"{numbers[-1]}"), instance, numbers[-1])


@check("FRM-011", needs=F.RLE)
def rle_frames_come_decompressed(archive: Archive, rle: Stock) -> None:
    """Frames of RLE images, grey, RGB and several, are native bytes without transfer-syntax."""
    expect_native(archive, rle)


@check("FRM-011", needs=F.J2K)
def jpeg_2000_frames_come_decompressed(archive: Archive, j2k: Stock) -> None:
    """Frames of lossless JPEG 2000 images are native bytes without transfer-syntax."""
    expect_native(archive, j2k)


def expect_usable(archive: Archive, instance: Instance) -> None:
    """Expect frames for transfer-syntax=* as native bytes, or as streams that say what they are."""
    several = count_of(instance) > 1
    for number in range(1, count_of(instance) + 1):
        response = archive.get(f"{instance.path}/frames/{number}", accept=multipart_of(OCTETS, "*"))
        expect_equal(response.status, HTTPStatus.OK, "status", severity=Severity.FAIL)
        (part,) = archive.parts(response).parts[:1]
        if part.body == native(instance, number):
            archive.note(f"{instance.label} comes as native bytes")
            continue
        label = part.content_type.parameters.get(LABEL)
        expect(label, f"native bytes, or {LABEL} of the stream", got="no label", severity=Severity.FAIL)
        expect_frame(part.body, str(label), instance, number if several else None)
        archive.note(f"{instance.label} comes labelled as {UID(str(label)).name}")


@check("FRM-018", needs=(F.RLE, F.J2K))
def what_viewers_ask_for_is_usable(archive: Archive, rle: Stock, j2k: Stock) -> None:
    """Octets of any transfer syntax, as viewers ask for them, are native or labelled streams (DR-34)."""
    for stock in (rle, j2k):
        for instance in stock:
            expect_usable(archive, instance)


def video_resources(archive: Archive, instance: Instance) -> Iterator[str]:
    """Yield where the stream of a video may be: its bulk data, its Pixel Data resource."""
    yield from (item.url for item in bulk_items(archive, instance) if item.tag == "7FE00010")
    yield f"{instance.path}/pixeldata"


@check("FRM-016", needs=F.VIDEO)
def a_video_is_one_part(archive: Archive, video: Stock) -> None:
    """The Pixel Data of an MPEG-4 video are one part with the whole stream, of five frames though it is."""
    instance, stream = video["video"], encoded_file("five_greys.mp4")
    for url in video_resources(archive, instance):
        for accept in (multipart_of(VIDEO, "*"), multipart_of(VIDEO, instance.transfer_syntax)):
            response = archive.get(url, accept=accept)
            if response.status in NOT_OFFERED:
                continue
            parts = archive.parts(response).parts
            types = [part.content_type.name for part in parts]
            expect_equal(types, [VIDEO], "Content-Type of the parts")
            same = parts[0].body.rstrip(b"\0") == stream.rstrip(b"\0")
            expect(same, f"a stream of {len(stream)} bytes", got=f"{len(parts[0].body)} bytes")
            return
    the_one(archive.retrieve(instance.path, "*"), instance)
    raise Unsupported("the archive gives the stream of a video within the instance only")
