"""A multipart answer whose parts are read one after the other while it is sent.

The length is announced where it is known beforehand: clients read a body of known length faster, and a cut
one is noticed. One part at a time is in memory.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from reference_server.dicomweb.multipart import MultipartWriter


@dataclass(frozen=True, slots=True)
class PartSource:
    """One part: its headers, its size in bytes where it is known, and how its bytes are had."""

    headers: tuple[tuple[str, str], ...]
    size_bytes: int | None
    read: Callable[[], Awaitable[bytes]]


class PartsResponse(Response):
    """Sends parts as multipart/related, each read when its turn comes."""

    def __init__(
        self, parts: Sequence[PartSource], part_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self._parts = parts
        self._writer = MultipartWriter()
        super().__init__(None, 200, {"content-type": self._writer.content_type(part_type), **(headers or {})})
        del self.headers["content-length"]
        sizes = [part.size_bytes for part in parts if part.size_bytes is not None]
        if len(sizes) == len(parts):
            heads = sum(len(self._head(at, size)) for at, size in enumerate(sizes))
            self.headers["content-length"] = str(heads + sum(sizes) + len(self._writer.tail()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        """Send the response; a part that cannot be read ends the connection, so nobody takes it for whole."""
        first = await self._parts[0].read()
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            await self._send_parts(first, send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_parts(self, first: bytes, send: Send) -> None:
        for at, part in enumerate(self._parts):
            content = first if at == 0 else await part.read()
            tail = self._writer.tail() if at == len(self._parts) - 1 else b""
            body = self._head(at, len(content)) + content + tail
            await send({"type": "http.response.body", "body": body, "more_body": True})

    def _head(self, at: int, size_bytes: int) -> bytes:
        return self._writer.head(self._parts[at].headers, size_bytes, first=at == 0)


class StreamedParts(Response):
    """Sends parts whose number and headers are known only as they come; there is at least one."""

    def __init__(
        self,
        parts: AsyncIterator[tuple[tuple[tuple[str, str], ...], bytes]],
        headers: Mapping[str, str],
    ) -> None:
        self._parts = parts
        self._writer = MultipartWriter()
        super().__init__(None, 200, headers)
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        """Send the response; what fails at the first part fails the request, later it ends the connection."""
        headers, content = await anext(self._parts)
        part_type = dict(headers)["Content-Type"].partition(";")[0]
        self.headers["content-type"] = self._writer.content_type(part_type)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            body = self._writer.head(headers, len(content), first=True) + content
            await send({"type": "http.response.body", "body": body, "more_body": True})
            async for headers, content in self._parts:
                body = self._writer.head(headers, len(content), first=False) + content
                await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": self._writer.tail(), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
