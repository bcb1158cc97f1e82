"""The substance of an answer: what two archives have to agree on, however they word it.

| answer | compared | not compared |
|---|---|---|
| multipart | how many parts, and the SHA-256 of each content, in any order | headers and order of parts |
| JSON, the whole result | the UIDs that it names at the level of the request | further attributes |
| JSON, one page (`limit=`) | how many results | which: the order of a search is free (PS3.18 8.3.4.4) |
| anything else | the media type | the bytes |

What two archives hold is compared: an archive that returns less would be the faster for it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message

from scenarios.load.operations import Request

LEVELS = ("00080018", "0020000E", "0020000D")  # SOP, series and study instance UID, the most specific first


@dataclass(frozen=True, slots=True)
class Substance:
    """What is compared of one answer, and the sentence that says what is not."""

    compared: tuple[str, ...]
    text: str
    left_out: str


def substance_of(request: Request, headers: Mapping[str, str], body: bytes) -> Substance:
    """Return what an answer says, without how it is worded."""
    kind, boundary = _media_type(headers.get("content-type", ""))
    if kind == "multipart/related":
        digests = tuple(sorted(hashlib.sha256(each).hexdigest() for each in _parts(body, boundary)))
        text = f"{len(digests)} parts {' '.join(digest[:8] for digest in digests[:3])}"
        return Substance(digests, text, "headers and order of parts are not compared")
    if kind.endswith("json"):
        try:
            results = json.loads(body) if body else []
        except ValueError:
            return Substance(
                (hashlib.sha256(body).hexdigest(),), "no JSON", "what is no JSON is compared whole"
            )
        if "limit=" in request.path:
            left = "a page is compared by the number of its results"
            return Substance((str(len(results)),), f"{len(results)} results", left)
        uids = tuple(sorted(map(_uid, results)))
        return Substance(uids, f"{len(uids)} results", "results are compared by their UIDs")
    return Substance((kind,), kind, "of a rendered image only the media type is compared")


def _uid(result: Mapping[str, Mapping[str, list[str]]]) -> str:
    """Return the UID of the most specific level that a result names."""
    return next((str(result[tag]["Value"][0]) for tag in LEVELS if result.get(tag, {}).get("Value")), "")


def _media_type(value: str) -> tuple[str, str]:
    """Return the media type in lower case, and the boundary, empty where there is none."""
    message = Message()
    message["Content-Type"] = value
    return message.get_content_type(), str(message.get_boundary(""))


def _parts(body: bytes, boundary: str) -> list[bytes]:
    """Return the contents of the parts of a well-formed multipart body (RFC 2046 5.1.1)."""
    delimiter = b"\r\n--" + boundary.encode()
    _, *parts = (b"\r\n" + body).split(delimiter)
    return [part.partition(b"\r\n\r\n")[2] for part in parts if not part.startswith(b"--")]
