"""A multipart answer whose parts are taken one after the other while it is sent.

The length is announced where it is known beforehand: clients read a body of known length faster, and a cut
one is noticed. One part at a time is open, or in memory where it is not sent as it is stored.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from reference_server.dicomweb.multipart import MultipartWriter
from reference_server.dicomweb.sending import held, send_content, taken
from reference_server.storage.extents import Extent, OpenExtent

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PartSource:
    """One part: its headers, and its octets: an extent, some that are there, or a way to make them."""

    headers: Headers
    content: Extent | bytes | Callable[[], Awaitable[bytes]]

    @property
    def size_bytes(self) -> int | None:
        """The number of octets where it is known beforehand."""
        if isinstance(self.content, bytes):
            return len(self.content)
        return self.content.size_bytes if isinstance(self.content, Extent) else None

    async def take(self) -> bytes | OpenExtent:
        """Return the octets, or where they are."""
        if isinstance(self.content, bytes):
            return self.content
        return taken(self.content) if isinstance(self.content, Extent) else await self.content()


def size_of(content: bytes | OpenExtent) -> int:
    """Return the number of octets."""
    return len(content) if isinstance(content, bytes) else content.size_bytes


class PartsResponse(Response):
    """Sends parts as multipart/related, each taken when its turn comes."""

    def __init__(
        self, parts: Sequence[PartSource], part_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self._parts = parts
        self._writer = MultipartWriter()
        super().__init__(None, 200, {"content-type": self._writer.content_type(part_type), **(headers or {})})
        del self.headers["content-length"]
        sizes = [size for part in parts if (size := part.size_bytes) is not None]
        if len(sizes) == len(parts):
            heads = sum(len(self._head(at, size)) for at, size in enumerate(sizes))
            self.headers["content-length"] = str(heads + sum(sizes) + len(self._writer.tail()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        """Send the response; a part that cannot be read ends the connection, so nobody takes it for whole."""
        first = await self._parts[0].take()
        with held(first):
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await self._send_parts(first, scope, send)

    async def _send_parts(self, first: bytes | OpenExtent, scope: Scope, send: Send) -> None:
        for at, part in enumerate(self._parts):
            content = first if at == 0 else await part.take()
            last = at == len(self._parts) - 1
            tail = self._writer.tail() if last else b""
            await send_content(content, scope, send, self._head(at, size_of(content)), tail, last=last)

    def _head(self, at: int, size_bytes: int) -> bytes:
        return self._writer.head(self._parts[at].headers, size_bytes, first=at == 0)


class StreamedParts(Response):
    """Sends parts whose number and headers are known only as they come; there is at least one."""

    def __init__(
        self,
        parts: AsyncIterator[tuple[Headers, bytes | Extent]],
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
            await self._send_part(headers, content, scope, send, first=True)
            async for headers, content in self._parts:
                await self._send_part(headers, content, scope, send, first=False)
            await send({"type": "http.response.body", "body": self._writer.tail(), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_part(
        self, headers: Headers, content: bytes | Extent, scope: Scope, send: Send, *, first: bool
    ) -> None:
        ready = content if isinstance(content, bytes) else taken(content)
        head = self._writer.head(headers, size_of(ready), first=first)
        await send_content(ready, scope, send, head, last=False)
