"""STOW-RS: instances arrive as a stream and are answered one by one (PS3.18 10.5).

The caller's right is decided before the body is read. Each part goes to disk as it arrives; reading its
header and forcing it to disk happen in a thread while the next part arrives; the rows of a request enter the
index together. A part that cannot be stored is a failure of that part alone.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextvars import copy_context
from functools import partial

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from reference_server.accounting.policy import Storer
from reference_server.dicomweb.accept import choose_json
from reference_server.dicomweb.archive import Archive, acceptable, archive_of, json_response
from reference_server.dicomweb.media import DICOM, MediaType, parse_media_type
from reference_server.dicomweb.multipart import MultipartReader, Part, boundary_of
from reference_server.dicomweb.reading import Arrived, UnreadableError, read_instance
from reference_server.dicomweb.receipt import Failure, receipt, status_of
from reference_server.errors import BadRequest, ContentTooLarge, Unavailable, UnsupportedMediaType
from reference_server.storage.blobs import IncomingBlob
from reference_server.storage.database import Transaction
from reference_server.storage.ingest import store
from reference_server.storage.records import InstanceRecord, Outcome
from reference_server.timing import measured

WRONG_STUDY = 0xA900
ALREADY_STORED = 0xC112  # of the range "cannot understand"; documented in docs/reference_server.md
WRONG_MEDIA_TYPE = 0xC000
NOT_AUTHORIZED = 0x0124
OUT_OF_RESOURCES = 0xA700
LOG = logging.getLogger("reference_server")
REASONS = {Outcome.CONFLICT: ALREADY_STORED, Outcome.REFUSED: NOT_AUTHORIZED}
PARTS_IN_FLIGHT = 8

Handled = InstanceRecord | Failure


async def store_instances(request: Request) -> Response:
    """Store the instances of the payload; answer with the outcome of each."""
    archive = archive_of(request)
    storer = await archive.policy.storer(archive.database, archive.credentials(request), archive.clock())
    media_type = choose_json(acceptable(request))
    reader = MultipartReader(_body(request), boundary_of(_payload_type(request)))
    handled = await _receive(archive, reader)
    if not handled:
        raise BadRequest("the payload holds no part")
    study = request.path_params.get("study")
    handled = [_of_study(archive, each, study) for each in handled]
    results = await _enter(archive, storer, handled)
    content = receipt(results, archive.base_url(request), study)
    return json_response(content, media_type, status=status_of(results))


def _payload_type(request: Request) -> MediaType:
    header = request.headers.get("content-type")
    if header is None:
        raise UnsupportedMediaType("the payload has no Content-Type")
    coding = request.headers.get("content-encoding", "identity").lower()
    if coding != "identity":
        raise UnsupportedMediaType(f"a payload in the coding {coding[:40]} cannot be read")
    payload = parse_media_type(header)
    root = payload.parameter("type")
    if root is not None and root.lower() not in (DICOM, "*/*"):
        raise UnsupportedMediaType(f"parts of type {root} cannot be stored; send {DICOM}")
    return payload


async def _body(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise BadRequest("the payload ended early") from None


async def _receive(archive: Archive, reader: MultipartReader) -> list[Handled]:
    """Return what became of each part: a record whose blob is on disk, or a failure.

    An error leaves no file.
    """
    tasks: list[asyncio.Task[Handled]] = []
    gate = asyncio.Semaphore(PARTS_IN_FLIGHT)
    try:
        async for part in reader.parts():
            await gate.acquire()
            tasks.append(await _receive_part(archive, part, gate))
        return list(await asyncio.gather(*tasks))
    except BaseException as error:
        for each in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(each, InstanceRecord):
                archive.blobs.remove(each.blob)
        if isinstance(error, OSError):
            raise Unavailable("the archive cannot write what arrives") from error
        raise


async def _receive_part(archive: Archive, part: Part, gate: asyncio.Semaphore) -> asyncio.Task[Handled]:
    """Write a part to disk as it arrives, and begin to read it."""
    blob = archive.blobs.incoming()
    most = archive.settings.max_instance_bytes
    try:
        async for chunk in part.chunks():
            blob.write(chunk)
            if blob.size_bytes > most:
                raise ContentTooLarge(f"an instance may have {most} bytes")  # noqa: TRY301  the file has to go
    except BaseException:
        blob.discard()
        raise
    return asyncio.create_task(_finish_part(archive, part, blob, gate))


async def _finish_part(archive: Archive, part: Part, blob: IncomingBlob, gate: asyncio.Semaphore) -> Handled:
    try:
        if part.headers.get("content-type", DICOM).partition(";")[0].strip().lower() != DICOM:
            blob.discard()
            return Failure(WRONG_MEDIA_TYPE)
        # The thread runs in a copy of the context, so that its time on disk counts for this request.
        keep = partial(copy_context().run, _keep, archive, blob)
        return await asyncio.get_running_loop().run_in_executor(archive.workers, keep)
    finally:
        gate.release()


def _keep(archive: Archive, blob: IncomingBlob) -> Handled:
    """Read the instance and make its blob durable, in a thread; what cannot be read leaves no file."""
    try:
        record = read_instance(Arrived(blob.path, blob.path.name, blob.size_bytes, blob.sha256))
        with measured("blob"):
            archive.blobs.keep(blob)
    except UnreadableError as error:
        blob.discard()
        return Failure(error.reason, error.sop_class_uid, error.sop_instance_uid)
    except OSError:
        LOG.exception("an instance could not be written")
        blob.discard()
        return Failure(OUT_OF_RESOURCES)
    except BaseException:
        blob.discard()
        raise
    return record


def _of_study(archive: Archive, handled: Handled, study: str | None) -> Handled:
    """Refuse an instance of another study than the path names."""
    if study is None or isinstance(handled, Failure) or handled.study_uid == study:
        return handled
    archive.blobs.remove(handled.blob)
    return Failure(WRONG_STUDY, handled.sop_class_uid, handled.sop_instance_uid)


async def _enter(archive: Archive, storer: Storer, handled: list[Handled]) -> list[Handled]:
    """Enter the records into the index in one transaction; a refused one is a failure and leaves no file."""
    records = [each for each in handled if isinstance(each, InstanceRecord)]
    if not records:
        return handled

    async def work(write: Transaction) -> list[Outcome]:
        return await _place_and_store(write, archive, storer, records)

    # Where this fails or is cancelled, the rows may be on disk all the same. A blob without a row does no
    # harm, a row without a blob would lose an instance; so nothing is removed here.
    outcomes = await archive.database.write(work)
    results: list[Handled] = [each for each in handled if isinstance(each, Failure)]
    with measured("blob"):
        for record, outcome in zip(records, outcomes, strict=True):
            if outcome is not Outcome.STORED:
                archive.blobs.remove(record.blob)
            reason = REASONS.get(outcome)
            refused = Failure(reason or 0, record.sop_class_uid, record.sop_instance_uid)
            results.append(record if reason is None else refused)
    return results


async def _place_and_store(
    write: Transaction, archive: Archive, storer: Storer, records: list[InstanceRecord]
) -> list[Outcome]:
    """Store each record where its study is or begins; what may not be appended to is refused."""
    places = await archive.policy.place(
        write, storer, {record.study_uid for record in records}, archive.clock()
    )
    outcomes = dict.fromkeys(range(len(records)), Outcome.REFUSED)
    created: list[int] = []
    for repository_id in sorted(set(places.values())):
        there = [at for at, record in enumerate(records) if places.get(record.study_uid) == repository_id]
        stored, studies = await store(write, repository_id, [records[at] for at in there])
        outcomes.update(zip(there, stored, strict=True))
        created += studies
    await archive.policy.record_stored(write, storer, created)
    return list(outcomes.values())
