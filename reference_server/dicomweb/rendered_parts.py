"""A multipart answer of pictures that are made one after the other while it is sent.

How many pictures there are is known only in the end, for some instances of a study show none, so no length is
announced. Nothing more is rendered for a caller who has gone.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from reference_server.dicomweb.encoding import ImageFile
from reference_server.dicomweb.multipart import MultipartWriter


@dataclass(frozen=True, slots=True)
class PicturePart:
    """A picture, and the URL of the resource that it is."""

    picture: ImageFile
    location: str

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The header fields of the part."""
        return (("Content-Type", self.picture.media_type), ("Content-Location", self.location))


class PicturesResponse(Response):
    """Sends pictures as multipart/related; the first is there already."""

    def __init__(
        self, first: PicturePart, others: AsyncIterator[PicturePart], headers: Mapping[str, str]
    ) -> None:
        self._first = first
        self._others = others
        self._writer = MultipartWriter()
        content_type = self._writer.content_type(first.picture.media_type)
        super().__init__(None, 200, {"content-type": content_type, **headers})
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response; a picture that fails ends the connection, so nobody takes the body for whole."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            await self._send_part(self._first, send, first=True)
            request = Request(scope, receive)
            async for part in self._others:
                if await request.is_disconnected():
                    return
                await self._send_part(part, send, first=False)
            await send({"type": "http.response.body", "body": self._writer.tail(), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_part(self, part: PicturePart, send: Send, *, first: bool) -> None:
        content = part.picture.content
        body = self._writer.head(part.headers, len(content), first=first) + content
        await send({"type": "http.response.body", "body": body, "more_body": True})
