"""WADO-RS: studies, series and instances as they are stored, or as Explicit VR Little Endian (PS3.18 10.4).

A caller gets the instances that it may retrieve. What it may not even discover does not exist; what it may
discover but not retrieve is forbidden.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

import orjson
from starlette.requests import Request
from starlette.responses import Response

from reference_server.accounting.policy import Access
from reference_server.dicomweb.accept import AS_STORED, Choice, choose_instances, choose_metadata
from reference_server.dicomweb.archive import Archive, acceptable, archive_of, json_response
from reference_server.dicomweb.dicom_json import with_base
from reference_server.dicomweb.dicom_xml import json_to_xml
from reference_server.dicomweb.media import DICOM_JSON
from reference_server.dicomweb.parts import PartSource, PartsResponse
from reference_server.dicomweb.transfer import EXPLICIT_VR_LITTLE_ENDIAN, to_explicit_little_endian
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
    located = [row[0] for row in await retrievable(request, access)]
    await _check_convertible(archive, located, choice)
    if not choice.multipart:
        content = await read_instance(archive, located[0], choice)
        return Response(content, headers={"content-type": choice.media_type})
    return PartsResponse([_part(archive, each, choice) for each in located], choice.media_type)


def _sent_syntax(located: Located, choice: Choice) -> str:
    return located.transfer_syntax_uid if choice.transfer_syntax == AS_STORED else choice.transfer_syntax


async def _check_convertible(archive: Archive, located: Sequence[Located], choice: Choice) -> None:
    """Convert one instance per transfer syntax: what cannot be sent is refused before the answer begins."""
    tried: set[str] = set()
    for each in located:
        wanted = _sent_syntax(each, choice)
        if wanted in (each.transfer_syntax_uid, *tried):
            continue
        if wanted != EXPLICIT_VR_LITTLE_ENDIAN:
            raise NotAcceptable(
                f"an instance is stored as {each.transfer_syntax_uid}, which is not sent as {wanted}"
            )
        if len(located) > 1:
            await read_instance(archive, each, choice)
        tried.add(each.transfer_syntax_uid)


def _part(archive: Archive, located: Located, choice: Choice) -> PartSource:
    syntax = _sent_syntax(located, choice)
    size_bytes = located.size_bytes if syntax == located.transfer_syntax_uid else None
    headers = (("Content-Type", f"{choice.media_type}; transfer-syntax={syntax}"),)
    return PartSource(headers, size_bytes, partial(read_instance, archive, located, choice))


async def read_instance(archive: Archive, located: Located, choice: Choice) -> bytes:
    """Return the bytes of an instance in the transfer syntax that was chosen."""
    content = await read_blob(archive, located)
    if _sent_syntax(located, choice) == located.transfer_syntax_uid:
        return content
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(archive.workers, to_explicit_little_endian, content)


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
    documents = [document for _, document in rows if document is not None]
    if choice.media_type == DICOM_JSON:
        return json_response(with_base(b"[" + b",".join(documents) + b"]", base), choice.media_type)
    documents = [with_base(document, base) for document in documents]
    if not choice.multipart:
        return Response(await _xml(archive, documents[0]), headers={"content-type": choice.media_type})
    headers = (("Content-Type", choice.media_type),)
    parts = [PartSource(headers, None, partial(_xml, archive, document)) for document in documents]
    return PartsResponse(parts, choice.media_type)


async def _xml(archive: Archive, document: bytes) -> bytes:
    """Return the metadata of one instance in XML, rendered in a thread when its turn comes."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(archive.workers, lambda: json_to_xml(orjson.loads(document)))
