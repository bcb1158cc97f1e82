"""multipart/related as RFC 2046 frames it: a writer, and a reader that notes what is wrong and goes on.

The reader finds parts by scanning for delimiters, never by trusting a part's Content-Length, so that a
false length is noticed rather than believed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from scenarios.conformance.deviation import Deviation
from scenarios.conformance.media_type import DICOM, MediaType
from scenarios.conformance.message import Headers, Response, header

BOUNDARY = "phantom-7MA4YWxkTrZu0gW"
LEGAL_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # what a parameter may be without quotes (RFC 9110 5.6.2)


@dataclass(frozen=True, slots=True)
class Part:
    """One body part."""

    headers: Headers
    body: bytes

    @classmethod
    def of(cls, content_type: str, body: bytes, *, location: str | None = None) -> "Part":
        """Return a part with this Content-Type and, if given, Content-Location."""
        where = (("Content-Location", location),) if location else ()
        return cls((("Content-Type", content_type), *where), body)

    def header(self, name: str) -> str | None:
        """Return the value of a part header, or None."""
        return header(self.headers, name)

    @property
    def content_type(self) -> MediaType:
        """The media type of the part; its name is empty if the header is missing."""
        return MediaType.parse(self.header("Content-Type") or "")


@dataclass(frozen=True, slots=True)
class Multipart:
    """The parts of a multipart body, and what was wrong with its form."""

    parts: tuple[Part, ...]
    deviations: tuple[Deviation, ...]


def write(parts: Iterable[Part], boundary: str = BOUNDARY) -> bytes:
    """Return the parts as one multipart body."""
    chunks: list[bytes] = []
    for part in parts:
        lines = "".join(f"{key}: {value}\r\n" for key, value in part.headers)
        chunks += [f"--{boundary}\r\n{lines}\r\n".encode("latin-1"), part.body, b"\r\n"]
    return b"".join([*chunks, f"--{boundary}--\r\n".encode("latin-1")])


def boundary_for(parts: Iterable[Part]) -> str:
    """Return a boundary that occurs in none of the parts."""
    bodies = [part.body for part in parts]
    candidates = (BOUNDARY, *(f"{BOUNDARY}-{number}" for number in range(1000)))
    return next(name for name in candidates if not any(f"--{name}".encode() in body for body in bodies))


def content_type(part_type: str = DICOM, boundary: str = BOUNDARY) -> str:
    """Return the Content-Type of a multipart/related request whose root part has this type."""
    return f'multipart/related; type="{part_type}"; boundary="{boundary}"'


def read(response: Response) -> Multipart:
    """Return the parts of a response, together with everything that breaks a rule of its form."""
    deviations = list(_header_deviations(response.content_type))
    boundary = response.content_type.parameters.get("boundary") or _first_line_boundary(response.body)
    if not boundary:
        return Multipart((), (*deviations, Deviation("MP-004", "body", "no delimiter in the body")))
    parts, closed = _split(response.body, boundary.encode("latin-1", "replace"))
    if not closed:
        deviations.append(Deviation("MP-004", "body", "the closing delimiter is missing"))
    read_parts = []
    for number, raw in enumerate(parts, start=1):
        part, found = _part(raw, f"part {number}")
        read_parts.append(part)
        deviations += found
    deviations += _root_deviations(response.content_type, read_parts)
    return Multipart(tuple(read_parts), tuple(deviations))


def _header_deviations(media_type: MediaType) -> Iterable[Deviation]:
    where = "Content-Type"
    if media_type.name != "multipart/related":
        yield Deviation("MP-001", where, f"is {media_type.name or 'missing'}, not multipart/related")
    for name in ("type", "boundary"):
        if name not in media_type.parameters:
            yield Deviation("MP-001", where, f"has no {name} parameter")
    if "type" in media_type.parameters and "type" not in media_type.quoted:
        yield Deviation("MP-002", where, f"type={media_type.parameters['type']} is not quoted")
    boundary = media_type.parameters.get("boundary")
    if boundary is not None and not LEGAL_BOUNDARY.fullmatch(boundary):
        yield Deviation("MP-006", where, f"boundary {boundary!r} is not legal")
    if boundary and "boundary" not in media_type.quoted and not TOKEN.fullmatch(boundary):
        yield Deviation("MP-006", where, f"boundary={boundary} is not quoted")


def _root_deviations(media_type: MediaType, parts: list[Part]) -> Iterable[Deviation]:
    expected = media_type.parameters.get("type", "").lower()
    if expected and parts and parts[0].content_type.name != expected.partition(";")[0]:
        yield Deviation("MP-003", "part 1", f"is {parts[0].content_type.name!r} where type says {expected!r}")


def _first_line_boundary(body: bytes) -> str:
    """Guess the boundary from the first delimiter line, as clients do when the header lacks it."""
    found = re.search(rb"(?:^|\r\n)--([^\r\n]{1,70})\r\n", body[:1000])
    return found[1].decode("latin-1") if found else ""


def _split(body: bytes, boundary: bytes) -> tuple[list[bytes], bool]:
    """Return the raw parts, and whether the closing delimiter was there."""
    delimiter = re.compile(rb"(?:^|\r\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r\n|$)")
    parts: list[bytes] = []
    start = None
    for found in delimiter.finditer(body):
        if start is not None:
            parts.append(body[start : found.start()])
        if found[1]:
            return parts, True
        start = found.end() + 2
    if start is not None and start < len(body):
        parts.append(body[start:])
    return parts, False


def _part(raw: bytes, where: str) -> tuple[Part, list[Deviation]]:
    head, separator, body = (b"", b"\r\n", raw[2:]) if raw.startswith(b"\r\n") else raw.partition(b"\r\n\r\n")
    deviations = []
    if not separator:
        deviations.append(Deviation("MP-005", where, "no empty line after the part headers"))
        head, body = b"", raw
    headers = []
    for line in head.decode("latin-1").split("\r\n") if head else ():
        name, colon, value = line.partition(":")
        if not colon:
            deviations.append(Deviation("MP-005", where, f"not a header line: {line[:60]!r}"))
        headers.append((name.strip(), value.strip()))
    part = Part(tuple(headers), body)
    if not part.content_type.name:
        deviations.append(Deviation("MP-005", where, "no Content-Type"))
    length = part.header("Content-Length")
    if length is not None and length != str(len(body)):
        deviations.append(Deviation("MP-009", where, f"Content-Length {length} but {len(body)} bytes"))
    return part, deviations
