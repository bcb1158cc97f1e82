"""The parts of a store request as they arrive: DICOM files, or metadata and their bulk data.

A DICOM file goes to disk as it arrives; reading its header and forcing it to disk happen in a thread while
the next part arrives. Bulk data go to disk too; once the request is complete, each instance of the metadata
is written from them. A part that cannot be stored is a failure of that part alone; a request that cannot be
read to its end leaves nothing.
"""

import asyncio
import logging
from collections.abc import Callable
from contextvars import copy_context
from functools import partial

from reference_server.dicomweb.archive import Archive
from reference_server.dicomweb.bulkdata_parts import (
    BulkPart,
    BulkParts,
    MissingPartError,
    UnknownSyntaxError,
)
from reference_server.dicomweb.media import DICOM, MediaType
from reference_server.dicomweb.metadata_store import (
    METADATA_TYPES,
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    Metadata,
    read_metadata,
    write_file,
)
from reference_server.dicomweb.multipart import MultipartReader, Part
from reference_server.dicomweb.reading import Arrived, read_instance
from reference_server.dicomweb.reasons import MalformedError, Reason, UnreadableError
from reference_server.dicomweb.receipt import Failure
from reference_server.errors import BadRequest, ContentTooLarge, Unavailable
from reference_server.storage.blobs import IncomingBlob
from reference_server.storage.records import InstanceRecord
from reference_server.timing import measured

LOG = logging.getLogger("reference_server")
PARTS_IN_FLIGHT = 8

Handled = InstanceRecord | Failure


class Receiver:
    """Receives one request; afterwards each part is a record whose blob is on disk, or a failure."""

    def __init__(self, archive: Archive, base: str) -> None:
        self._archive = archive
        self._gate = asyncio.Semaphore(PARTS_IN_FLIGHT)
        self._tasks: list[asyncio.Task[Handled]] = []
        self._failures: list[Failure] = []
        self._metadata: list[Metadata] = []
        self._metadata_bytes = 0
        self._bulk = BulkParts(base)
        self._bulk_blobs: list[IncomingBlob] = []

    async def receive(self, reader: MultipartReader) -> list[Handled]:
        """Return what became of each part; an error leaves no file."""
        try:
            async for part in reader.parts():
                await self._part(part)
            for metadata in self._metadata:
                await self._start(partial(_assemble, self._archive, metadata, self._bulk))
            handled: list[Handled] = list(await asyncio.gather(*self._tasks))
        except BaseException as error:
            for each in await asyncio.gather(*self._tasks, return_exceptions=True):
                if isinstance(each, InstanceRecord):
                    self._archive.blobs.remove(each.blob)
            if isinstance(error, OSError):
                raise Unavailable("the archive cannot write what arrives") from error
            raise
        finally:
            for blob in self._bulk_blobs:
                blob.discard()
        return (
            handled + self._failures + [Failure(Reason.CANNOT_UNDERSTAND) for _ in self._bulk.unreferenced()]
        )

    async def _part(self, part: Part) -> None:
        try:
            media_type = part.content_type or MediaType(DICOM)
        except BadRequest:
            media_type = MediaType("")
        if media_type.essence == DICOM:
            blob = await self._write(part)
            await self._start(partial(_keep, self._archive, blob))
        elif media_type.essence in METADATA_TYPES:
            await self._read_metadata(part, media_type.essence)
        elif self._metadata and part.headers.get("content-location"):
            await self._read_bulk(part, media_type)
        else:
            self._failures.append(Failure(Reason.CANNOT_UNDERSTAND))

    async def _write(self, part: Part) -> IncomingBlob:
        """Write a part to disk as it arrives."""
        blob = self._archive.blobs.incoming()
        most = self._archive.settings.max_instance_bytes
        try:
            async for chunk in part.chunks():
                blob.write(chunk)
                if blob.size_bytes > most:
                    raise ContentTooLarge(f"an instance may have {most} bytes")  # noqa: TRY301  the file has to go
        except BaseException:
            blob.discard()
            raise
        return blob

    async def _start(self, work: Callable[[], Handled]) -> None:
        """Begin work in a thread, once fewer than the most that are allowed at a time are under way."""
        await self._gate.acquire()
        self._tasks.append(asyncio.create_task(self._finish(work)))

    async def _finish(self, work: Callable[[], Handled]) -> Handled:
        try:
            # The thread runs in a copy of the context, so that its time on disk counts for this request.
            run = partial(copy_context().run, work)
            return await asyncio.get_running_loop().run_in_executor(self._archive.workers, run)
        finally:
            self._gate.release()

    async def _read_metadata(self, part: Part, essence: str) -> None:
        most = self._archive.settings.max_metadata_bytes
        chunks: list[bytes] = []
        async for chunk in part.chunks():
            self._metadata_bytes += len(chunk)
            if self._metadata_bytes > most:
                raise ContentTooLarge(f"the metadata of a request may have {most} bytes")
            chunks.append(chunk)
        read = partial(read_metadata, essence, b"".join(chunks))
        try:
            loop = asyncio.get_running_loop()
            self._metadata += await loop.run_in_executor(self._archive.workers, read)
        except MalformedError as error:
            LOG.info("metadata were refused: %s", error)
            self._failures.append(Failure(Reason.CANNOT_UNDERSTAND))

    async def _read_bulk(self, part: Part, media_type: MediaType) -> None:
        blob = await self._write(part)
        self._bulk_blobs.append(blob)
        size_bytes = blob.size_bytes
        if size_bytes % 2:
            blob.write(b"\0")  # values have even lengths (PS3.5 7.1.1)
        blob.close()
        self._bulk.add(part.headers["content-location"], BulkPart(media_type, blob.path, size_bytes))


def _assemble(archive: Archive, metadata: Metadata, bulk: BulkParts) -> Handled:
    """Write an instance from its metadata and bulk data, in a thread, and keep it."""
    blob = archive.blobs.incoming()
    try:
        write_file(metadata, bulk, blob.path)
        blob.measure()
    except MalformedError as error:
        blob.discard()
        return Failure(_reason(error), metadata.uid(SOP_CLASS_UID), metadata.uid(SOP_INSTANCE_UID))
    except OSError:
        LOG.exception("an instance could not be written")
        blob.discard()
        return Failure(Reason.OUT_OF_RESOURCES, metadata.uid(SOP_CLASS_UID), metadata.uid(SOP_INSTANCE_UID))
    except BaseException:
        blob.discard()
        raise
    return _keep(archive, blob)


def _reason(error: MalformedError) -> Reason:
    if isinstance(error, MissingPartError):
        return Reason.MISSING_BULK_DATA
    unknown = isinstance(error, UnknownSyntaxError)
    return Reason.TRANSFER_SYNTAX_NOT_SUPPORTED if unknown else Reason.CANNOT_UNDERSTAND


def _keep(archive: Archive, blob: IncomingBlob) -> Handled:
    """Read the instance and make its blob durable, in a thread; what cannot be read leaves no file."""
    try:
        arrived = Arrived(blob.path, blob.path.name, blob.size_bytes, blob.sha256)
        record = read_instance(arrived, archive.catalogue)
        with measured("blob"):
            archive.blobs.keep(blob)
    except UnreadableError as error:
        blob.discard()
        return Failure(error.reason, error.sop_class_uid, error.sop_instance_uid)
    except OSError:
        LOG.exception("an instance could not be written")
        blob.discard()
        return Failure(Reason.OUT_OF_RESOURCES)
    except BaseException:
        blob.discard()
        raise
    return record
