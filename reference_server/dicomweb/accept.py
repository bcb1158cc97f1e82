"""What the caller accepts, and what it is therefore given (PS3.18 8.7).

The `accept` query parameter goes before the Accept header. Without either, anything is acceptable. Among
acceptable representations the highest weight wins, then the caller's order.
"""

from dataclasses import dataclass

from reference_server.dicomweb import media
from reference_server.dicomweb.media import MediaType, parse_media_type, split_list
from reference_server.dicomweb.transfer import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax,
    media_types_of,
    syntax_of,
)
from reference_server.errors import BadRequest, NotAcceptable

ANY = MediaType("*/*")
JSON_TYPES = (media.DICOM_JSON, media.JSON, "application/*", "*/*")
AS_STORED = "*"


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen representation: its media type, its transfer syntax (`*` as stored), one part or several."""

    media_type: str
    transfer_syntax: str
    multipart: bool


def parse_accept(header: str | None, query: str | None = None) -> tuple[MediaType, ...]:
    """Return the acceptable media ranges, best first; elements that are none are ignored (PS3.18 8.7.8)."""
    text = query if query is not None else header
    if text is None or not text.strip():
        return (ANY,)
    ranges = []
    for element in split_list(text):
        try:
            parsed = parse_media_type(element)
            weight = parsed.quality
        except BadRequest:
            continue
        if weight > 0:
            ranges.append((weight, parsed))
    return tuple(parsed for _, parsed in sorted(ranges, key=lambda pair: -pair[0]))


def choose_json(acceptable: tuple[MediaType, ...]) -> str:
    """Return `application/dicom+json` where the caller accepts it; raises NotAcceptable."""
    if any(each.essence in JSON_TYPES for each in acceptable):
        return media.DICOM_JSON
    raise NotAcceptable("this resource is available as application/dicom+json")


def _parts_of(each: MediaType) -> tuple[str, bool]:
    """Return the media type of the parts that a range asks for, and whether it asks for multipart."""
    if each.essence == media.MULTIPART:
        return (each.parameter("type") or "*/*").lower(), True
    if each.essence in ("*/*", "multipart/*"):
        return "*/*", True
    return each.essence, False


def choose_instances(acceptable: tuple[MediaType, ...], *, single: bool) -> Choice:
    """Return how stored instances are sent (PS3.18 10.4.4); one part alone only for an instance resource."""
    for each in acceptable:
        essence, multipart = _parts_of(each)
        if essence not in (media.DICOM, "*/*", "application/*") or not (multipart or single):
            continue
        for wanted in each.parameter_values("transfer-syntax") or ("",):
            if wanted == AS_STORED or syntax_of(wanted or EXPLICIT_VR_LITTLE_ENDIAN) is not None:
                return Choice(media.DICOM, wanted or EXPLICIT_VR_LITTLE_ENDIAN, multipart or not single)
    raise NotAcceptable('instances are available as multipart/related; type="application/dicom"')


def choose_frames(acceptable: tuple[MediaType, ...], stored: TransferSyntax, *, single: bool) -> Choice:
    """Return how the pixel data of one instance is sent (PS3.18 8.7.3, Table 8.7.3-5).

    Octets are uncompressed unless the range names `transfer-syntax=*` or the stored syntax; an image type is
    given where it carries the stored syntax.
    """
    for each in acceptable:
        essence, multipart = _parts_of(each)
        if not multipart and not single:
            continue
        wanted = each.parameter_values("transfer-syntax")
        stored_wanted = AS_STORED in wanted or stored.uid in wanted
        if essence in media_types_of(stored) and (not wanted or stored_wanted):
            return Choice(media_types_of(stored)[0], stored.uid, multipart)
        if essence in (media.OCTETS, "*/*", "application/*"):
            if stored_wanted:
                octets = (
                    media.OCTETS if essence != "*/*" or not stored.encapsulated else media_types_of(stored)[0]
                )
                return Choice(octets, stored.uid, multipart)
            if not wanted or EXPLICIT_VR_LITTLE_ENDIAN in wanted:
                return Choice(media.OCTETS, EXPLICIT_VR_LITTLE_ENDIAN, multipart)
    raise NotAcceptable(
        f"these frames are available as {media.OCTETS} and as {', '.join(media_types_of(stored))}"
    )


def query_accept(values: list[str]) -> str | None:
    """Return the value of the `accept` query parameter; more than one raises BadRequest."""
    if len(values) > 1:
        raise BadRequest("the query parameter accept may be given once")
    return values[0] if values else None
