"""WADO-URI: one instance named by a query, as a Part 10 file or as one picture (PS3.18 9).

Without a content type an image is a picture, a report is text, and anything else is a file. The file is
Explicit VR Little Endian where no transfer syntax is named.
"""

from starlette.requests import Request
from starlette.responses import Response

from reference_server.dicomweb.accept import ANYTHING, lies_within, parse_accept
from reference_server.dicomweb.accept_rendered import Shape, choose_rendered
from reference_server.dicomweb.archive import archive_of
from reference_server.dicomweb.instances import instance_part
from reference_server.dicomweb.media import DICOM, MULTIPART, MediaType
from reference_server.dicomweb.negotiation import choose_instances
from reference_server.dicomweb.press import Press, any_source, document_response
from reference_server.dicomweb.ranges import single_part
from reference_server.dicomweb.readable_documents import Document
from reference_server.dicomweb.rendered import shape_of, warned
from reference_server.dicomweb.rendering import ImageSource
from reference_server.dicomweb.validators import validator_of
from reference_server.dicomweb.wado import retrievable
from reference_server.dicomweb.wado_uri_query import WadoUri, parse_wado_uri
from reference_server.errors import BadRequest, NotAcceptable
from reference_server.storage.records import Located

OBJECT_TYPES = (DICOM, "application/*")


async def retrieve_by_query(request: Request) -> Response:
    """Answer one instance, as a file or as a picture."""
    archive = archive_of(request)
    access = archive.access(request)
    wanted = parse_wado_uri(request.query_params)
    located = (await retrievable(request, access, named=wanted.uids))[0][0]
    ranges = _ranges(request, wanted)
    if ranges[0].essence in OBJECT_TYPES:
        return await _object(request, located, wanted.transfer_syntax)
    try:
        source = await any_source(archive, located)
    except NotAcceptable:
        if any(each.essence in (*OBJECT_TYPES, ANYTHING) and each.quality for each in ranges):
            return await _object(request, located, wanted.transfer_syntax)
        raise
    if isinstance(source, Document):
        return await document_response(archive, located, source, request, ranges)
    return await _picture(request, located, source, wanted, ranges)


def _ranges(request: Request, wanted: WadoUri) -> tuple[MediaType, ...]:
    """Return what the caller accepts, best first: its content types as far as Accept allows them."""
    header = ", ".join(request.headers.getlist("accept")) or None
    within = parse_accept(header)
    ranges = tuple(each for each in wanted.content_types or within if lies_within(each, within))
    alone = tuple(each for each in ranges if each.essence != MULTIPART)
    if not alone:
        raise NotAcceptable("the content type is not within the Accept header, or in several parts")
    return alone


async def _object(request: Request, located: Located, transfer_syntax: str | None) -> Response:
    """Answer the instance as a Part 10 file."""
    archive = archive_of(request)
    named = () if transfer_syntax is None else (("transfer-syntax", transfer_syntax),)
    choice = choose_instances((MediaType(DICOM, named),), single=True)
    validator = validator_of(archive, [located], ("instances", repr(choice)), strong=False)
    if validator.holds(request):
        return validator.unchanged()
    part = await instance_part(archive, located, archive.base_url(request), choice, {})
    return await single_part(request, part.content, DICOM, validator)


async def _picture(
    request: Request,
    located: Located,
    source: ImageSource,
    wanted: WadoUri,
    ranges: tuple[MediaType, ...],
) -> Response:
    """Answer the instance, or a frame of it, as one picture."""
    frame = wanted.frame_number
    if frame is not None and (source.frame_count == 1 or frame > source.frame_count):
        raise BadRequest(f"frameNumber: this instance has {source.frame_count} frames")
    shape = Shape.STILL if frame else shape_of(source)
    # One part is all that there is: of what is too long for an animation, one frame stands for all.
    choice = choose_rendered(ranges, Shape.STILL if shape is Shape.LONG else shape)
    press = Press.of(request, wanted.rendering, choice)
    validator = press.validator("wado", [located], () if frame is None else (frame,))
    if validator.holds(request):
        return validator.unchanged()
    picture = await (press.picture(source, frame) if frame else press.alone(source))
    headers = {"content-type": picture.media_type, **validator.headers}
    return warned(Response(picture.content, headers=headers), wanted.rendering)
