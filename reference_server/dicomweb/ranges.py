"""An answer in one part is also given in pieces: 206 with the octets asked for, 416 where there are none.

Several ranges at once are answered with the whole, as RFC 9110 14.2 lets a server do.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from reference_server.dicomweb.validators import Validator

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


def single_part(
    request: Request,
    content: bytes,
    media_type: str,
    validator: Validator,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return an answer in one part, whole or the range of it that was asked for."""
    given = {"content-type": media_type, "accept-ranges": "bytes", **validator.headers, **(headers or {})}
    asked = asked_range(request.headers.get("range"), len(content)) if request.method == "GET" else None
    if asked is None or not validator.allows_range(request):
        return Response(content, HTTPStatus.OK, given)
    if asked.first >= len(content):
        return PlainTextResponse(
            f"there are {len(content)} octets\n",
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            {"content-range": f"bytes */{len(content)}"},
        )
    given["content-range"] = f"bytes {asked.first}-{asked.last}/{len(content)}"
    return Response(content[asked.first : asked.last + 1], HTTPStatus.PARTIAL_CONTENT, given)
