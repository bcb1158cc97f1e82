"""multipart/related, read and written as streams (RFC 2046 5.1, RFC 2387, PS3.18 8.6.1).

The reader holds at most one chunk and a delimiter's length more. It searches whole chunks with `bytes.find`
and hands a chunk on as it came, uncopied, unless a delimiter is in it or may begin at its end. It tolerates a
preamble, an epilogue, white space behind a boundary and folded headers. Lines end in CRLF alone: pixels hold
line feeds, and a bare one before two dashes is no delimiter. A line that goes on behind the boundary is
refused rather than guessed at. A body that ends before its closing boundary raises BadRequest after its
complete parts were delivered. The writer starts with the boundary itself, since clients take it from the
first line.
"""

import itertools
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from reference_server.dicomweb.media import MULTIPART, MediaType, parse_media_type
from reference_server.errors import BadRequest, ContentTooLarge, UnsupportedMediaType

CRLF = b"\r\n"
MAX_BOUNDARY_LENGTH = 70  # RFC 2046 5.1.1
CLOSE = b"--"
_FOLD = re.compile(rb"\r\n[ \t]+")


@dataclass(frozen=True, slots=True)
class MultipartLimits:
    """What one body may cost: bytes of a part's headers, and parts; far above what clients send."""

    header_bytes: int = 16_384
    parts: int = 100_000


LIMITS = MultipartLimits()


def boundary_of(content_type: MediaType) -> bytes:
    """Return the boundary of a multipart/related media type (1 to 70 characters, RFC 2046 5.1.1)."""
    if content_type.essence != MULTIPART:
        raise UnsupportedMediaType(f"{content_type.essence} cannot be stored; send {MULTIPART}")
    boundary = content_type.parameter("boundary")
    if not boundary or len(boundary) > MAX_BOUNDARY_LENGTH or not boundary.isascii():
        raise BadRequest("multipart/related needs a boundary parameter of 1 to 70 characters")
    return boundary.encode("ascii")


@dataclass(slots=True)
class Part:
    """One part: its headers (names in lower case) and the stream of its body."""

    headers: dict[str, str]
    _reader: "MultipartReader" = field(repr=False)

    @property
    def content_type(self) -> MediaType | None:
        """The media type of the part, or None where it names none."""
        text = self.headers.get("content-type")
        return parse_media_type(text) if text else None

    def chunks(self) -> AsyncIterator[bytes]:
        """Return the body of the part as a stream; it can be read once."""
        return self._reader.body()


class MultipartReader:
    """Reads the parts of a body that arrives in chunks of any size."""

    def __init__(
        self, chunks: AsyncIterator[bytes], boundary: bytes, limits: MultipartLimits = LIMITS
    ) -> None:
        self._chunks = chunks
        self._limits = limits
        self._delimiter = b"\r\n--" + boundary
        self._buffer = CRLF  # so that a boundary on the first line is a delimiter like any other
        self._in_body = False

    async def parts(self) -> AsyncIterator[Part]:
        """Yield each part; what a consumer left of a part is skipped."""
        self._in_body = True  # the preamble is a body that nobody reads
        for number in itertools.count():
            async for _ in self.body():
                pass
            if not await self._next_part():
                return
            if number == self._limits.parts:
                raise ContentTooLarge(f"a payload may have {number} parts")
            yield Part(await self._headers(), self)

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the rest of the current part's body, up to the delimiter."""
        while self._in_body:
            buffer = self._buffer
            at = buffer.find(self._delimiter)
            if at >= 0:
                self._in_body = False
                self._buffer = buffer[at + len(self._delimiter) :]
            else:
                at = self._begin_of_delimiter(buffer)
                self._buffer = buffer[at:]
            if at:
                yield buffer[:at]
            if self._in_body and not await self._more():
                raise BadRequest("the multipart body ends before its closing boundary")

    def _begin_of_delimiter(self, buffer: bytes) -> int:
        """Return where at the end of the buffer a delimiter may begin that the next chunk completes."""
        at = buffer.find(b"\r", max(0, len(buffer) - len(self._delimiter) + 1))
        while at >= 0 and not self._delimiter.startswith(buffer[at:]):
            at = buffer.find(b"\r", at + 1)
        return at if at >= 0 else len(buffer)

    async def _more(self) -> bool:
        """Append the next chunk of the stream to the buffer, or tell that there is none."""
        async for chunk in self._chunks:
            if chunk:
                self._buffer = self._buffer + chunk if self._buffer else chunk
                return True
        return False

    async def _until(self, mark: bytes) -> bytes:
        """Return and consume what stands before the mark; raises BadRequest where it does not come soon."""
        most = self._limits.header_bytes
        while (at := self._buffer.find(mark, 0, most)) < 0:
            if len(self._buffer) >= most:
                raise BadRequest(f"the headers of a part exceed {most} bytes")
            if not await self._more():
                raise BadRequest("the multipart body ends inside the headers of a part")
        text, self._buffer = self._buffer[:at], self._buffer[at + len(mark) :]
        return text

    async def _next_part(self) -> bool:
        """Consume the rest of a boundary line and tell whether a part follows."""
        while len(self._buffer) < len(CLOSE) and await self._more():
            pass
        if self._buffer.startswith(CLOSE):
            return False
        rest = await self._until(CRLF)
        if rest.strip(b" \t"):
            raise BadRequest("a boundary line carries more than the boundary")
        return True

    async def _headers(self) -> dict[str, str]:
        """Return the headers of the part that begins here."""
        self._buffer = CRLF + self._buffer  # a part without headers begins with its empty line
        block = await self._until(CRLF + CRLF)
        headers: dict[str, str] = {}
        for line in _FOLD.sub(b" ", block).split(CRLF):
            name, colon, value = line.decode("latin-1").partition(":")
            if not line:
                continue
            if not colon or not name.strip():
                raise BadRequest("a part has a malformed header line")
            headers[name.strip().lower()] = value.strip()
        self._in_body = True
        return headers


class MultipartWriter:
    """Writes multipart/related bodies whose length is known beforehand."""

    def __init__(self, boundary: str | None = None) -> None:
        self.boundary = boundary or secrets.token_hex(16)

    def content_type(self, part_type: str) -> str:
        """Return the Content-Type of the whole body; type and boundary are quoted."""
        return f'{MULTIPART}; type="{part_type}"; boundary="{self.boundary}"'

    def head(self, headers: Sequence[tuple[str, str]], size_bytes: int, *, first: bool) -> bytes:
        """Return what stands before a body of that size (part headers: PS3.18 8.6.1.2)."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in (*headers, ("Content-Length", size_bytes)))
        return f"{'' if first else CRLF.decode()}--{self.boundary}\r\n{lines}\r\n".encode("latin-1")

    def tail(self) -> bytes:
        """Return what stands behind the last part's body."""
        return f"\r\n--{self.boundary}--\r\n".encode("latin-1")
