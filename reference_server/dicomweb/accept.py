"""What the caller accepts, and what it is therefore given (PS3.18 8.7).

The `accept` query parameter goes before the Accept header. Without either, anything is acceptable. Among
acceptable representations the highest weight wins, then the caller's order; a wildcard stands for the default
of the resource. What has the weight 0 is not given through a wildcard either (RFC 9110 12.5.1).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from reference_server.dicomweb import media
from reference_server.dicomweb.media import MediaType, parse_media_type, split_list
from reference_server.dicomweb.transfer import EXPLICIT_VR_LITTLE_ENDIAN
from reference_server.errors import BadRequest, NotAcceptable

ANY = MediaType("*/*")
ANYTHING = "*/*"
JSON_TYPES = (media.DICOM_JSON, media.JSON, "application/*", ANYTHING)
_BLANK_FOR_PLUS = re.compile(r"(?<=/)(\w+) (?=\w)")


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen representation: its media type, its transfer syntax, one part or several."""

    media_type: str
    transfer_syntax: str
    multipart: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A range as a wish: the media type of a part, one part or several, the transfer syntaxes named."""

    essence: str
    multipart: bool
    transfer_syntaxes: tuple[str, ...]


# Clients repeat themselves: what a header means is worked out once. Large ones push the others out, no more.
@lru_cache(maxsize=128)
def parse_accept(header: str | None, query: str | None = None) -> tuple[MediaType, ...]:
    """Return the caller's media ranges, best first; elements that are none are ignored (PS3.18 8.7.8).

    The query parameter goes before the header, but its values have to lie within it (PS3.18 8.3.3.1): where
    none does, the header alone counts.
    """
    within = _ranges(header)
    asked = () if query is None else _ranges(query)
    return tuple(each for each in asked if lies_within(each, within)) or within


def _ranges(text: str | None) -> tuple[MediaType, ...]:
    if text is None or not text.strip():
        return (ANY,)
    ranges = []
    for element in split_list(text):
        try:
            parsed = parse_media_type(element)
            ranges.append((parsed.quality, parsed))
        except BadRequest:
            continue
    return tuple(parsed for _, parsed in sorted(ranges, key=lambda pair: -pair[0]))


def lies_within(asked: MediaType, ranges: tuple[MediaType, ...]) -> bool:
    """Tell whether a range that is asked for is one of those, or is covered by a wildcard among them."""
    part = asked.parameter("type") or ANYTHING
    for each in ranges:
        covers = each.essence in (ANYTHING, asked.essence, f"{asked.essence.partition('/')[0]}/*")
        parts = each.parameter("type") or ANYTHING
        if each.quality > 0 and covers and (each.essence != asked.essence or parts in (ANYTHING, part)):
            return True
    return False


def _wanted(each: MediaType) -> Wanted:
    syntaxes = each.parameter_values("transfer-syntax")
    if each.essence == media.MULTIPART:
        return Wanted(
            (each.parameter("type") or ANYTHING).lower(), multipart=True, transfer_syntaxes=syntaxes
        )
    if each.essence in (ANYTHING, "multipart/*"):
        return Wanted(ANYTHING, multipart=True, transfer_syntaxes=syntaxes)
    return Wanted(each.essence, multipart=False, transfer_syntaxes=syntaxes)


def wishes(acceptable: tuple[MediaType, ...]) -> Iterator[Wanted]:
    """Return the wishes of the ranges that have a weight, best first."""
    return (_wanted(each) for each in acceptable if each.quality > 0)


def refusals(acceptable: tuple[MediaType, ...]) -> frozenset[tuple[str, bool]]:
    """Return what the caller gave the weight 0, as media type and whether in several parts."""
    refused = [_wanted(each) for each in acceptable if each.quality == 0]
    return frozenset((each.essence, each.multipart) for each in refused)


def choose_metadata(acceptable: tuple[MediaType, ...], *, single: bool) -> Choice:
    """Return how attributes are sent (PS3.18 10.4.4): JSON, or XML in parts, one alone where `single`."""
    refused = refusals(acceptable)
    for each in wishes(acceptable):
        if each.essence in JSON_TYPES and (media.DICOM_JSON, False) not in refused:
            return Choice(media.DICOM_JSON, EXPLICIT_VR_LITTLE_ENDIAN, multipart=False)
        if each.essence == media.DICOM_XML and (each.multipart or single):
            return Choice(media.DICOM_XML, EXPLICIT_VR_LITTLE_ENDIAN, each.multipart)
    raise NotAcceptable(
        "this resource is available as application/dicom+json and as "
        'multipart/related; type="application/dicom+xml"'
    )


def query_accept(values: list[str]) -> str | None:
    """Return the value of the `accept` query parameter; more than one raises BadRequest, and so do wildcards.

    A plus sign that was not percent-encoded has become a blank on the way; no media type has one there.
    """
    if len(values) > 1:
        raise BadRequest("the query parameter accept may be given once")
    if not values:
        return None
    if any(element.partition(";")[0].strip().endswith("/*") for element in split_list(values[0])):
        raise BadRequest("the query parameter accept names media types, without wildcards (PS3.18 8.3.3.1)")
    return _BLANK_FOR_PLUS.sub(r"\1+", values[0])
