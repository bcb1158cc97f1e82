"""WADO-RS: what lies below a resource, and its metadata (PS3.18 10.4).

A caller gets the instances that it may retrieve. What it may not even discover does not exist; what it may
discover but not retrieve is forbidden.
"""

import asyncio
from collections.abc import Mapping
from functools import partial

import orjson
from starlette.requests import Request
from starlette.responses import Response

from reference_server.accounting.policy import Access
from reference_server.decision import note_number, note_studies
from reference_server.dicomweb.accept import choose_metadata
from reference_server.dicomweb.archive import Archive, acceptable, archive_of
from reference_server.dicomweb.dicom_json import with_base
from reference_server.dicomweb.dicom_xml import json_to_xml
from reference_server.dicomweb.media import DICOM_JSON
from reference_server.dicomweb.parts import PartSource, PartsResponse
from reference_server.dicomweb.reading import valid_uid
from reference_server.dicomweb.validators import validator_of
from reference_server.errors import BadRequest, Forbidden, NotFound
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


def resource_predicate(named: Mapping[str, str]) -> Predicate:
    """Return the predicate of the instances below a resource, which is named by UIDs of its levels.

    What is no UID raises BadRequest: nothing that is stored bears it, so this tells nobody anything.
    """
    for key in _KEYS:
        if key in named and not valid_uid(named[key]):
            raise BadRequest(f"the {key} {named[key][:80]!r} is not a UID")
    return every(*(Predicate(sql, (named[key],)) for key, sql in _KEYS.items() if key in named))


def instance_url(base: str, located: Located) -> str:
    """Return the URL of an instance below a base URL, as its metadata name it."""
    return (
        f"{base}/studies/{located.study_uid}/series/{located.series_uid}/instances/{located.sop_instance_uid}"
    )


async def retrievable(
    request: Request, access: Access, *, with_metadata: bool = False, named: Mapping[str, str] | None = None
) -> list[tuple[Located, bytes | None]]:
    """Return the instances of the resource that the caller may retrieve, in one SQL round trip.

    The resource is the one that the path names, unless it is `named` otherwise.
    Raises NotFound where the caller sees none, Forbidden where it sees some but may retrieve none.
    """
    archive = archive_of(request)
    named = request.path_params if named is None else named
    where = resource_predicate(named)
    if "study" in named:
        note_studies([(named["study"], None)])
    rows = await locate(archive.database, where, access, with_metadata=with_metadata)
    if not rows:
        raise NotFound("there is no such resource")
    allowed = [row for row in rows if row[0].retrievable]
    if not allowed:
        raise Forbidden("you may not retrieve this resource")
    note_number(len(allowed))
    return allowed


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
    parts = [PartSource(headers, partial(_xml, archive, document)) for document in documents]
    return PartsResponse(parts, choice.media_type, validator.headers)


async def _xml(archive: Archive, document: bytes) -> bytes:
    """Return the metadata of one instance in XML, rendered in a thread when its turn comes."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(archive.workers, lambda: json_to_xml(orjson.loads(document)))
