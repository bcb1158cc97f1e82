"""Frames of uncompressed images: which come, in which order, and what is no frame (PS3.18 10.1.1, 10.4)."""

import re
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import Violation, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.fixtures.pixels import FRAMES
from scenarios.conformance.media_type import ANY, OCTETS
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.message import Response
from scenarios.conformance.multipart import Part, read
from scenarios.conformance.verdict import Severity

NO_FRAME = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}


def native(instance: Instance, number: int = 1) -> bytes:
    """Return a frame of an instance in little endian."""
    pixels = instance.pixels
    assert pixels is not None
    frame = pixels[number - 1] if "NumberOfFrames" in instance.dataset else pixels
    return frame.astype(frame.dtype.newbyteorder("<")).tobytes()


def expect_frames(
    parts: tuple[Part, ...] | list[Part],
    instance: Instance,
    *numbers: int,
    severity: Severity | None = None,
) -> None:
    """Expect the parts to be these frames of an instance, in this order, as native bytes."""
    expected = [native(instance, number) for number in numbers]
    got = [part.body for part in parts]
    seen = [f"{len(body)} bytes of {body[:4]!r}" for body in got]
    listed = ",".join(map(str, numbers))
    expect(got == expected, f"frames {listed} of {len(expected[0])} bytes", got=seen, severity=severity)


def get_frames(archive: Archive, instance: Instance, numbers: str) -> Response:
    """GET frames as octet streams; nothing is judged."""
    return archive.get(f"{instance.path}/frames/{numbers}", accept=multipart_of(OCTETS))


@check("FRM-001", needs=(F.BASE, F.MF))
def a_frame_is_one_part_of_native_bytes(archive: Archive, base: Stock, mf: Stock) -> None:
    """A frame is one part of octets, Rows x Columns x bytes long, little endian, and so it is for */*."""
    for instance in (base["b"], mf["frames"]):
        for accept in (multipart_of(OCTETS), ANY):
            response = archive.get(f"{instance.path}/frames/1", accept=accept)
            parts = archive.parts(response).parts
            expect_equal(response.content_type.name, "multipart/related", "Content-Type")
            types = [part.content_type.name for part in parts]
            expect_equal(types, [OCTETS], f"Content-Type of the parts for {accept}")
            expect_frames(parts, instance, 1)


@check("FRM-002", needs=F.MF)
def frames_are_counted_from_one(archive: Archive, mf: Stock) -> None:
    """Frame k of an image whose frames are filled with their numbers is full of k."""
    for number in range(1, FRAMES + 1):
        expect_frames(archive.frames(mf["frames"].path, f"{number}"), mf["frames"], number)


@check("FRM-003", needs=F.MF)
def a_list_gives_its_frames_in_order(archive: Archive, mf: Stock) -> None:
    """Frames 1,3,5 are three parts in this order, and frames 1,2,3,4,5 are five."""
    for numbers in ((1, 3, 5), (1, 2, 3, 4, 5)):
        listed = ",".join(map(str, numbers))
        expect_frames(archive.frames(mf["frames"].path, listed), mf["frames"], *numbers)


@check("FRM-003", needs=F.MF)
def a_comma_may_be_percent_encoded(archive: Archive, mf: Stock) -> None:
    """Frames 2%2C4 are the frames 2 and 4."""
    expect_frames(archive.frames(mf["frames"].path, "2%2C4"), mf["frames"], 2, 4)


@check("FRM-004", needs=F.MF)
def a_descending_list_is_not_reordered(archive: Archive, mf: Stock) -> None:
    """Frames 5,1 come in this order, or the list is refused (DR-23)."""
    instance = mf["frames"]
    expect_frames(archive.frames(instance.path, "1,5"), instance, 1, 5)
    response = get_frames(archive, instance, "5,1")
    if response.status == HTTPStatus.BAD_REQUEST:
        archive.warn("DR-23: a list of frames that is not ascending is refused")
        return
    expect_equal(response.status, HTTPStatus.OK, "status", severity=Severity.FAIL)
    parts = read(response).parts
    if [part.body for part in parts] == [native(instance, 1), native(instance, 5)]:
        located = [part.header("Content-Location") or "" for part in parts]
        told = [value.rpartition("/")[2] for value in located]
        expect_equal(told, ["1", "5"], "frames that the Content-Location of reordered parts names")
        archive.warn("DR-23: a list of frames is sorted, and each part says which it is")
        return
    expect_frames(parts, instance, 5, 1, severity=Severity.FAIL)


