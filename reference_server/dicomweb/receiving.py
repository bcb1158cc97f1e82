"""The parts of a store request as they arrive: DICOM files, or metadata and their bulk data.

A small DICOM file arrives in memory, a larger one on disk; reading its header and making it durable happen in
a thread while the next part arrives. Bulk data go to disk; once the request is complete, each instance of the
metadata is written from them. A part that cannot be stored is a failure of that part alone; a request that
cannot be read to its end leaves nothing.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from reference_server.decision import note_studies
from reference_server.dicomweb.archive import Archive
from reference_server.dicomweb.bulkdata_parts import (
    BulkPart,
    BulkParts,
    MissingPartError,
    UnknownSyntaxError,
)
from reference_server.dicomweb.media import DICOM, OCTETS, MediaType
from reference_server.dicomweb.metadata_store import (
    METADATA_TYPES,
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    Metadata,
    read_metadata,
    write_file,
)
from reference_server.dicomweb.multipart import MultipartReader, Part
from reference_server.dicomweb.plain_values import NotPlainError
from reference_server.dicomweb.reading import Arrived, read_instance, read_plain_instance, valid_uid
from reference_server.dicomweb.reasons import MalformedError, Reason, UnreadableError
from reference_server.dicomweb.receipt import Failure
from reference_server.errors import BadRequest, ContentTooLarge, InsufficientStorage
from reference_server.storage.blobs import IncomingBlob
from reference_server.storage.records import InstanceRecord, Kept
from reference_server.storage.spool import RecordSpool
from reference_server.timing import measured

LOG = logging.getLogger("reference_server")
PARTS_IN_FLIGHT = 4
SMALL_BYTES = 1 << 15
Result = TypeVar("Result")


async def in_thread(archive: Archive, work: Callable[[], Result]) -> Result:
    """Return the result of work that is done in a thread."""
    return await asyncio.get_running_loop().run_in_executor(archive.workers, work)


@dataclass(frozen=True, slots=True)
class Received:
    """What became of the parts: instances whose blobs are on disk, their records in order, and failures."""

    kept: list[Kept]
    records: RecordSpool
    failures: list[Failure]


class Receiver:
    """Receives one request; with a study, instances of others are failures."""

    def __init__(self, archive: Archive, base: str, study: str | None) -> None:
        self._archive = archive
        self._study = study
        self._under_way: deque[asyncio.Future[InstanceRecord | Failure]] = deque()
        self._kept: list[Kept] = []
        self._records = RecordSpool(archive.blobs.arriving)
        self._failures: list[Failure] = []
        self._metadata: list[Metadata] = []
        self._metadata_bytes = 0
        self._bulk = BulkParts(base)
        self._bulk_blobs: list[IncomingBlob] = []

    async def receive(self, reader: MultipartReader) -> Received:
        """Return what became of the parts; an error leaves no file."""
        try:
            async for part in reader.parts():
                await self._part(part)
            for metadata in self._metadata:
                await self._start(partial(self._assemble, metadata))
            while self._under_way:
                await self._finish_first()
        except BaseException as error:
            done = await asyncio.gather(*self._under_way, return_exceptions=True)
            self._records.close()
            blobs = [kept.blob for kept in self._kept]
            for blob in blobs + [each.blob for each in done if isinstance(each, InstanceRecord)]:
                self._archive.blobs.remove(blob)
            if isinstance(error, OSError):
                raise InsufficientStorage("the archive cannot write what arrives") from error
            raise
        finally:
            for bulk in self._bulk_blobs:
                bulk.discard()
        unnamed = [Failure(Reason.CANNOT_UNDERSTAND) for _ in self._bulk.unreferenced()]
        return Received(self._kept, self._records, self._failures + unnamed)

    async def _part(self, part: Part) -> None:
        try:
            media_type = part.content_type or MediaType(OCTETS if self._metadata else DICOM)
        except BadRequest:
            media_type = MediaType("")
        if media_type.essence == DICOM:
            await self._read_file(part)
        elif media_type.essence in METADATA_TYPES:
            await self._read_metadata(part, media_type.essence)
        elif self._metadata and part.headers.get("content-location"):
            await self._read_bulk(part, media_type)
        else:
            self._failures.append(Failure(Reason.CANNOT_UNDERSTAND))

    async def _read_file(self, part: Part) -> None:
        try:
            blob = await self._write(part)
        except OSError:
            LOG.exception("an instance could not be written")
            self._failures.append(Failure(Reason.OUT_OF_RESOURCES))
        else:
            await self._start(partial(self._keep, blob, self._read_early(blob)))

    def _read_early(self, blob: IncomingBlob) -> InstanceRecord | None:
        """Return the record of a small and plain file at once, which takes less than a hop to a thread costs.

        Beside a busy loop, a thread that computes waits for the interpreter's lock, and the loop for it.
        """
        if blob.on_disk or blob.size_bytes > SMALL_BYTES:
            return None
        try:
            return read_plain_instance(_arrived(blob), self._archive.catalogue)
        except NotPlainError:
            return None

    async def _write(self, part: Part) -> IncomingBlob:
        """Take a part as it arrives."""
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

    async def _start(self, work: Callable[[], InstanceRecord | Failure]) -> None:
        """Begin work in a thread, once fewer than the most that are allowed at a time are under way."""
        if len(self._under_way) == PARTS_IN_FLIGHT:
            await self._finish_first()
        # The thread runs in a copy of the context, so that its time on disk counts for this request.
        run = partial(copy_context().run, work)
        loop = asyncio.get_running_loop()
        self._under_way.append(loop.run_in_executor(self._archive.workers, run))

    async def _finish_first(self) -> None:
        """Take the work that began first; so instances enter the index in the order in which they arrived."""
        done = await asyncio.shield(self._under_way[0])
        self._under_way.popleft()
        if isinstance(done, Failure):
            self._failures.append(done)
            return
        self._kept.append(
            Kept(done.study_uid, done.series_uid, done.sop_instance_uid, done.sop_class_uid, done.blob)
        )
        self._records.add(done)
        note_studies([(done.study_uid, done.study_keys.patient_id)])

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
            self._metadata += await in_thread(self._archive, read)
        except MalformedError as error:
            LOG.info("metadata were refused: %s", error)
            self._failures.append(Failure(Reason.CANNOT_UNDERSTAND))

    async def _read_bulk(self, part: Part, media_type: MediaType) -> None:
        blob = await self._write(part)
        self._bulk_blobs.append(blob)
        size_bytes = blob.size_bytes
        if size_bytes % 2:
            blob.write(b"\0")  # values have even lengths (PS3.5 7.1.1)
        blob.to_disk()
        blob.close()
        self._bulk.add(part.headers["content-location"], BulkPart(media_type, blob.path, size_bytes))

    def _assemble(self, metadata: Metadata) -> InstanceRecord | Failure:
        """Write an instance from its metadata and bulk data, in a thread, and keep it."""
        named = metadata.uid(SOP_CLASS_UID), metadata.uid(SOP_INSTANCE_UID)
        uids = [uid if valid_uid(uid) else "" for uid in named]
        blob = self._archive.blobs.incoming()
        try:
            blob.to_disk()
            write_file(metadata, self._bulk, blob.path)
            blob.measure()
        except MalformedError as error:
            blob.discard()
            return Failure(_reason(error), *uids)
        except OSError:
            LOG.exception("an instance could not be written")
            blob.discard()
            return Failure(Reason.OUT_OF_RESOURCES, *uids)
        except BaseException:
            blob.discard()
            raise
        return self._keep(blob)

    def _of_study(self, record: InstanceRecord) -> InstanceRecord:
        """Return the record of an instance of the study to which the request is made."""
        if self._study not in (None, record.study_uid):
            uids = record.sop_class_uid, record.sop_instance_uid
            raise UnreadableError(Reason.DOES_NOT_MATCH_SOP_CLASS, "it is of another study", *uids)
        return record

    def _keep(self, blob: IncomingBlob, early: InstanceRecord | None = None) -> InstanceRecord | Failure:
        """Read the instance and make its blob durable, in a thread; what is refused leaves no file.

        One that was read early is not read again.
        """
        uids = "", ""
        try:
            record = self._of_study(early or read_instance(_arrived(blob), self._archive.catalogue))
            uids = record.sop_class_uid, record.sop_instance_uid
            with measured("blob"):
                self._archive.blobs.keep(blob)
        except UnreadableError as error:
            blob.discard()
            return Failure(error.reason, error.sop_class_uid, error.sop_instance_uid)
        except OSError:
            LOG.exception("an instance could not be written")
            blob.discard()
            self._archive.blobs.remove(blob.name)
            return Failure(Reason.OUT_OF_RESOURCES, *uids)
        except BaseException:
            blob.discard()
            raise
        return record


def _arrived(blob: IncomingBlob) -> Arrived:
    content = None if blob.on_disk else blob.content()
    return Arrived(blob.path, blob.name, blob.size_bytes, blob.sha256, content)


def _reason(error: MalformedError) -> Reason:
    if isinstance(error, MissingPartError):
        return Reason.MISSING_BULK_DATA
    unknown = isinstance(error, UnknownSyntaxError)
    return Reason.TRANSFER_SYNTAX_NOT_SUPPORTED if unknown else Reason.CANNOT_UNDERSTAND
