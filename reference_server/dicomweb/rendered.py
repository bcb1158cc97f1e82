"""WADO-RS rendered resources: study, series, instance and frames as pictures (PS3.18 10.4.1.1.3).

A study or series is one part for each frame of each instance that shows something here; what shows nothing is
left out, and where nothing is left the answer is 406. A report, which is read rather than seen, is text.
What the caller may not retrieve is not rendered.
"""

from collections.abc import AsyncIterator, Sequence

from starlette.requests import Request
from starlette.responses import Response

from reference_server.dicomweb.accept_rendered import Shape, choose_rendered
from reference_server.dicomweb.archive import acceptable, archive_of
from reference_server.dicomweb.frames import parse_frame_list
from reference_server.dicomweb.plain_grey import Source
from reference_server.dicomweb.press import Press, any_source, document_response, image_source, plain_source
from reference_server.dicomweb.readable_documents import Document
from reference_server.dicomweb.rendered_parts import PicturePart, PicturesResponse
from reference_server.dicomweb.validators import Validator
from reference_server.dicomweb.viewport import Rendering, rendering_of
from reference_server.dicomweb.wado import retrievable
from reference_server.errors import NotAcceptable, NotFound
from reference_server.storage.records import Located


async def retrieve_rendered(request: Request) -> Response:
    """Answer a study, a series, an instance or a list of frames as pictures."""
    archive = archive_of(request)
    access = archive.access(request)
    rendering = rendering_of(request.query_params)
    numbers = parse_frame_list(request.path_params["frames"]) if "frames" in request.path_params else ()
    single = "instance" in request.path_params
    rows = await retrievable(request, access, with_metadata=single)
    if single:
        response = await _instance(request, rows[0], numbers, rendering)
    else:
        response = await _instances(request, [located for located, _ in rows], rendering)
    return warned(response, rendering)


def warned(response: Response, rendering: Rendering) -> Response:
    """Return the response with a Warning for each part of a wish that is ignored."""
    for warning in rendering.warnings:
        response.headers.append("warning", f'299 dicomweb-phantom "{warning}"')
    return response


async def _instances(request: Request, located: Sequence[Located], rendering: Rendering) -> Response:
    """Answer a study or a series."""
    press = Press.of(request, rendering, choose_rendered(acceptable(request), Shape.STILLS))
    validator = press.validator("rendered", located)
    if validator.holds(request):
        return validator.unchanged()
    return await _in_parts(press.instances(located), validator)


async def _instance(
    request: Request, row: tuple[Located, bytes | None], numbers: Sequence[int], rendering: Rendering
) -> Response:
    """Answer an instance, or those frames of it."""
    archive = archive_of(request)
    located, metadata = row
    source: Source | Document | None = plain_source(archive, located, metadata, rendering)
    if source is None:
        source = await (image_source(archive, located) if numbers else any_source(archive, located))
    if isinstance(source, Document):
        return await document_response(archive, located, source, request, acceptable(request))
    if numbers and max(numbers) > source.frame_count:
        raise NotFound(f"this instance has {source.frame_count} frames")
    press = Press.of(request, rendering, choose_rendered(acceptable(request), _shape(source, numbers)))
    validator = press.validator("rendered", [located], numbers)
    if validator.holds(request):
        return validator.unchanged()
    if press.choice.multipart:
        pictures = press.pictures(located, source, numbers or press.pictures_of(source))
        return await _in_parts(pictures, validator)
    picture = await (press.picture(source, numbers[0]) if numbers else press.alone(source))
    return Response(picture.content, headers={"content-type": picture.media_type, **validator.headers})


def _shape(source: Source, numbers: Sequence[int]) -> Shape:
    return Shape.STILLS if len(numbers) > 1 else Shape.STILL if numbers else shape_of(source)


def shape_of(source: Source) -> Shape:
    """Return the shape of a whole instance."""
    if source.frame_count == 1:
        return Shape.STILL
    return Shape.MOVING if source.can_move else Shape.LONG


async def _in_parts(parts: AsyncIterator[PicturePart], validator: Validator) -> Response:
    """Answer several pictures, the first of which is made before the answer begins."""
    first = await anext(parts, None)
    if first is None:
        raise NotAcceptable("nothing in this resource can be rendered here")
    return PicturesResponse(first, parts, validator.headers)