@check("FRM-005", needs=F.MF)
def a_repeated_frame_is_reported(archive: Archive, mf: Stock) -> None:
    """Frames 2,2 are refused, or frame 2 once or twice; which of them is reported (DR-23)."""
    instance = mf["frames"]
    expect_frames(archive.frames(instance.path, "2"), instance, 2)
    response = get_frames(archive, instance, "2,2")
    if response.status in NO_FRAME:
        archive.note(f"a frame that is listed twice is {response.status}")
        return
    expect_equal(response.status, HTTPStatus.OK, "status", severity=Severity.FAIL)
    parts = read(response).parts
    expect_frames(parts, instance, *[2] * min(2, max(1, len(parts))), severity=Severity.FAIL)
    archive.note(f"a frame that is listed twice comes in {len(parts)} parts")


@check("FRM-006", needs=(F.MF, F.BASE))
def a_frame_beyond_the_last_is_not_found(archive: Archive, mf: Stock, base: Stock) -> None:
    """Frame 6 of five, and frame 2 of an image without Number of Frames, are 404."""
    statuses = set()
    for instance, last in ((mf["frames"], FRAMES), (base["b"], 1)):
        expect_frames(archive.frames(instance.path, f"{last}"), instance, last)
        response = get_frames(archive, instance, f"{last + 1}")
        expect(response.status in NO_FRAME, f"404 for frame {last + 1}", got=response)
        statuses.add(response.status)
    if HTTPStatus.BAD_REQUEST in statuses:
        archive.warn("a frame beyond the last is a bad request rather than not found")


@check("FRM-007", needs=F.MF)
def what_is_no_number_is_a_client_error(archive: Archive, mf: Stock) -> None:
    """Frames 0, -1, a and 1,,2 are 400 or 404."""
    instance = mf["frames"]
    expect_frames(archive.frames(instance.path, "1,2"), instance, 1, 2)
    for numbers in ("0", "-1", "a", "1,,2"):
        response = get_frames(archive, instance, numbers)
        expect(response.status in NO_FRAME, f"400 or 404 for frames/{numbers}", got=response)


@check("FRM-008", needs=F.MF)
def a_missing_frame_is_not_passed_over(archive: Archive, mf: Stock) -> None:
    """Frames 1,6 of five are 404 or 400; 206 with the first is the other reading (DR-21), and 200 is none."""
    instance = mf["frames"]
    expect_frames(archive.frames(instance.path, "1,5"), instance, 1, 5)
    response = get_frames(archive, instance, f"1,{FRAMES + 1}")
    if response.status in NO_FRAME:
        archive.note(f"a list with a frame that is missing is {response.status}")
        return
    if response.status != HTTPStatus.PARTIAL_CONTENT:
        raise Violation("404, 400 or 206", response, Severity.FAIL)
    expect_frames(read(response).parts, instance, 1, severity=Severity.FAIL)
    archive.warn("DR-21: the frames that there are come as 206, which 8.5 keeps for ranges of bytes")


@check("FRM-009", needs=(F.MF, F.BASE))
def a_frame_tells_its_location(archive: Archive, mf: Stock, base: Stock) -> None:
    """Content-Location of each part is the path of that frame, with its number once."""
    for instance, numbers in ((mf["frames"], "2,4"), (base["b"], "1")):
        response = get_frames(archive, instance, numbers)
        parts = archive.parts(response).parts
        expect_frames(parts, instance, *map(int, numbers.split(",")))
        for part, number in zip(parts, numbers.split(","), strict=True):
            value = part.header("Content-Location")
            path = urlsplit(urljoin(response.url, value or "")).path
            named = re.search(rf"/instances/{re.escape(instance.uid)}/frames/{number}$", path)
            expect(value and named, f"a Content-Location of frame {number}", got=value or "none")


@check("FRM-013", needs=F.BASE)
def an_image_without_number_of_frames_has_one(archive: Archive, base: Stock) -> None:
    """Frame 1 of each of three images that lack Number of Frames is its pixels."""
    for label in ("a-1-1", "a-2-3", "b"):
        expect_frames(archive.frames(base[label].path), base[label], 1)


@check("FRM-014", needs=(F.BASE, F.SR))
def a_report_has_no_frames(archive: Archive, base: Stock, sr: Stock) -> None:
    """Frame 1 of a report is 404, or 400 or 406."""
    expect_frames(archive.frames(base["b"].path), base["b"], 1)
    expect_equal([each.uid for each in archive.retrieve(sr["report"].path)], [sr["report"].uid], "instances")
    response = get_frames(archive, sr["report"], "1")
    expect(response.status in {*NO_FRAME, HTTPStatus.NOT_ACCEPTABLE}, "404, 400 or 406", got=response)
    archive.note(f"frames of a report are {response.status}")
