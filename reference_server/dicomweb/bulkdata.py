"""WADO-RS bulk data: one value by its BulkDataURI, and all that a study, a series or an instance holds.

Bulk data are the values that the metadata name by a URI (PS3.18 10.4.1.1.5). Pixel data follow the same
choice of media type and transfer syntax as frames; an encapsulated document is also given in its own media
type; any other value is octets, little endian.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from pydicom import Dataset, dcmread
from pydicom.dataelem import RawDataElement
from pydicom.encaps import generate_fragments
from pydicom.tag import Tag
from starlette.requests import Request
from starlette.responses import Response

from reference_server.dicomweb import media
from reference_server.dicomweb.accept import ANYTHING, Choice, refusals, wishes
from reference_server.dicomweb.archive import Archive, acceptable, archive_of
from reference_server.dicomweb.dicom_json import Json
from reference_server.dicomweb.frames import PIXEL_DATA, frames_of, other_frame
from reference_server.dicomweb.media import MediaType
from reference_server.dicomweb.negotiation import frame_choices
from reference_server.dicomweb.parts import StreamedParts
from reference_server.dicomweb.ranges import single_part
from reference_server.dicomweb.transfer import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    NATIVE,
    VIDEO,
    TransferSyntax,
    read_whole,
    syntax_of,
    to_explicit_little_endian,
)
from reference_server.dicomweb.validators import validator_of
from reference_server.dicomweb.wado import INLINE_BYTES, instance_url, read_blob, retrievable
from reference_server.errors import NotAcceptable, NotFound
from reference_server.storage.blobs import BlobStore
from reference_server.storage.extents import SHORT_BYTES, Extent
from reference_server.storage.records import Located

DOCUMENT, DOCUMENT_TYPE = "00420011", "00420012"
ITEM = b"\xfe\xff\x00\xe0"  # the tag of an item, in little endian
UNDEFINED_LENGTH = 0xFFFFFFFF
SENT_AS_IT_LIES = (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN)
PIXELS = ("7FE00008", "7FE00009", "7FE00010")


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One value of one instance: its path of tags and item numbers, and how it may be sent, best first."""

    located: Located
    path: str
    choices: tuple[Choice, ...]


def bulk_paths(model: Json, outer: str = "") -> Iterator[str]:
    """Yield the path of every value that the metadata of an instance name by a URI."""
    for tag, attribute in model.items():
        if "BulkDataURI" in attribute:
            yield f"{outer}{tag}"
        elif attribute["vr"] == "SQ":
            for number, item in enumerate(attribute.get("Value", ())):
                yield from bulk_paths(item, f"{outer}{tag}/{number}/")


def bulk_item(
    located: Located, model: Json, path: str, ranges: tuple[MediaType, ...], *, single: bool
) -> BulkItem:
    """Return how one value may be sent; raises NotAcceptable where it may in no way."""
    if path in PIXELS:
        return BulkItem(located, path, frame_choices(ranges, stored_syntax(located), single=single))
    own_type = (model.get(DOCUMENT_TYPE, {}).get("Value") or [""])[0] if path == DOCUMENT else ""
    refused = refusals(ranges)
    choices = [
        Choice(
            each.essence if each.essence == own_type else media.OCTETS,
            EXPLICIT_VR_LITTLE_ENDIAN,
            each.multipart,
        )
        for each in wishes(ranges)
        if each.essence in (media.OCTETS, ANYTHING, "application/*", own_type) and (each.multipart or single)
    ]
    choices = [each for each in choices if (each.media_type, each.multipart) not in refused]
    if not choices:
        raise NotAcceptable(f"this value is available as {media.OCTETS}{own_type and f' and as {own_type}'}")
    return BulkItem(located, path, tuple(dict.fromkeys(choices)))


def stored_syntax(located: Located) -> TransferSyntax:
    """Return the transfer syntax of an instance as far as its pixels go: encapsulated, or native."""
    syntax = syntax_of(located.transfer_syntax_uid) or NATIVE
    return syntax if syntax.encapsulated else NATIVE


async def retrieve_bulkdata(request: Request) -> Response:
    """Answer one value, named by the path of a BulkDataURI."""
    archive = archive_of(request)
    access = archive.access(request)
    ranges = acceptable(request)
    located, metadata = (await retrievable(request, access, with_metadata=True))[0]
    model, path = orjson.loads(metadata or b"{}"), request.path_params["attribute"]
    if path not in bulk_paths(model):
        raise NotFound("there is no such bulk data")
    item = bulk_item(located, model, path, ranges, single=True)
    strong = not item.choices[0].multipart and item.choices[0].transfer_syntax == stored_syntax(located).uid
    validator = validator_of(archive, [located], ("bulkdata", path, repr(item.choices)), strong=strong)
    if validator.holds(request):
        return validator.unchanged()
    choice, values = await _given(archive, item)
    location = {"content-location": _location(archive, request, item)}
    if not choice.multipart and len(values) == 1:
        return await single_part(request, values[0], choice.media_type, validator, location)
    return StreamedParts(_parts(archive, request, [item]), validator.headers)


async def retrieve_all_bulkdata(request: Request) -> Response:
    """Answer every value that the study, the series or the instance holds as bulk data."""
    return await all_bulkdata(request, pixels_only=False)


async def retrieve_pixel_data(request: Request) -> Response:
    """Answer the pixel data of every instance, icons and other images inside sequences left out."""
    return await all_bulkdata(request, pixels_only=True)


