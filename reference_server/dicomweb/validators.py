"""ETag and Last-Modified of what is stored, and what a conditional request makes of them (RFC 9110 8.8, 13).

A stored object never changes, so its representations are told apart by the name of its blob, which no caller
learns, and by how they were chosen; a study changes by gaining objects. The tag is strong where the octets
are those stored, and weak where two answers mean the same and may differ in octets: boundaries are random,
texts are compressed or not, codecs come in versions. It covers the objects that the caller may see and no
others, and it is looked at after those were found: who may not see an object is not told that it is
unchanged.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from reference_server.dicomweb.archive import Archive
from reference_server.dicomweb.media import split_list
from reference_server.storage.records import Located

TAG_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Validator:
    """What tells one state of a representation from another; a time only for a single object."""

    tag: str
    modified: int | None

    @property
    def headers(self) -> dict[str, str]:
        """The response headers that carry it."""
        headers = {"etag": self.tag}
        if self.modified is not None:
            headers["last-modified"] = _formatted(self.modified)
        return headers

    def holds(self, request: Request) -> bool:
        """Tell whether the caller has this state already: If-None-Match, or If-Modified-Since without it."""
        tags = request.headers.getlist("if-none-match")
        if tags:
            given = split_list(", ".join(tags))
            return "*" in given or self.tag.removeprefix("W/") in {each.removeprefix("W/") for each in given}
        since = _http_date(request.headers.get("if-modified-since"))
        return since is not None and self.modified is not None and self.modified <= since

    def allows_range(self, request: Request) -> bool:
        """Tell whether a part of this state completes what the caller has of it (If-Range)."""
        condition = request.headers.get("if-range")
        if condition is None:
            return True
        if condition.startswith(('"', "W/")):
            return condition == self.tag and not self.tag.startswith("W/")
        return self.modified is not None and _http_date(condition) == self.modified

    def unchanged(self) -> Response:
        """Return the answer that says so, without content."""
        return Response(None, HTTPStatus.NOT_MODIFIED, self.headers)


def validator_of(
    archive: Archive, objects: Sequence[Located], representation: Iterable[str], *, strong: bool
) -> Validator:
    """Return the validator of objects in a representation; every part of how it was chosen counts."""
    digest = hashlib.sha256()
    for text in (*representation, *(each.blob for each in objects)):
        digest.update(text.encode() + b"\0")
    tag = f'"{digest.hexdigest()[:TAG_DIGITS]}"'
    modified = archive.blobs.modified(objects[0].blob) if len(objects) == 1 else None
    return Validator(tag if strong else f"W/{tag}", modified)


@lru_cache(maxsize=1024)
def _formatted(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def _http_date(text: str | None) -> int | None:
    """Return a date of HTTP in seconds since 1970, or None where it is none."""
    try:
        return int(parsedate_to_datetime(text or "").timestamp())
    except (ValueError, OverflowError):
        return None
