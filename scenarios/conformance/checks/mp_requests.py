"""Multipart requests: every legal spelling of a store is stored, and a damaged one is not called stored."""

from http import HTTPStatus

from scenarios.conformance import multipart
from scenarios.conformance.answers import StoreAnswer
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.stow_outcomes import REFUSED, SUCCESS
from scenarios.conformance.findings import Violation, expect, expect_equal
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.media_type import DICOM
from scenarios.conformance.multipart import BOUNDARY, Part

CUT_BYTES = 100
SIGNS = "=_part:1?"  # legal in a boundary, but not in a token
CLOSE = f"--{BOUNDARY}--".encode()
OPEN = f"--{BOUNDARY}\r\n".encode()


def expect_stored(archive: Archive, instance: Instance, body: bytes, content_type: str) -> None:
    """Expect that a request of this body and Content-Type stores the instance as it is."""
    answer = StoreAnswer.of(archive.post("/studies", body, content_type))
    expect(answer.status in SUCCESS and not answer.failed, "the instance stored", got=answer.response)
    back = archive.retrieve(instance.path)
    expect_equal([each.uid for each in back], [instance.uid], "instances stored")
    expect(back[0].dataset.PixelData == instance.dataset.PixelData, "the pixel data as sent")


def expect_header_understood(archive: Archive, content_type: str, *headers: tuple[str, str]) -> None:
    """Expect that an instance is stored under this Content-Type, its part with further headers."""
    instance = archive.image(content_type)
    part = Part((("Content-Type", DICOM), *headers), instance.data)
    expect_stored(archive, instance, multipart.write([part]), content_type)


def written(instance: Instance) -> bytes:
    """Return the instance as a multipart body."""
    return multipart.write([Part.of(DICOM, instance.data)])


@check("MP-011", writes=True)
def the_boundary_may_be_unquoted(archive: Archive) -> None:
    """A boundary that is a token needs no quotes."""
    expect_header_understood(archive, f'multipart/related; type="{DICOM}"; boundary={BOUNDARY}')


@check("MP-011", writes=True)
def the_boundary_may_be_quoted(archive: Archive) -> None:
    """A boundary may stand in quotes."""
    expect_header_understood(archive, multipart.content_type())


@check("MP-011", writes=True)
def a_quoted_boundary_may_have_other_signs(archive: Archive) -> None:
    """A boundary may have an equals sign, a colon and a question mark, which need the quotes."""
    archive.stored(archive.image("usual"))
    instance = archive.image("signs")
    body = multipart.write([Part.of(DICOM, instance.data)], boundary=SIGNS)
    expect_stored(archive, instance, body, multipart.content_type(boundary=SIGNS))


@check("MP-011", writes=True)
def parameters_come_in_any_order(archive: Archive) -> None:
    """The boundary may come before the type."""
    expect_header_understood(archive, f'multipart/related; boundary="{BOUNDARY}"; type="{DICOM}"')


@check("MP-011", writes=True)
def parameters_need_no_blanks(archive: Archive) -> None:
    """There may be no blank behind a semicolon, and one before it."""
    expect_header_understood(archive, f'multipart/related;type="{DICOM}" ;boundary="{BOUNDARY}"')


@check("MP-011", writes=True)
def names_are_of_any_case(archive: Archive) -> None:
    """Multipart/Related; Type=...; BOUNDARY=... is the same media type."""
    expect_header_understood(archive, f'Multipart/Related; Type="{DICOM}"; BOUNDARY="{BOUNDARY}"')


@check("MP-011", writes=True)
def a_transfer_syntax_in_the_header_does_no_harm(archive: Archive) -> None:
    """A transfer-syntax parameter of the multipart is tolerated."""
    syntax = "1.2.840.10008.1.2.1"
    header = f'multipart/related; type="{DICOM}"; transfer-syntax={syntax}; boundary={BOUNDARY}'
    expect_header_understood(archive, header)


@check("MP-011", writes=True)
def a_start_parameter_does_no_harm(archive: Archive) -> None:
    """A start parameter that names the Content-ID of the first part is tolerated."""
    header = f'multipart/related; type="{DICOM}"; start="<root@phantom>"; boundary="{BOUNDARY}"'
    expect_header_understood(archive, header, ("Content-ID", "<root@phantom>"))


@check("MP-012", writes=True)
def a_preamble_is_ignored(archive: Archive) -> None:
    """Text before the first delimiter is no part."""
    instance = archive.image()
    body = b"This is a message of several parts.\r\n" + written(instance)
    expect_stored(archive, instance, body, multipart.content_type())


@check("MP-012", writes=True)
def an_epilogue_is_ignored(archive: Archive) -> None:
    """Text behind the closing delimiter is no part."""
    instance = archive.image()
    expect_stored(archive, instance, written(instance) + b"This is the end.\r\n", multipart.content_type())


@check("MP-012", writes=True)
def an_empty_line_may_come_first(archive: Archive) -> None:
    """The first delimiter may begin with its CRLF."""
    instance = archive.image()
    expect_stored(archive, instance, b"\r\n" + written(instance), multipart.content_type())


@check("MP-012", writes=True)
def the_last_line_need_not_end(archive: Archive) -> None:
    """The closing delimiter may be the end, without a CRLF."""
    instance = archive.image()
    expect_stored(archive, instance, written(instance).removesuffix(b"\r\n"), multipart.content_type())


@check("MP-012", writes=True)
def blanks_may_follow_a_delimiter(archive: Archive) -> None:
    """Blanks and tabs between a delimiter and the end of its line mean nothing."""
    instance = archive.image()
    body = written(instance).replace(OPEN, OPEN[:-2] + b" \t\r\n").replace(CLOSE, CLOSE + b" ")
    expect_stored(archive, instance, body, multipart.content_type())


@check("MP-013", writes=True)
def part_headers_are_of_any_case(archive: Archive) -> None:
    """content-type and CONTENT-TYPE name the type of a part as well."""
    for name in ("content-type", "CONTENT-TYPE", "Content-type"):
        instance = archive.image(name)
        body = multipart.write([Part(((name, DICOM),), instance.data)])
        expect_stored(archive, instance, body, multipart.content_type())


@check("MP-013", writes=True)
def a_transfer_encoding_of_binary_does_no_harm(archive: Archive) -> None:
    """A part with the headers that mail libraries write is stored."""
    headers = (("MIME-Version", "1.0"), ("Content-Transfer-Encoding", "binary"))
    expect_header_understood(archive, multipart.content_type(), *headers)


@check("MP-015", writes=True)
def a_truncated_request_is_not_stored(archive: Archive) -> None:
    """A request that ends within the pixel data of a part is refused, or its instance reported as failed."""
    archive.stored(archive.image("whole"))
    instance = archive.image("cut")
    answer = StoreAnswer.of(
        archive.post("/studies", written(instance)[:-CUT_BYTES], multipart.content_type())
    )
    is_refused = answer.status in REFUSED | {HTTPStatus.ACCEPTED}
    expect(is_refused, "400, or 409 or 202 with a failure", got=answer.response)
    expect(instance.uid not in answer.stored, "the instance not among those stored", got=answer.stored)
    if answer.status in REFUSED and (there := archive.get(instance.path)).ok:
        sizes = [len(part.body) for part in archive.parts(there).parts]
        raise Violation("nothing of a request that was refused", f"instances of {sizes} bytes")
