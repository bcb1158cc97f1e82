"""How octets go out: those of a long extent by the kernel if the server can do that, else piece by piece.

The server offers the ASGI extension `http.response.zerocopysend`, with which octets go from the page cache to
the socket without becoming objects of this process. Elsewhere they are read in pieces, each sent before the
next one is read.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from reference_server.storage.extents import SHORT_BYTES, Extent, OpenExtent
from reference_server.timing import measured

ZERO_COPY = "http.response.zerocopysend"
PIECE_BYTES = 1 << 18


async def send_content(
    content: bytes | OpenExtent, scope: Scope, send: Send, head: bytes = b"", tail: bytes = b"", *, last: bool
) -> None:
    """Send octets between a head and a tail as a part of the body, and end the body where they are `last`."""
    if isinstance(content, bytes):
        if len(content) <= SHORT_BYTES:
            body = head + content + tail
            await send({"type": "http.response.body", "body": body, "more_body": not last})
            return
        if head:
            await send({"type": "http.response.body", "body": head, "more_body": True})
        await send({"type": "http.response.body", "body": content, "more_body": True})
    else:
        with content:
            if head:
                await send({"type": "http.response.body", "body": head, "more_body": True})
            await _send_extent(content, scope, send)
    if tail or last:
        await send({"type": "http.response.body", "body": tail, "more_body": not last})


async def _send_extent(content: OpenExtent, scope: Scope, send: Send) -> None:
    if ZERO_COPY in scope.get("extensions", ()):
        await send(
            {
                "type": ZERO_COPY,
                "file": content.descriptor,
                "offset": content.offset,
                "count": content.size_bytes,
                "more_body": True,
            }
        )
        return
    for first in range(0, content.size_bytes, PIECE_BYTES):
        piece = content.read(first, min(PIECE_BYTES, content.size_bytes - first))
        await send({"type": "http.response.body", "body": piece, "more_body": True})


def taken(extent: Extent) -> bytes | OpenExtent:
    """Return an extent ready to be sent, and account for the time; raises Unavailable."""
    with measured("blob"):
        return extent.take()


def held(content: bytes | OpenExtent) -> AbstractContextManager[object]:
    """Return a context at whose end what was taken is closed, whatever comes of sending it."""
    return nullcontext() if isinstance(content, bytes) else content


class ExtentResponse(Response):
    """Sends an extent of a stored object as its body."""

    def __init__(self, extent: Extent, status_code: int, headers: Mapping[str, str]) -> None:
        self._extent = extent
        super().__init__(None, status_code, {**headers, "content-length": str(extent.size_bytes)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        """Send the response; a blob that is not whole fails the request before the answer begins."""
        content = taken(self._extent)
        with held(content):
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            await send_content(b"" if scope["method"] == "HEAD" else content, scope, send, last=True)
