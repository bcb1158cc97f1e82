"""STOW-RS: instances arrive as a stream and are answered one by one (PS3.18 10.5).

The caller's right is decided before the body is read, and so are the media types of payload and answer. What
was received is on disk before the rows of the request enter the index together; only then it is acknowledged.
"""

from collections.abc import AsyncIterator

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from reference_server.decision import note_number
from reference_server.dicomweb.accept import Choice, choose_metadata
from reference_server.dicomweb.archive import acceptable, archive_of, json_response, repository_of
from reference_server.dicomweb.dicom_xml import json_to_xml
from reference_server.dicomweb.entering import enter
from reference_server.dicomweb.media import DICOM, DICOM_JSON, DICOM_XML, JSON, MediaType, parse_media_type
from reference_server.dicomweb.multipart import MultipartReader, MultipartWriter, boundary_of
from reference_server.dicomweb.reading import valid_uid
from reference_server.dicomweb.receipt import receipt, status_of
from reference_server.dicomweb.receiving import Receiver
from reference_server.errors import BadRequest, ContentTooLarge, UnsupportedMediaType
from reference_server.storage.records import Kept

STORABLE = (DICOM, DICOM_JSON, DICOM_XML, JSON, "*/*")


async def store_instances(request: Request) -> Response:
    """Store the instances of the payload; answer with the outcome of each."""
    archive = archive_of(request)
    storer = await archive.policy.storer(
        archive.database, archive.credentials(request), archive.clock(), repository_of(request)
    )
    choice = choose_metadata(acceptable(request), single=True)
    reader = MultipartReader(_body(request), boundary_of(_payload_type(request)))
    study = request.path_params.get("study")
    if study is not None and not valid_uid(study):
        raise BadRequest(f"the study {study[:80]!r} is not a UID")
    received = await Receiver(archive, str(request.url), study).receive(reader)
    if not received.kept and not received.failures:
        raise BadRequest("the payload holds no part")
    results = await enter(archive, storer, received)
    stored = sum(isinstance(each, Kept) for each in results)
    note_number(stored, len(results) - stored)
    base = archive.base_url(request)
    response = _answer(receipt(results, base, study), choice, status_of(results))
    studies = {each.study_uid for each in results if isinstance(each, Kept)}
    if len(studies) == 1:  # no header could name several (PS3.18 Table 10.5.3-2)
        response.headers["location"] = response.headers["content-location"] = (
            f"{base}/studies/{studies.pop()}"
        )
    return response


def _answer(dataset: bytes, choice: Choice, status: int) -> Response:
    """Return the response dataset in the form that was chosen before the payload was read."""
    if choice.media_type == DICOM_JSON:
        return json_response(dataset, choice.media_type, status=status)
    content, content_type = json_to_xml(orjson.loads(dataset)), choice.media_type
    if choice.multipart:
        writer = MultipartWriter()
        head = writer.head((("Content-Type", content_type),), len(content), first=True)
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
