"""How instances and their pixel data are sent, as the caller accepts it (PS3.18 8.7.3, 8.7.8, 10.4.4).

One multipart answer may hold instances that are stored differently, so a choice about instances is a list of
transfer syntaxes, best first, and each part takes the first of them in which it is to be had.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from reference_server.dicomweb import media
from reference_server.dicomweb.accept import ANYTHING, Choice, Wanted, refusals, wishes
from reference_server.dicomweb.media import MediaType
from reference_server.dicomweb.transfer import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    FRAME_TYPES,
    LOSSLESS_ENCODINGS,
    LOSSY,
    NOT_ON_THE_WIRE,
    TransferSyntax,
    decodable,
    media_types_of,
    syntax_of,
)
from reference_server.errors import NotAcceptable

AS_STORED = "*"
DEFAULT = ""  # no transfer syntax was named


@dataclass(frozen=True, slots=True)
class InstanceChoice:
    """How instances are sent: the transfer syntaxes that will do, best first, and one part or several.

    Without transfer syntaxes their bulk data are sent instead.
    """

    transfer_syntaxes: tuple[str, ...]
    multipart: bool


AS_BULK_DATA = InstanceChoice((), multipart=True)


def choose_instances(acceptable: tuple[MediaType, ...], *, single: bool) -> InstanceChoice:
    """Return how stored instances are sent (PS3.18 10.4.4); one part alone only for an instance resource.

    Parts of octets mean the bulk data of the instances, as earlier editions had it (10.4.4).
    """
    refused = refusals(acceptable)
    multipart: bool | None = None
    syntaxes: list[str] = []
    for each in wishes(acceptable):
        if each.essence == media.OCTETS and each.multipart and multipart is None:
            return AS_BULK_DATA
        in_parts = each.multipart or not single
        if each.essence not in (media.DICOM, ANYTHING, "application/*") or not (each.multipart or single):
            continue
        named = [uid for uid in each.transfer_syntaxes or (DEFAULT,) if _may_be_asked_for(uid)]
        if (media.DICOM, in_parts) in refused or not named or multipart not in (None, in_parts):
            continue
        multipart = in_parts
        syntaxes += named
    if multipart is None:
        raise NotAcceptable('instances are available as multipart/related; type="application/dicom"')
    return InstanceChoice(tuple(dict.fromkeys(syntaxes)), multipart)


def _may_be_asked_for(uid: str) -> bool:
    return uid in (AS_STORED, DEFAULT) or (uid not in NOT_ON_THE_WIRE and syntax_of(uid) is not None)


@lru_cache(maxsize=128)
def syntaxes_of_part(stored: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the transfer syntaxes in which an instance may be sent, best first; there may be none.

    What travels in no case is sent in Explicit VR Little Endian; what is lossy already may go as it is where
    it cannot be decoded (PS3.18 8.7.3.4).
    """
    as_stored = stored not in NOT_ON_THE_WIRE
    possible: list[str] = []
    for each in wanted:
        if each == AS_STORED:
            possible.append(stored if as_stored else EXPLICIT_VR_LITTLE_ENDIAN)
        elif each == DEFAULT:
            possible += [EXPLICIT_VR_LITTLE_ENDIAN, *([stored] if stored in LOSSY else [])]
        else:
            possible.append(each)
    return tuple(dict.fromkeys(each for each in possible if each == stored or _convertible(stored, each)))


def _convertible(stored: str, wanted: str) -> bool:
    syntax = syntax_of(stored)
    known = wanted == EXPLICIT_VR_LITTLE_ENDIAN or wanted in LOSSLESS_ENCODINGS
    return known and (syntax is None or decodable(syntax))


@lru_cache(maxsize=128)
def frame_choices(
    acceptable: tuple[MediaType, ...], stored: TransferSyntax, *, single: bool
) -> tuple[Choice, ...]:
    """Return how the pixel data of one instance may be sent, best first (PS3.18 8.7.3, Table 8.7.3-5).

    Octets are uncompressed unless the range names `transfer-syntax=*` or the stored syntax; an image type is
    given where it carries the stored syntax, or one into which pixels are encoded here.
    """
    refused = refusals(acceptable)
    choices = [
        choice
        for each in wishes(acceptable)
        if each.multipart or single
        for choice in _frames_for(each, stored)
        if (choice.media_type, choice.multipart) not in refused
    ]
    if not choices:
        types = dict.fromkeys((media.OCTETS, *media_types_of(stored), *_encodings(stored)))
        raise NotAcceptable(f"these frames are available as {', '.join(types)}")
    return tuple(dict.fromkeys(choices))


def _encodings(stored: TransferSyntax) -> list[str]:
    return [FRAME_TYPES[uid][0] for uid in LOSSLESS_ENCODINGS if decodable(stored)]


def _frames_for(wanted: Wanted, stored: TransferSyntax) -> Iterator[Choice]:
    """Yield what of the pixel data meets one wish."""
    own_types = media_types_of(stored)
    named = wanted.transfer_syntaxes
    stored_wanted = AS_STORED in named or stored.uid in named
    image = wanted.essence in own_types or (wanted.essence == "image/*" and own_types[0].startswith("image/"))
    if image and (not named or stored_wanted):
        yield Choice(own_types[0], stored.uid, wanted.multipart)
    yield from _encoded_for(wanted, stored)
    if wanted.essence not in (media.OCTETS, ANYTHING, "application/*"):
        return
    if stored_wanted:
        octets = wanted.essence != ANYTHING or not stored.encapsulated
        yield Choice(media.OCTETS if octets else own_types[0], stored.uid, wanted.multipart)
    if not named or EXPLICIT_VR_LITTLE_ENDIAN in named:
        yield Choice(media.OCTETS, EXPLICIT_VR_LITTLE_ENDIAN, wanted.multipart)
    if not named and stored.uid in LOSSY and wanted.essence == ANYTHING:
        yield Choice(own_types[0], stored.uid, wanted.multipart)


def _encoded_for(wanted: Wanted, stored: TransferSyntax) -> Iterator[Choice]:
    """Yield the lossless encodings that a wish names by their image type or by their transfer syntax."""
    for uid in LOSSLESS_ENCODINGS:
        named = uid in wanted.transfer_syntaxes
        by_type = wanted.essence in FRAME_TYPES[uid] and (
            named or not wanted.transfer_syntaxes or AS_STORED in wanted.transfer_syntaxes
        )
        by_syntax = named and wanted.essence in (ANYTHING, "image/*")
        if (by_type or by_syntax) and uid != stored.uid and decodable(stored):
            yield Choice(FRAME_TYPES[uid][0], uid, wanted.multipart)
