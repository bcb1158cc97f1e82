"""Thumbnails: one small picture of a study, a series, an instance or a frame (PS3.18 10.4.1.1.4, 10.4.3.3.4).

A study or series is shown by the instance in the middle of what the caller may retrieve, or by the next one
that shows something. A thumbnail identifies nobody: it bears no annotations, and an image that says that text
is burned into it has none. Where nothing can be shown there is no such resource.
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from reference_server.dicomweb.accept_rendered import Shape, choose_rendered
from reference_server.dicomweb.archive import acceptable, archive_of
from reference_server.dicomweb.encoding import ImageFile
from reference_server.dicomweb.frames import parse_frame_list
from reference_server.dicomweb.media import MULTIPART
from reference_server.dicomweb.press import Press, image_source
from reference_server.dicomweb.viewport import Rendering, Viewport, thumbnail_viewport
from reference_server.dicomweb.wado import retrievable
from reference_server.errors import BadRequest, NotAcceptable, NotFound
from reference_server.storage.records import Located

SIDE = 128
DEFAULT = Viewport(SIDE, SIDE)


async def retrieve_thumbnail(request: Request) -> Response:
    """Answer one small picture of a study, a series, an instance or a frame."""
    archive = archive_of(request)
    access = archive.access(request)
    rendering = Rendering(thumbnail_viewport(request.query_params, DEFAULT))
    numbers = parse_frame_list(request.path_params["frames"]) if "frames" in request.path_params else ()
    if len(numbers) > 1:
        raise BadRequest("a thumbnail shows one frame")
    located = [row[0] for row in await retrievable(request, access)]
    ranges = tuple(each for each in acceptable(request) if each.essence != MULTIPART)
    press = Press.of(request, rendering, choose_rendered(ranges, Shape.STILL))
    validator = press.validator("thumbnail", located, numbers)
    if validator.holds(request):
        return validator.unchanged()
    middle = len(located) // 2
    for each in (*located[middle:], *located[:middle]):
        picture = await _picture(press, each, numbers)
        if picture is not None:
            headers = {"content-type": picture.media_type, **validator.headers}
            return Response(picture.content, headers=headers)
    raise NotFound("there is no thumbnail of this resource")


async def _picture(press: Press, located: Located, numbers: Sequence[int]) -> ImageFile | None:
    """Return the picture of an instance or of that frame of it, or None where it shows none."""
    try:
        source = await image_source(press.archive, located)
        if numbers and numbers[0] > source.frame_count:
            raise NotFound(f"this instance has {source.frame_count} frames")
        if source.text_burned_in:
            return None
        return await press.picture(source, numbers[0] if numbers else source.representative_frame)
    except NotAcceptable:
        return None
