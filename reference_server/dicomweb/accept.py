"""What the caller accepts, and what it is therefore given (PS3.18 8.7).

The `accept` query parameter goes before the Accept header. Without either, anything is acceptable. Among
acceptable representations the highest weight wins, then the caller's order; a wildcard stands for the default
of the resource. What has the weight 0 is not given through a wildcard either (RFC 9110 12.5.1).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reference_server.dicomweb import media
from reference_server.dicomweb.media import MediaType, parse_media_type, split_list
from reference_server.dicomweb.transfer import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax,
    media_types_of,
    syntax_of,
)
from reference_server.errors import BadRequest, NotAcceptable

ANY = MediaType("*/*")
ANYTHING = "*/*"
JSON_TYPES = (media.DICOM_JSON, media.JSON, "application/*", ANYTHING)
AS_STORED = "*"
# PS3.18 8.7.3: these do not travel by name; `*` alone sends what is stored, whatever it is.
NOT_BY_NAME = (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN)
_BLANK_FOR_PLUS = re.compile(r"(?<=/)(\w+) (?=\w)")


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen representation: its media type, its transfer syntax (`*` as stored), one part or several."""

    media_type: str
    transfer_syntax: str
    multipart: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A range as a wish: the media type of a part, one part or several, the transfer syntaxes named."""

    essence: str
    multipart: bool
    transfer_syntaxes: tuple[str, ...]


def parse_accept(header: str | None, query: str | None = None) -> tuple[MediaType, ...]:
    """Return the caller's media ranges, best first; elements that are none are ignored (PS3.18 8.7.8).

    The query parameter goes before the header, but its values have to lie within it (PS3.18 8.3.3.1): where
    none does, the header alone counts.
    """
    within = _ranges(header)
    asked = () if query is None else _ranges(query)
    return tuple(each for each in asked if _lies_within(each, within)) or within


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


def _lies_within(asked: MediaType, ranges: tuple[MediaType, ...]) -> bool:
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


def _wishes(acceptable: tuple[MediaType, ...]) -> Iterator[Wanted]:
    return (_wanted(each) for each in acceptable if each.quality > 0)


def _refused(acceptable: tuple[MediaType, ...]) -> frozenset[tuple[str, bool]]:
    """Return what the caller gave the weight 0, as media type and whether in several parts."""
    refused = [_wanted(each) for each in acceptable if each.quality == 0]
    return frozenset((each.essence, each.multipart) for each in refused)


def choose_json(acceptable: tuple[MediaType, ...]) -> str:
    """Return `application/dicom+json` where the caller accepts it; raises NotAcceptable."""
    if (media.DICOM_JSON, False) not in _refused(acceptable) and any(
        each.essence in JSON_TYPES for each in _wishes(acceptable)
    ):
        return media.DICOM_JSON
    raise NotAcceptable("this resource is available as application/dicom+json")


def choose_metadata(acceptable: tuple[MediaType, ...], *, single: bool) -> Choice:
    """Return how attributes are sent (PS3.18 10.4.4): JSON, or XML in parts, one alone where `single`."""
    refused = _refused(acceptable)
    for each in _wishes(acceptable):
        if each.essence in JSON_TYPES and (media.DICOM_JSON, False) not in refused:
            return Choice(media.DICOM_JSON, EXPLICIT_VR_LITTLE_ENDIAN, multipart=False)
        if each.essence == media.DICOM_XML and (each.multipart or single):
            return Choice(media.DICOM_XML, EXPLICIT_VR_LITTLE_ENDIAN, each.multipart)
    raise NotAcceptable(
        "this resource is available as application/dicom+json and as "
        'multipart/related; type="application/dicom+xml"'
    )


def choose_instances(acceptable: tuple[MediaType, ...], *, single: bool) -> Choice:
    """Return how stored instances are sent (PS3.18 10.4.4); one part alone only for an instance resource."""
    refused = _refused(acceptable)
    for each in _wishes(acceptable):
        multipart = each.multipart or not single
        if each.essence not in (media.DICOM, ANYTHING, "application/*") or not (each.multipart or single):
            continue
        if (media.DICOM, multipart) in refused:
            continue
        for wanted in each.transfer_syntaxes or (EXPLICIT_VR_LITTLE_ENDIAN,):
            if wanted == AS_STORED or (wanted not in NOT_BY_NAME and syntax_of(wanted) is not None):
                return Choice(media.DICOM, wanted, multipart)
    raise NotAcceptable('instances are available as multipart/related; type="application/dicom"')


def choose_frames(acceptable: tuple[MediaType, ...], stored: TransferSyntax, *, single: bool) -> Choice:
    """Return how the pixel data of one instance is sent (PS3.18 8.7.3, Table 8.7.3-5).

    Octets are uncompressed unless the range names `transfer-syntax=*` or the stored syntax; an image type is
    given where it carries the stored syntax.
    """
    refused = _refused(acceptable)
    for each in _wishes(acceptable):
        if not each.multipart and not single:
            continue
        choice = _frames_for(each, stored)
        if choice is not None and (choice.media_type, choice.multipart) not in refused:
            return choice
    raise NotAcceptable(
        f"these frames are available as {media.OCTETS} and as {', '.join(media_types_of(stored))}"
    )


def _frames_for(wanted: Wanted, stored: TransferSyntax) -> Choice | None:
    """Return what of the stored pixel data meets one wish, or None."""
    own_types = media_types_of(stored)
    stored_wanted = AS_STORED in wanted.transfer_syntaxes or stored.uid in wanted.transfer_syntaxes
    image = wanted.essence in own_types or (wanted.essence == "image/*" and own_types[0].startswith("image/"))
    if image and (not wanted.transfer_syntaxes or stored_wanted):
        return Choice(own_types[0], stored.uid, wanted.multipart)
    if wanted.essence not in (media.OCTETS, ANYTHING, "application/*"):
        return None
    if stored_wanted:
        octets = wanted.essence != ANYTHING or not stored.encapsulated
        return Choice(media.OCTETS if octets else own_types[0], stored.uid, wanted.multipart)
    if not wanted.transfer_syntaxes or EXPLICIT_VR_LITTLE_ENDIAN in wanted.transfer_syntaxes:
        return Choice(media.OCTETS, EXPLICIT_VR_LITTLE_ENDIAN, wanted.multipart)
    return None


def query_accept(values: list[str]) -> str | None:
    """Return the value of the `accept` query parameter; more than one raises BadRequest.

    A plus sign that was not percent-encoded has become a blank on the way; no media type has one there.
    """
    if len(values) > 1:
        raise BadRequest("the query parameter accept may be given once")
    return _BLANK_FOR_PLUS.sub(r"\1+", values[0]) if values else None
