"""STOW-RS: instances arrive as a stream and are answered one by one (PS3.18 10.5).

The caller's right is decided before the body is read, and so are the media types of payload and answer. What
was received is on disk before the rows of the request enter the index together; only then it is acknowledged.
"""

from collections.abc import AsyncIterator

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from reference_server.accounting.policy import Storer
from reference_server.dicomweb.accept import Choice, choose_metadata
from reference_server.dicomweb.archive import Archive, acceptable, archive_of, json_response, repository_of
from reference_server.dicomweb.dicom_json import Json
from reference_server.dicomweb.dicom_xml import json_to_xml
from reference_server.dicomweb.media import DICOM, DICOM_JSON, DICOM_XML, JSON, MediaType, parse_media_type
from reference_server.dicomweb.multipart import MultipartReader, MultipartWriter, boundary_of
from reference_server.dicomweb.reasons import Reason
from reference_server.dicomweb.receipt import Failure, receipt, status_of
from reference_server.dicomweb.receiving import Handled, Receiver
from reference_server.errors import BadRequest, ContentTooLarge, UnsupportedMediaType
from reference_server.storage.database import Transaction
from reference_server.storage.ingest import store
from reference_server.storage.records import InstanceRecord, Outcome
from reference_server.timing import measured

STORABLE = (DICOM, DICOM_JSON, DICOM_XML, JSON, "*/*")
REASONS = {Outcome.CONFLICT: Reason.ALREADY_STORED, Outcome.REFUSED: Reason.NOT_AUTHORIZED}


async def store_instances(request: Request) -> Response:
    """Store the instances of the payload; answer with the outcome of each."""
    archive = archive_of(request)
    storer = await archive.policy.storer(
        archive.database, archive.credentials(request), archive.clock(), repository_of(request)
    )
    choice = choose_metadata(acceptable(request), single=True)
    reader = MultipartReader(_body(request), boundary_of(_payload_type(request)))
    handled = await Receiver(archive, str(request.url)).receive(reader)
    if not handled:
        raise BadRequest("the payload holds no part")
    study = request.path_params.get("study")
    handled = [_of_study(archive, each, study) for each in handled]
    results = await _enter(archive, storer, handled)
    return _answer(receipt(results, archive.base_url(request), study), choice, status_of(results))


def _answer(dataset: Json, choice: Choice, status: int) -> Response:
    """Return the response dataset in the form that was chosen before the payload was read."""
    if choice.media_type == DICOM_JSON:
        return json_response(orjson.dumps(dataset), choice.media_type, status=status)
    content, content_type = json_to_xml(dataset), choice.media_type
    if choice.multipart:
        writer = MultipartWriter()
        head = writer.head((("Content-Type", content_type),), first=True)
        content, content_type = head + content + writer.tail(), writer.content_type(content_type)
    return Response(content, status, {"content-type": content_type})


def _payload_type(request: Request) -> MediaType:
    header = request.headers.get("content-type")
    if header is None:
        raise UnsupportedMediaType("the payload has no Content-Type")
    coding = request.headers.get("content-encoding", "identity").lower()
    if coding != "identity":
        raise UnsupportedMediaType(f"a payload in the coding {coding[:40]} cannot be read")
    payload = parse_media_type(header)
    root = payload.parameter("type")
    if root is not None and root.lower() not in STORABLE:
        raise UnsupportedMediaType(f"parts of type {root} cannot be stored; send {', '.join(STORABLE[:3])}")
    return payload


async def _body(request: Request) -> AsyncIterator[bytes]:
    """Yield the payload; one that is larger than the settings allow raises ContentTooLarge."""
    most = archive_of(request).settings.max_request_bytes
    if int(request.headers.get("content-length", 0)) > most:
        raise ContentTooLarge(f"a payload may have {most} bytes")
    received = 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            if received > most:
                raise ContentTooLarge(f"a payload may have {most} bytes")
            yield chunk
    except ClientDisconnect:
        raise BadRequest("the payload ended early") from None


def _of_study(archive: Archive, handled: Handled, study: str | None) -> Handled:
    """Refuse an instance of another study than the path names."""
    if study is None or isinstance(handled, Failure) or handled.study_uid == study:
        return handled
    archive.blobs.remove(handled.blob)
    return Failure(Reason.DOES_NOT_MATCH_SOP_CLASS, handled.sop_class_uid, handled.sop_instance_uid)


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
            results.append(
                record if reason is None else Failure(reason, record.sop_class_uid, record.sop_instance_uid)
            )
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