async def all_bulkdata(request: Request, *, pixels_only: bool) -> Response:
    """Answer the bulk data below a resource in parts; raises NotFound where there are none."""
    archive = archive_of(request)
    access = archive.access(request)
    ranges = acceptable(request)
    rows = await retrievable(request, access, with_metadata=True)
    items = []
    for located, metadata in rows:
        model = orjson.loads(metadata or b"{}")
        paths = [path for path in bulk_paths(model) if path in PIXELS or not pixels_only]
        items += [bulk_item(located, model, path, ranges, single=False) for path in paths]
    if not items:
        raise NotFound("there are no bulk data here")
    representation = (str(pixels_only), *(f"{each.path} {each.choices!r}" for each in items))
    validator = validator_of(archive, [located for located, _ in rows], representation, strong=False)
    if validator.holds(request):
        return validator.unchanged()
    await _check_convertible(archive, items)
    return StreamedParts(_parts(archive, request, items), validator.headers)


async def _check_convertible(archive: Archive, items: list[BulkItem]) -> None:
    """Convert pixels of each transfer syntax once, so that a refusal comes before the answer begins."""
    tried: set[tuple[str, tuple[Choice, ...]]] = set()
    for item in items:
        kind = (item.located.transfer_syntax_uid, item.choices)
        if item.path in PIXELS and kind not in tried:
            await _given(archive, item)
            tried.add(kind)


async def _parts(
    archive: Archive, request: Request, items: list[BulkItem]
) -> AsyncIterator[tuple[tuple[tuple[str, str], ...], bytes | Extent]]:
    """Yield headers and content of each part; compressed frames of one value are parts of their own."""
    for item in items:
        choice, values = await _given(archive, item)
        content_type = f"{choice.media_type}; transfer-syntax={choice.transfer_syntax}"
        headers = (("Content-Type", content_type), ("Content-Location", _location(archive, request, item)))
        for value in values:
            yield headers, value


def _location(archive: Archive, request: Request, item: BulkItem) -> str:
    return f"{instance_url(archive.base_url(request), item.located)}/bulkdata/{item.path}"


async def _given(archive: Archive, item: BulkItem) -> tuple[Choice, Sequence[bytes | Extent]]:
    """Return the best choice in which a value is to be had, and its parts; raises NotAcceptable."""
    loop = asyncio.get_running_loop()
    if (
        item.located.size_bytes > INLINE_BYTES
        and item.choices[0].transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN
    ):
        value = await loop.run_in_executor(archive.workers, stored_value, archive.blobs, item)
        if value is not None:
            return item.choices[0], [value]
    content = await read_blob(archive, item.located)
    for choice in item.choices:
        read = partial(bulk_values, content, item.path, choice)
        try:
            return choice, await loop.run_in_executor(archive.workers, read)
        except NotAcceptable as error:
            reason = error
    raise reason


def stored_value(blobs: BlobStore, item: BulkItem) -> bytes | Extent | None:
    """Return a value of a large file, or where it lies, as it is sent; None where it is not there as such."""
    if item.located.transfer_syntax_uid not in SENT_AS_IT_LIES:
        return None
    try:
        return _found_value(blobs, item)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError):
        return None  # which the whole file explains better


def _found_value(blobs: BlobStore, item: BulkItem) -> bytes | Extent | None:
    # Longer values stay on disk; what pydicom then has of them is where they are.
    dataset = dcmread(blobs.path(item.located.blob), defer_size=SHORT_BYTES, force=True)
    *outer, last = item.path.split("/")
    for tag, number in zip(outer[::2], outer[1::2], strict=True):
        dataset = dataset[int(tag, 16)].value[int(number)]
    element: Any = dict(dataset.items()).get(Tag(int(last, 16)))
    if not isinstance(element, RawDataElement) or element.length == UNDEFINED_LENGTH:
        return None
    if element.value is not None:
        return bytes(element.value)
    whole = not outer and element.value_tell + element.length <= item.located.size_bytes
    return blobs.extent(item.located.blob, element.value_tell, element.length) if whole else None


def bulk_values(content: bytes, path: str, choice: Choice) -> list[bytes]:
    """Return the value at a path of tags and item numbers: one, but for frames that stay compressed.

    Raises NotFound where the attributes that describe it cannot be read.
    """
    try:
        return _values(content, path, choice)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise NotFound("this value cannot be read") from error


def _values(content: bytes, path: str, choice: Choice) -> list[bytes]:
    whole = dataset = read_whole(content)
    if not dataset.original_encoding[1]:
        whole = dataset = read_whole(to_explicit_little_endian(content))
    *outer, last = path.split("/")
    for tag, item in zip(outer[::2], outer[1::2], strict=True):
        dataset = dataset[int(tag, 16)].value[int(item)]
    if path in PIXELS:
        return _pixel_values(content, dataset, int(last, 16), choice)
    value = bytes(dataset.get_item(int(last, 16)).value)
    if (
        int(last, 16) == PIXEL_DATA
        and value.startswith(ITEM)
        and whole.file_meta.TransferSyntaxUID.is_encapsulated
    ):
        # An icon may be compressed like the image; as octets it is native, as its label says.
        dataset.file_meta = whole.file_meta
        count = int(dataset.get("NumberOfFrames") or 1)
        return [
            b"".join(other_frame(dataset, number, choice.transfer_syntax) for number in range(1, count + 1))
        ]
    return [value]


def _pixel_values(content: bytes, dataset: Dataset, tag: int, choice: Choice) -> list[bytes]:
    stored = dataset.file_meta.TransferSyntaxUID
    native = tag != PIXEL_DATA or not stored.is_encapsulated
    if native and choice.transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN:
        return [bytes(dataset.get_item(tag).value)]
    if choice.transfer_syntax == stored and stored in VIDEO:
        return [b"".join(generate_fragments(dataset.PixelData))]
    count = int(dataset.get("NumberOfFrames") or 1)
    frames = frames_of(content, range(1, count + 1), choice.transfer_syntax)
    return [b"".join(frames)] if choice.transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN else frames
