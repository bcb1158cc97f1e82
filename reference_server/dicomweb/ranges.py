"""An answer in one part is also given in pieces: 206 with the octets asked for, 416 where there are none.

Several ranges at once are answered with the whole, as RFC 9110 14.2 lets a server do.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from reference_server.dicomweb.sending import ExtentResponse
from reference_server.dicomweb.validators import Validator
from reference_server.storage.extents import Extent

_ONE_RANGE = re.compile(r"\s*bytes\s*=\s*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A range of octets: `first` and `last`, both within."""

    first: int
    last: int


def asked_range(header: str | None, size_bytes: int) -> ByteRange | None:
    """Return the range that a header asks for, cut to the size; None where it asks for the whole.

    A range that begins behind the end has its first octet there. What is malformed asks for the whole.
    """
    match = _ONE_RANGE.fullmatch(header or "")
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        return ByteRange(max(0, size_bytes - int(suffix)) if int(suffix) else size_bytes, size_bytes - 1)
    end = int(last) if last else size_bytes - 1
    if end < int(first) and last:
        return None
    return ByteRange(int(first), min(end, size_bytes - 1))


async def single_part(
    request: Request,
    content: bytes | Extent | Callable[[], Awaitable[bytes]],
    media_type: str,
    validator: Validator,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return an answer in one part, whole or the range of it that was asked for."""
    ready = content if isinstance(content, bytes | Extent) else await content()
    size_bytes = len(ready) if isinstance(ready, bytes) else ready.size_bytes
    given = {"content-type": media_type, "accept-ranges": "bytes", **validator.headers, **(headers or {})}
    asked = asked_range(request.headers.get("range"), size_bytes) if request.method == "GET" else None
    if asked is None or not validator.allows_range(request):
        return _response(ready, HTTPStatus.OK, given)
    if asked.first >= size_bytes:
        return PlainTextResponse(
            f"there are {size_bytes} octets\n",
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            {"content-range": f"bytes */{size_bytes}"},
        )
    given["content-range"] = f"bytes {asked.first}-{asked.last}/{size_bytes}"
    end = asked.last + 1
    piece = (
        ready[asked.first : end] if isinstance(ready, bytes) else ready.part(asked.first, end - asked.first)
    )
    return _response(piece, HTTPStatus.PARTIAL_CONTENT, given)


def _response(content: bytes | Extent, status: HTTPStatus, headers: dict[str, str]) -> Response:
    if isinstance(content, bytes):
        return Response(content, status, headers)
    return ExtentResponse(content, status, headers)
