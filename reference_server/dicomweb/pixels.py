"""WADO-RS frames of one instance (PS3.18 10.4.1.1.6)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from reference_server.dicomweb.accept import Choice
from reference_server.dicomweb.archive import Archive, acceptable, archive_of
from reference_server.dicomweb.bulkdata import stored_syntax
from reference_server.dicomweb.frames import frames_of, parse_frame_list
from reference_server.dicomweb.negotiation import frame_choices
from reference_server.dicomweb.parts import PartSource, PartsResponse
from reference_server.dicomweb.ranges import single_part
from reference_server.dicomweb.transfer import EXPLICIT_VR_LITTLE_ENDIAN
from reference_server.dicomweb.validators import Validator, validator_of
from reference_server.dicomweb.wado import instance_url, read_blob, retrievable
from reference_server.errors import NotAcceptable, NotFound
from reference_server.storage.extents import Extent
from reference_server.storage.records import Located


async def retrieve_frames(request: Request) -> Response:
    """Answer a list of frames, in the order of the list."""
    archive = archive_of(request)
    access = archive.access(request)
    numbers = parse_frame_list(request.path_params["frames"])
    ranges = acceptable(request)
    located = (await retrievable(request, access))[0][0]
    stored = stored_syntax(located)
    choices = frame_choices(ranges, stored, single=len(numbers) == 1)
    strong = not choices[0].multipart and choices[0].transfer_syntax == stored.uid
    validator = validator_of(archive, [located], ("frames", repr((numbers, choices))), strong=strong)
    if validator.holds(request):
        return validator.unchanged()
    choice, frames = await first_possible(choices, partial(_frames, archive, located, numbers))
    url = f"{instance_url(archive.base_url(request), located)}/frames"
    if not choice.multipart:
        location = {"content-location": f"{url}/{numbers[0]}"}
        return await single_part(request, frames[0], choice.media_type, validator, location)
    return _parts(frames, [f"{url}/{number}" for number in numbers], choice, validator)


async def first_possible(
    choices: tuple[Choice, ...], give: Callable[[Choice], Awaitable[Sequence[bytes | Extent]]]
) -> tuple[Choice, Sequence[bytes | Extent]]:
    """Return the best choice that can be given, and what was given; raises NotAcceptable where none can."""
    for choice in choices[:-1]:
        try:
            return choice, await give(choice)
        except NotAcceptable:
            continue
    return choices[-1], await give(choices[-1])


async def _frames(
    archive: Archive, located: Located, numbers: tuple[int, ...], choice: Choice
) -> Sequence[bytes | Extent]:
    layout = located.frames
    if layout is not None and choice.transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN:
        if max(numbers) > layout.count:
            raise NotFound(f"this instance has {layout.count} frames")
        size = layout.frame_bytes
        return [
            archive.blobs.extent(located.blob, layout.offset + (number - 1) * size, size)
            for number in numbers
        ]
    content = await read_blob(archive, located)
    cut = partial(frames_of, content, numbers, choice.transfer_syntax)
    return await asyncio.get_running_loop().run_in_executor(archive.workers, cut)


def _parts(
    contents: Sequence[bytes | Extent], locations: list[str], choice: Choice, validator: Validator
) -> Response:
    content_type = f"{choice.media_type}; transfer-syntax={choice.transfer_syntax}"
    parts = [
        PartSource((("Content-Type", content_type), ("Content-Location", location)), content)
        for content, location in zip(contents, locations, strict=True)
    ]
    return PartsResponse(parts, choice.media_type, validator.headers)
