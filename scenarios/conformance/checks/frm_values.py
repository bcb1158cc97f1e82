"""Frames of single bits and of floating point numbers, and Pixel Data resources (PS3.18 8.7.3.3, 10.4.1)."""

import numpy as np
from pydicom.dataset import Dataset

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.bulk_items import NOT_OFFERED
from scenarios.conformance.checks.frm_lists import native
from scenarios.conformance.checks.neg_transfer_syntaxes import the_one
from scenarios.conformance.findings import Unsupported, Violation, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.media_type import OCTETS
from scenarios.conformance.media_type import multipart as multipart_of

BITS_PER_BYTE = 8


def frame_of_bits(archive: Archive, instance: Instance, number: int) -> bytes:
    """Return one frame, which has to be one part."""
    parts = archive.frames(instance.path, f"{number}")
    expect_equal(len(parts), 1, f"number of parts of frame {number}")
    return parts[0].body


@check("FRM-012", needs=F.BIT)
def bits_of_a_frame_begin_on_a_byte(archive: Archive, bit: Stock) -> None:
    """Each frame of 3 x 5 single bits comes with its own bits, wherever in a byte they were stored."""
    instance = bit["bits"]
    assert instance.pixels is not None
    for number, frame in enumerate(instance.pixels, start=1):
        body = frame_of_bits(archive, instance, number)
        bits = np.unpackbits(np.frombuffer(body, np.uint8), bitorder="little")
        begin = (number - 1) * frame.size % BITS_PER_BYTE
        if np.array_equal(bits[: frame.size], frame.ravel()) and len(body) == -(-frame.size // BITS_PER_BYTE):
            continue
        if np.array_equal(bits[begin : begin + frame.size], frame.ravel()):
            archive.warn(f"frame {number} comes in the bytes that hold it, with bits of its neighbours")
            continue
        raise Violation(f"the {frame.size} bits of frame {number}", f"{len(body)} bytes {body[:8]!r}")


@check("FRM-017", needs=F.FLOAT)
def floating_point_frames_are_bytes(archive: Archive, float_pixels: Stock) -> None:
    """Frames of Float and Double Float Pixel Data are their numbers of 4 and 8 bytes, little endian."""
    for instance in float_pixels:
        assert instance.pixels is not None
        bodies = [part.body for part in archive.frames(instance.path)]
        expected = instance.pixels.tobytes()
        got = [f"{len(body)} bytes {body[:8]!r}" for body in bodies]
        expect(bodies == [expected], f"{len(expected)} bytes of {instance.label}", got=got)


def icon() -> Dataset:
    """Return an icon of 16 x 16 pixels, which are no Pixel Data of the instance."""
    small = Dataset()
    small.SamplesPerPixel, small.PhotometricInterpretation, small.PixelRepresentation = 1, "MONOCHROME2", 0
    small.Rows, small.Columns, small.BitsAllocated, small.BitsStored, small.HighBit = 16, 16, 8, 8, 7
    small.PixelData = bytes(range(256))
    small["PixelData"].VR = "OB"
    return small


@check("FRM-015", writes=True)
def pixel_data_are_a_resource(archive: Archive) -> None:
    """The pixeldata of an instance, a series and a study are those of its images, without their icons."""
    images = [archive.image(f"{number}", number=number, IconImageSequence=[icon()]) for number in (1, 2)]
    archive.stored(*images)
    first = images[0]
    the_one(archive.retrieve(first.path), first)
    judged = 0
    for path, inside in ((first.path, images[:1]), (first.series_path, images), (first.study_path, images)):
        response = archive.get(f"{path}/pixeldata", accept=multipart_of(OCTETS))
        if response.status in NOT_OFFERED:
            continue
        bodies = sorted(part.body for part in archive.parts(response).parts)
        expected = sorted(native(each) for each in inside)
        got = [f"{len(body)} bytes" for body in bodies]
        expect(bodies == expected, f"{len(expected)} parts of pixel data of {path}", got=got)
        judged += 1
    if not judged:
        raise Unsupported("the archive has no Pixel Data resource")
