"""WADO-RS frames and bulk data of one instance (PS3.18 10.4.1.1.5, 10.4.1.1.6)."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import orjson
from pydicom import Dataset
from starlette.requests import Request
from starlette.responses import Response

from reference_server.dicomweb.accept import Choice
from reference_server.dicomweb.archive import Archive, acceptable, archive_of
from reference_server.dicomweb.dicom_json import Json
from reference_server.dicomweb.frames import PIXEL_DATA, frames_of, parse_frame_list
from reference_server.dicomweb.negotiation import frame_choices
from reference_server.dicomweb.parts import PartSource, PartsResponse
from reference_server.dicomweb.transfer import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax,
    read_whole,
    syntax_of,
    to_explicit_little_endian,
)
from reference_server.dicomweb.wado import read_blob, retrievable
from reference_server.errors import NotAcceptable, NotFound
from reference_server.storage.records import Located
from reference_server.timing import measured

NATIVE = TransferSyntax(EXPLICIT_VR_LITTLE_ENDIAN, encapsulated=False)


async def retrieve_frames(request: Request) -> Response:
    """Answer a list of frames, in the order of the list."""
    archive = archive_of(request)
    access = archive.access(request)
    numbers = parse_frame_list(request.path_params["frames"])
    ranges = acceptable(request)
    located = (await retrievable(request, access))[0][0]
    stored = syntax_of(located.transfer_syntax_uid) or NATIVE
    choices = frame_choices(ranges, stored if stored.encapsulated else NATIVE, single=len(numbers) == 1)
    choice, frames = await first_possible(choices, partial(_frames, archive, located, numbers))
    if not choice.multipart:
        return Response(frames[0], headers={"content-type": choice.media_type})
    base = (
        f"{archive.base_url(request)}{request.url.path[len(archive.settings.base_path) :].rpartition('/')[0]}"
    )
    return _parts(frames, [f"{base}/{number}" for number in numbers], choice)


async def first_possible(
    choices: tuple[Choice, ...], give: Callable[[Choice], Awaitable[list[bytes]]]
) -> tuple[Choice, list[bytes]]:
    """Return the best choice that can be given, and what was given; raises NotAcceptable where none can."""
    for choice in choices[:-1]:
        try:
            return choice, await give(choice)
        except NotAcceptable:
            continue
    return choices[-1], await give(choices[-1])


async def _frames(
    archive: Archive, located: Located, numbers: tuple[int, ...], choice: Choice
) -> list[bytes]:
    layout = located.frames
    if layout is not None and choice.transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN:
        if max(numbers) > layout.count:
            raise NotFound(f"this instance has {layout.count} frames")
        with measured("blob"):
            size = layout.frame_bytes
            return [
                archive.blobs.read_range(located.blob, layout.offset + (number - 1) * size, size)
                for number in numbers
            ]
    content = await read_blob(archive, located)
    cut = partial(frames_of, content, numbers, choice.transfer_syntax)
    return await asyncio.get_running_loop().run_in_executor(archive.workers, cut)


def _parts(contents: list[bytes], locations: list[str], choice: Choice) -> Response:
    content_type = f"{choice.media_type}; transfer-syntax={choice.transfer_syntax}"

    async def give(content: bytes) -> bytes:
        return content

    return PartsResponse(
        [
            PartSource(
                (("Content-Type", content_type), ("Content-Location", location)),
                len(content),
                partial(give, content),
            )
            for content, location in zip(contents, locations, strict=True)
        ],
        choice.media_type,
    )


async def retrieve_bulkdata(request: Request) -> Response:
    """Answer one attribute's value, named by the path of a BulkDataURI."""
    archive = archive_of(request)
    access = archive.access(request)
    ranges = acceptable(request)
    located, metadata = (await retrievable(request, access, with_metadata=True))[0]
    if not has_bulk_data(orjson.loads(metadata or b"{}"), request.path_params["attribute"]):
        raise NotFound("there is no such bulk data")
    stored = syntax_of(located.transfer_syntax_uid) or NATIVE
    choices = frame_choices(ranges, stored if stored.encapsulated else NATIVE, single=True)
    content = await read_blob(archive, located)

    async def give(choice: Choice) -> list[bytes]:
        read = partial(bulk_values, content, request.path_params["attribute"], choice)
        return await asyncio.get_running_loop().run_in_executor(archive.workers, read)

    choice, values = await first_possible(choices, give)
    if not choice.multipart and len(values) == 1:
        return Response(values[0], headers={"content-type": choice.media_type})
    return _parts(values, [str(request.url)] * len(values), choice)


def has_bulk_data(model: Json, path: str) -> bool:
    """Tell whether the metadata of an instance name bulk data at a path of tags and item numbers."""
    *outer, last = path.split("/")
    try:
        for tag, item in zip(outer[::2], outer[1::2], strict=True):
            model = model[tag]["Value"][int(item)]
        return "BulkDataURI" in model[last]
    except (KeyError, ValueError, IndexError, TypeError):
        return False


def bulk_values(content: bytes, path: str, choice: Choice) -> list[bytes]:
    """Return the value at a path of tags and item numbers; encapsulated pixel data one value per frame."""
    dataset = read_whole(content)
    if not dataset.original_encoding[1]:
        dataset = read_whole(to_explicit_little_endian(content))
    *outer, last = path.split("/")
    for tag, item in zip(outer[::2], outer[1::2], strict=True):
        dataset = dataset[int(tag, 16)].value[int(item)]
    element = dataset.get_item(int(last, 16))
    if not outer and _is_encapsulated(dataset, int(last, 16)):
        count = int(dataset.get("NumberOfFrames") or 1)
        return frames_of(content, range(1, count + 1), choice.transfer_syntax)
    return [bytes(element.value)]


def _is_encapsulated(dataset: Dataset, tag: int) -> bool:
    syntax = dataset.file_meta.TransferSyntaxUID
    return bool(tag == PIXEL_DATA and syntax.is_encapsulated)
