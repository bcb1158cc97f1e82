"""What multipart carries: bytes that look like structure come through as they are, in both directions."""

import json
from http import HTTPStatus

import numpy as np

from scenarios.conformance import multipart
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.stow_payloads import NOT_OFFERED
from scenarios.conformance.findings import Unsupported, Violation, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import SECONDARY_CAPTURE, Instance, Pixels
from scenarios.conformance.fixtures.metadata_requests import json_parts
from scenarios.conformance.media_type import DICOM, DICOM_JSON, OCTETS
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.multipart import Part

COLUMNS = 256
SHORTEST_ELEMENT = 8  # bytes; fewer behind the pixel data belong to no dataset
PIECES = (b"\r\n--", b"\r", b"\n", b"\r\n\r\n", b"--\r\n", b"\0", b"\xff", b"-", b"\r\r\n--", b"\r\n-")
REPETITIONS = 34_000  # 200 KB, so that halves lie across the borders of many chunks


def bytes_as_pixels(data: bytes) -> Pixels:
    """Return an 8-bit picture of these bytes, filled up with zeros."""
    data += b"\0" * (-len(data) % COLUMNS)
    return np.frombuffer(data, dtype=np.uint8).reshape(-1, COLUMNS)


def picture(archive: Archive, label: str, data: bytes) -> Instance:
    """Return a new image whose pixel data are these bytes."""
    return archive.image(label, pixels=bytes_as_pixels(data), SOPClassUID=SECONDARY_CAPTURE, Modality="OT")


def expect_back(archive: Archive, instance: Instance) -> None:
    """Expect the pixel data of an instance, bit by bit, from its file and, if there are frames, its frame."""
    (back,) = archive.retrieve(instance.path)
    pixels = instance.dataset.PixelData
    expect(back.dataset.PixelData == pixels, "the pixel data as sent", got=f"{back.part.body[-80:]!r}")
    rest = back.part.body.rpartition(pixels)[2]
    expect(not rest or len(rest) >= SHORTEST_ELEMENT, "a part that ends with its dataset", got=rest)
    response = archive.get(f"{instance.path}/frames/1", accept=multipart_of(OCTETS))
    if response.ok:
        frames = [part.body for part in archive.parts(response).parts]
        expect(frames == [pixels], "the frame as sent", got=f"{len(frames)} parts, {response}")


@check("MP-007", "MP-014", needs=F.BOUND)
def what_looks_like_structure_is_content(archive: Archive, bound: Stock) -> None:
    """Pixel data full of CRLF, NUL and delimiters with usual boundaries come back as they were sent."""
    expect_back(archive, bound.first)


@check("MP-007", writes=True)
def a_boundary_of_the_past_is_content(archive: Archive) -> None:
    """An image that contains the boundaries of two earlier responses comes back as it was sent."""
    first = archive.image("first")
    archive.stored(first)
    seen = [archive.get(first.path, accept=multipart_of(DICOM)).content_type for _ in range(2)]
    boundaries = [found.parameters.get("boundary") for found in seen]
    if not all(boundaries):
        raise Violation("a boundary in Content-Type", seen)
    data = "".join(f"\r\n--{boundary}\r\n\r\n\r\n--{boundary}--\r\n" for boundary in boundaries)
    second = picture(archive, "second", data.encode())
    archive.stored(second)
    expect_back(archive, second)


@check("MP-014", writes=True)
def half_delimiters_at_any_border_are_content(archive: Archive) -> None:
    """200 KB of halves of delimiters, wherever a reader's chunks end, come back as they were sent."""
    pick = np.random.default_rng(1).integers(len(PIECES), size=REPETITIONS)
    half = f"\r\n--{multipart.BOUNDARY[:-1]}".encode()
    data = b"".join(PIECES[index] + (half if index == 0 else b"") for index in pick)
    instance = picture(archive, "halves", data)
    archive.stored(instance)
    expect_back(archive, instance)


@check("MP-010", writes=True)
def bulk_data_are_found_by_their_location(archive: Archive) -> None:
    """Metadata of two instances, then their pixel data in the other order: each gets its own pixels."""
    first, second = archive.image("first", number=1), archive.image("second", number=2)
    metadata, bulk = zip(*map(json_parts, (first, second)), strict=True)
    both = [json.loads(part.body)[0] for part in metadata]
    answer = archive.store_parts([Part.of(DICOM_JSON, json.dumps(both).encode()), *reversed(bulk)])
    if answer.status in NOT_OFFERED:
        raise Unsupported("the archive stores application/dicom only")
    expect_equal(answer.status, HTTPStatus.OK, "status")
    for instance in (first, second):
        (back,) = archive.retrieve(instance.path)
        expect(back.dataset.PixelData == instance.dataset.PixelData, f"the pixels of the {instance.label}")
