"""Multipart responses: the header, the delimiters and the parts of what an archive sends (PS3.18 8.6.1.2)."""

from collections.abc import Iterator
from http import HTTPStatus

from scenarios.conformance.answers import Datasets, Retrieved
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.deviation import expect_rule
from scenarios.conformance.findings import CouldNotRun, Violation, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.media_type import DICOM, DICOM_JSON, OCTETS
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.message import Response
from scenarios.conformance.multipart import Multipart, Part
from scenarios.conformance.verdict import Severity

QUOTED_SINCE = "2017"  # the edition from which on the text quotes the type parameter


def responses(archive: Archive, base: Stock) -> Iterator[tuple[str, Response]]:
    """Yield what is retrieved and the response, of every kind of multipart that the archive gives.

    Of a study, a series and an instance it has to give one; whether frames and bulk data are there at all is
    judged elsewhere.
    """
    image = base["a-1-1"]
    for what, path in (("study", image.study_path), ("series", image.series_path), ("instance", image.path)):
        yield what, archive.get(path, accept=multipart_of(DICOM))
    others = {"frame": archive.get(f"{image.path}/frames/1", accept=multipart_of(OCTETS))}
    metadata = archive.get(f"{image.path}/metadata", accept=DICOM_JSON)
    uri = Datasets.of(metadata).only.bulk_data_uri("PixelData") if metadata.ok else None
    if uri is not None:
        others["bulk data"] = archive.follow(uri, metadata, accept=multipart_of(OCTETS))
    for what, response in others.items():
        if response.ok and response.content_type.name != OCTETS:
            yield what, response


def multiparts(archive: Archive, base: Stock) -> Iterator[tuple[str, Multipart]]:
    """Yield what is retrieved and the parts of it."""
    for what, response in responses(archive, base):
        yield what, archive.parts(response)


@check("MP-001", needs=F.BASE)
def the_header_names_type_and_boundary(archive: Archive, base: Stock) -> None:
    """Content-Type of every multipart response is multipart/related with a type and a boundary."""
    for what, found in multiparts(archive, base):
        expect_rule(found.deviations, "MP-001", f"multipart/related with type and boundary for a {what}")


@check("MP-002", needs=F.BASE)
def the_type_is_quoted(archive: Archive, base: Stock) -> None:
    """The type parameter, which contains a slash, stands in quotes."""
    for what, found in multiparts(archive, base):
        try:
            expect_rule(found.deviations, "MP-002", f"a quoted type for a {what}")
        except Violation as violation:
            if archive.edition >= QUOTED_SINCE:
                raise
            archive.warn(str(violation))


@check("MP-003", needs=F.BASE)
def the_root_part_has_the_type_of_the_header(archive: Archive, base: Stock) -> None:
    """The first part has the media type that the type parameter names."""
    for what, found in multiparts(archive, base):
        expect_rule(found.deviations, "MP-003", f"the type of the header in the first part of a {what}")


@check("MP-004", needs=F.BASE)
def delimiters_are_whole_lines_and_the_last_one_closes(archive: Archive, base: Stock) -> None:
    """Delimiters are CRLF, two dashes and the boundary; two more dashes close; each instance is one part."""
    for what, found in multiparts(archive, base):
        expect_rule(found.deviations, "MP-004", f"the delimiters of a {what}")
        expect_equal(len(found.parts), {"study": 7, "series": 3}.get(what, 1), f"number of parts of a {what}")


@check("MP-005", needs=F.BASE)
def every_part_has_a_content_type(archive: Archive, base: Stock) -> None:
    """The headers of every part are lines of name and value, one a Content-Type, before an empty line."""
    for what, found in multiparts(archive, base):
        expect_rule(found.deviations, "MP-005", f"Content-Type and an empty line in each part of a {what}")
        if not any(name == "Content-Type" for name, _ in found.parts[0].headers):
            archive.note("viewers that look for the letters Content-Type overlook the header of parts")


@check("MP-006", needs=F.BASE)
def the_boundary_is_legal(archive: Archive, base: Stock) -> None:
    """The boundary has at most 70 legal characters, in quotes where a token may not have them."""
    for what, found in multiparts(archive, base):
        expect_rule(found.deviations, "MP-006", f"a legal boundary for a {what}")


@check("MP-008", needs=F.BASE)
def an_instance_tells_its_location(archive: Archive, base: Stock) -> None:
    """Each instance of a series carries a Content-Location, and there it is."""
    response = archive.get(base["a-1-1"].series_path, accept=multipart_of(DICOM))
    parts = archive.parts(response).parts
    for part in parts:
        uid = Retrieved.of(part).uid
        there = archive.follow(location(part, "an instance"), response, accept=multipart_of(DICOM))
        found = [Retrieved.of(each).uid for each in archive.parts(there).parts]
        expect_equal(found, [uid], "instances at the Content-Location", severity=Severity.FAIL)


@check("MP-008", needs=F.MF)
def a_frame_tells_its_location(archive: Archive, mf: Stock) -> None:
    """Each of three frames carries a Content-Location, and there it is."""
    response = archive.get(f"{mf.first.path}/frames/1,3,5", accept=multipart_of(OCTETS))
    if response.status == HTTPStatus.NOT_FOUND:
        raise CouldNotRun(f"the archive gives no frames (FRM-001): {response}")
    parts = archive.parts(response).parts
    expect_equal([part.body[:1] for part in parts], [b"\1", b"\3", b"\5"], "first pixels of the frames")
    for part in parts:
        there = archive.follow(location(part, "a frame"), response, accept=multipart_of(OCTETS))
        found = [each.body for each in archive.parts(there).parts]
        expect(found == [part.body], "the frame at its Content-Location", got=there, severity=Severity.FAIL)


def location(part: Part, what: str) -> str:
    """Return the Content-Location of a part; a part without one is a violation."""
    found = part.header("Content-Location")
    if not found:
        raise Violation(f"{what} with a Content-Location", [name for name, _ in part.headers])
    return found


@check("MP-009", needs=F.BASE)
def a_length_of_a_part_is_true(archive: Archive, base: Stock) -> None:
    """A Content-Length of a part is the number of its bytes; whether parts have one is reported."""
    having = 0
    for what, found in multiparts(archive, base):
        try:
            expect_rule(found.deviations, "MP-009", f"true lengths in the parts of a {what}")
        except Violation as violation:
            raise Violation(violation.expected, violation.got, Severity.FAIL) from None
        having += sum(part.header("Content-Length") is not None for part in found.parts)
    archive.note(f"Content-Length in {having} parts")
