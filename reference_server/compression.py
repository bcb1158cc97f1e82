"""JSON and XML answers are compressed with gzip for a caller that asks for it (RFC 9110 8.4.1, 12.5.3).

Multipart answers of DICOM objects, frames and bulk data are not: pixels are compressed by transfer syntaxes,
and ranges of octets count the octets themselves. Every answer to a read also says here on what it depends
(Vary).

Compression next to secrets leaks them only where an attacker makes a browser send them along with text of the
attacker's choice. Credentials are never in a body that is compressed here, and they travel in a header that
no foreign page can make a browser add, so there is nothing for such an attack to guess.
"""

import asyncio
import zlib
from functools import lru_cache

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reference_server.dicomweb.media import DICOM_XML, parse_media_type, split_list
from reference_server.errors import BadRequest

TEXT_TYPES = (
    b"application/dicom+json",
    b"application/json",
    b"application/vnd.sun.wadl+xml",
    DICOM_XML.encode(),
)
XML_PARTS = f'multipart/related; type="{DICOM_XML}"'.encode()
TEXT = (*TEXT_TYPES, XML_PARTS)
VARY, VARY_OF_TEXT = (b"vary", b"Accept"), (b"vary", b"Accept, Accept-Encoding")
LEAST_BYTES = 1024
INLINE_BYTES = 1 << 17  # compressing this takes some milliseconds; more is done in a thread
LEVEL = 5
CODINGS = b"accept-encoding"
GZIP = 16 + zlib.MAX_WBITS


@lru_cache(maxsize=128)
def accepts_gzip(values: tuple[str, ...]) -> bool:
    """Tell whether Accept-Encoding has room for gzip: by name, or by a wildcard where gzip is not named."""
    weights: dict[str, float] = {}
    for element in split_list(", ".join(values)):
        coding, _, parameters = element.partition(";")
        try:
            weights[coding.strip().lower()] = parse_media_type(f"a/b;{parameters}").quality
        except BadRequest:
            continue
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def is_text(content_type: bytes) -> bool:
    """Tell whether a Content-Type is JSON or XML, alone or in parts."""
    return content_type.startswith(TEXT)


class Compression:
    """ASGI middleware that compresses what is text for those who want it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI event stream; all but reads over HTTP passes through untouched."""
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            codings = tuple(value.decode("latin-1") for name, value in scope["headers"] if name == CODINGS)
            wanted = bool(codings) and accepts_gzip(codings)
            send = _Answer(send, wanted=wanted)
        await self.app(scope, receive, send)


class _Answer:
    """Sends one answer, compressed if that is wanted, it is text, and it is worth it."""

    def __init__(self, send: Send, *, wanted: bool) -> None:
        self._send = send
        self._wanted = wanted
        self._start: Message | None = None
        self._coder: zlib._Compress | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif self._start is not None:
            await self._first(message)
        elif self._coder is not None:
            await self._send(await self._coded(message))
        else:
            await self._send(message)

    async def _begin(self, message: Message) -> None:
        """Send the head of an answer on, or keep it until its body tells whether compressing is worth it."""
        text = any(name == b"content-type" and is_text(value) for name, value in message["headers"])
        message["headers"] = [*message["headers"], VARY_OF_TEXT if text else VARY]
        if self._wanted and text and message["status"] == 200:  # noqa: PLR2004  the status that has a whole body
            self._start = message
        else:
            await self._send(message)

    async def _first(self, message: Message) -> None:
        """Decide by the first piece of the body, whose head was kept."""
        start, self._start = self._start, None
        assert start is not None
        more = message.get("more_body", False)
        if more or len(message.get("body", b"")) >= LEAST_BYTES:
            headers = MutableHeaders(raw=start["headers"])
            headers["content-encoding"] = "gzip"
            del headers["content-length"]
            self._coder = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
            message = await self._coded(message)
            if not more:
                headers["content-length"] = str(len(message["body"]))
            start["headers"] = headers.raw
        await self._send(start)
        await self._send(message)

    async def _coded(self, message: Message) -> Message:
        body = message.get("body", b"")
        last = not message.get("more_body", False)
        if len(body) > INLINE_BYTES:
            coded = await asyncio.to_thread(self._compress, body, last=last)
        else:
            coded = self._compress(body, last=last)
        return {**message, "body": coded}

    def _compress(self, body: bytes, *, last: bool) -> bytes:
        assert self._coder is not None
        coded = self._coder.compress(body)
        return coded + self._coder.flush() if last else coded
