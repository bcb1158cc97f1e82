"""WADO-RS: studies, series and instances, as stored or in another transfer syntax (PS3.18 10.4.1.1.1)."""

import asyncio
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from reference_server.dicomweb.archive import Archive, acceptable, archive_of
from reference_server.dicomweb.bulkdata import all_bulkdata
from reference_server.dicomweb.media import DICOM
from reference_server.dicomweb.negotiation import (
    AS_BULK_DATA,
    InstanceChoice,
    choose_instances,
    syntaxes_of_part,
)
from reference_server.dicomweb.parts import PartSource, PartsResponse
from reference_server.dicomweb.ranges import single_part
from reference_server.dicomweb.transcoding import transcode
from reference_server.dicomweb.transfer import LOSSLESS_ENCODINGS
from reference_server.dicomweb.validators import validator_of
from reference_server.dicomweb.wado import instance_url, read_blob, retrievable
from reference_server.errors import NotAcceptable
from reference_server.storage.records import Located


async def retrieve_instances(request: Request) -> Response:
    """Answer a study, a series or an instance."""
    archive = archive_of(request)
    access = archive.access(request)
    choice = choose_instances(acceptable(request), single="instance" in request.path_params)
    if choice == AS_BULK_DATA:
        return await all_bulkdata(request, pixels_only=False)
    objects = [located for located, _ in await retrievable(request, access)]
    stored = objects[0].transfer_syntax_uid
    strong = not choice.multipart and syntaxes_of_part(stored, choice.transfer_syntaxes)[:1] == (stored,)
    validator = validator_of(archive, objects, ("instances", repr(choice)), strong=strong)
    if validator.holds(request):
        return validator.unchanged()
    base = archive.base_url(request)
    tried: dict[tuple[str, str], bool] = {}
    parts = [await instance_part(archive, located, base, choice, tried) for located in objects]
    if not choice.multipart:
        return await single_part(request, parts[0].content, DICOM, validator)
    return PartsResponse(parts, DICOM, validator.headers)


async def instance_part(
    archive: Archive, located: Located, base: str, choice: InstanceChoice, tried: dict[tuple[str, str], bool]
) -> PartSource:
    """Return one instance as a part in the best transfer syntax in which it is to be had, or NotAcceptable.

    What has to be converted is tried before the answer begins, so that what no codec can do is refused, or
    sent in the next best syntax. Whether an instance can be decoded its transfer syntax tells, so one of each
    is tried; whether its pixels survive an encoding they tell themselves. What was made is made again when
    its turn comes, but for the first, because one instance at a time is in memory.
    """
    stored, url = located.transfer_syntax_uid, instance_url(base, located)
    for syntax in syntaxes_of_part(stored, choice.transfer_syntaxes):
        headers = (("Content-Type", f"{DICOM}; transfer-syntax={syntax}"), ("Content-Location", url))
        if syntax == stored:
            return PartSource(headers, archive.blobs.extent(located.blob, 0, located.size_bytes))
        trial = (located.blob if syntax in LOSSLESS_ENCODINGS else stored, syntax)
        if trial not in tried:
            content = await _tried(archive, located, syntax)
            tried[trial] = content is not None
            if content is not None and len(tried) == 1:
                return PartSource(headers, content)
        if tried[trial]:
            return PartSource(headers, partial(_converted, archive, located, syntax))
    raise NotAcceptable(f"an instance that is stored as {stored} cannot be sent as you accept it")


async def _converted(archive: Archive, located: Located, syntax: str) -> bytes:
    content = await read_blob(archive, located)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(archive.workers, transcode, content, syntax)


async def _tried(archive: Archive, located: Located, syntax: str) -> bytes | None:
    """Return an instance in another transfer syntax, or None where it is not to be had."""
    try:
        return await _converted(archive, located, syntax)
    except NotAcceptable:
        return None
