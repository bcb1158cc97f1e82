"""WADO-RS: studies, series and instances as they are stored, or as Explicit VR Little Endian (PS3.18 10.4).

A caller gets the instances that it may retrieve. What it may not even discover does not exist; what it may
discover but not retrieve is forbidden.
"""

import asyncio
from functools import partial

import orjson
from starlette.requests import Request
from starlette.responses import Response

from reference_server.accounting.policy import Access
from reference_server.dicomweb.accept import choose_metadata
from reference_server.dicomweb.archive import Archive, acceptable, archive_of
from reference_server.dicomweb.dicom_json import with_base
from reference_server.dicomweb.dicom_xml import json_to_xml
from reference_server.dicomweb.media import DICOM, DICOM_JSON
from reference_server.dicomweb.negotiation import (
    InstanceChoice,
    choose_instances,
    syntaxes_of_part,
)
from reference_server.dicomweb.parts import PartSource, PartsResponse
from reference_server.dicomweb.ranges import single_part
from reference_server.dicomweb.transcoding import transcode
from reference_server.dicomweb.validators import validator_of
from reference_server.errors import Forbidden, NotAcceptable, NotFound
from reference_server.storage.index import locate
from reference_server.storage.predicate import Predicate, every
from reference_server.storage.records import Located
from reference_server.timing import measured

# A file of this size comes from the page cache in less time than a hop to a thread takes.
INLINE_BYTES = 1 << 20
_KEYS = {
    "study": "study.study_uid = ?",
    "series": "series.series_uid = ?",
    "instance": "instance.sop_instance_uid = ?",
}


def resource_predicate(request: Request) -> Predicate:
    """Return the predicate of the instances below the resource that the path names."""
    path = request.path_params
    return every(*(Predicate(sql, (path[key],)) for key, sql in _KEYS.items() if key in path))


def instance_url(base: str, located: Located) -> str:
    """Return the URL of an instance below a base URL, as its metadata name it."""
    return (
        f"{base}/studies/{located.study_uid}/series/{located.series_uid}/instances/{located.sop_instance_uid}"
    )


async def retrievable(
    request: Request, access: Access, *, with_metadata: bool = False
) -> list[tuple[Located, bytes | None]]:
    """Return the instances of the resource that the caller may retrieve, in one SQL round trip.

    Raises NotFound where the caller sees none, Forbidden where it sees some but may retrieve none.
    """
    archive = archive_of(request)
    rows = await locate(archive.database, resource_predicate(request), access, with_metadata=with_metadata)
    if not rows:
        raise NotFound("there is no such resource")
    allowed = [row for row in rows if row[0].retrievable]
    if not allowed:
        raise Forbidden("you may not retrieve this resource")
    return allowed


async def retrieve_instances(request: Request) -> Response:
    """Answer a study, a series or an instance."""
    archive = archive_of(request)
    access = archive.access(request)
    choice = choose_instances(acceptable(request), single="instance" in request.path_params)
    objects = [located for located, _ in await retrievable(request, access)]
    stored = objects[0].transfer_syntax_uid
    strong = not choice.multipart and syntaxes_of_part(stored, choice.transfer_syntaxes)[:1] == (stored,)
    validator = validator_of(archive, objects, ("instances", repr(choice)), strong=strong)
    if validator.holds(request):
        return validator.unchanged()
    base = archive.base_url(request)
    tried: dict[tuple[str, str], bool] = {}
    parts = [await _part(archive, located, base, choice, tried) for located in objects]
    if not choice.multipart:
        return single_part(request, await parts[0].read(), DICOM, validator)
    return PartsResponse(parts, DICOM, validator.headers)


async def _part(
    archive: Archive, located: Located, base: str, choice: InstanceChoice, tried: dict[tuple[str, str], bool]
) -> PartSource:
    """Return one instance as a part in the best transfer syntax in which it is to be had, or NotAcceptable.

    The first instance of each pair of stored and sent syntax is converted before the answer begins, so that
    what no codec can do is refused, or sent in the next best syntax; the others when their turn comes.
    """
    stored, url = located.transfer_syntax_uid, instance_url(base, located)
    for syntax in syntaxes_of_part(stored, choice.transfer_syntaxes):
        headers = (("Content-Type", f"{DICOM}; transfer-syntax={syntax}"), ("Content-Location", url))
        if syntax == stored:
            return PartSource(headers, located.size_bytes, partial(read_blob, archive, located))
        if (stored, syntax) not in tried:
            content = await _tried(archive, located, syntax)
            tried[stored, syntax] = content is not None
            if content is not None:
                return PartSource(headers, len(content), partial(_ready, content))
        if tried[stored, syntax]:
            return PartSource(headers, None, partial(_converted, archive, located, syntax))
    raise NotAcceptable(f"an instance that is stored as {stored} cannot be sent as you accept it")


async def _ready(content: bytes) -> bytes:
    return content


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


async def read_blob(archive: Archive, located: Located) -> bytes:
    """Return the bytes of an instance as stored."""
    with measured("blob"):
        if located.size_bytes <= INLINE_BYTES:
            return archive.blobs.read(located.blob)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(archive.workers, archive.blobs.read, located.blob)


async def retrieve_metadata(request: Request) -> Response:
    """Answer the metadata of a study, a series or an instance, as encoded when it was stored, or as XML."""
    archive = archive_of(request)
    access = archive.access(request)
    choice = choose_metadata(acceptable(request), single="instance" in request.path_params)
    rows = await retrievable(request, access, with_metadata=True)
    base = archive.base_url(request).encode()
    representation = ("metadata", base.decode(), repr(choice))
    validator = validator_of(archive, [located for located, _ in rows], representation, strong=False)
    if validator.holds(request):
        return validator.unchanged()
    documents = [document for _, document in rows if document is not None]
    if choice.media_type == DICOM_JSON:
        content = with_base(b"[" + b",".join(documents) + b"]", base)
        return Response(content, headers={"content-type": DICOM_JSON, **validator.headers})
    documents = [with_base(document, base) for document in documents]
    if not choice.multipart:
        content = await _xml(archive, documents[0])
        return Response(content, headers={"content-type": choice.media_type, **validator.headers})
    headers = (("Content-Type", choice.media_type),)
    parts = [PartSource(headers, None, partial(_xml, archive, document)) for document in documents]
    return PartsResponse(parts, choice.media_type, validator.headers)


async def _xml(archive: Archive, document: bytes) -> bytes:
    """Return the metadata of one instance in XML, rendered in a thread when its turn comes."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(archive.workers, lambda: json_to_xml(orjson.loads(document)))
