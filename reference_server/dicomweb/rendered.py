"""WADO-RS rendered resources: study, series, instance and frames as pictures (PS3.18 10.4.1.1.3).

A study or series is one part for each frame of each instance that shows something here; what shows nothing is
left out, and where nothing is left the answer is 406. What the caller may not retrieve is not rendered.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from reference_server.dicomweb.accept_rendered import GIF, Shape, choose_rendered
from reference_server.dicomweb.archive import Archive, acceptable, archive_of
from reference_server.dicomweb.encoding import EMBEDS_PROFILE, ImageFile, animation, still
from reference_server.dicomweb.frames import parse_frame_list
from reference_server.dicomweb.rendered_parts import PicturePart, PicturesResponse
from reference_server.dicomweb.rendering import ImageSource
from reference_server.dicomweb.viewport import Profile, Rendering, rendering_of
from reference_server.dicomweb.wado import read_blob, retrievable
from reference_server.errors import BadRequest, NotAcceptable, NotFound
from reference_server.storage.records import Located

Result = TypeVar("Result")
ANIMATION = 0  # stands in a list of frame numbers for all frames in one GIF


async def retrieve_rendered(request: Request) -> Response:
    """Answer a study, a series, an instance or a list of frames as pictures."""
    archive = archive_of(request)
    access = archive.access(request)
    rendering = rendering_of(request.query_params)
    numbers = parse_frame_list(request.path_params["frames"]) if "frames" in request.path_params else ()
    located = [row[0] for row in await retrievable(request, access)]
    if "instance" in request.path_params:
        response = await _instance(request, located[0], numbers, rendering)
    else:
        choice = choose_rendered(acceptable(request), Shape.STILLS)
        check_profile(rendering, choice.media_type)
        press = _Press(archive, archive.base_url(request), rendering, choice.media_type)
        response = await _in_parts(press.instances(located))
    for warning in rendering.warnings:
        response.headers.append("warning", f'299 dicomweb-phantom "{warning}"')
    return response


async def in_worker(archive: Archive, work: Callable[[], Result]) -> Result:
    """Return what a function gives that takes too long for the loop."""
    return await asyncio.get_running_loop().run_in_executor(archive.workers, work)


async def image_source(archive: Archive, located: Located) -> ImageSource:
    """Return a stored instance as a source of pictures; raises NotAcceptable where it shows none."""
    content = await read_blob(archive, located)
    return await in_worker(archive, partial(ImageSource.of, content))


def check_profile(rendering: Rendering, media_type: str) -> None:
    """Refuse a colour profile for a media type that embeds none (PS3.18 8.3.5.1.5)."""
    if rendering.profile is not Profile.NO and media_type not in EMBEDS_PROFILE:
        raise BadRequest(f"iccprofile: {media_type} embeds no profile here")


async def _instance(
    request: Request, located: Located, numbers: Sequence[int], rendering: Rendering
) -> Response:
    """Answer an instance, or those frames of it."""
    archive = archive_of(request)
    source = await image_source(archive, located)
    if numbers and max(numbers) > source.frame_count:
        raise NotFound(f"this instance has {source.frame_count} frames")
    choice = choose_rendered(acceptable(request), _shape(source, numbers))
    check_profile(rendering, choice.media_type)
    press = _Press(archive, archive.base_url(request), rendering, choice.media_type)
    if choice.multipart:
        return await _in_parts(press.pictures(located, source, numbers or press.pictures_of(source)))
    number = numbers[0] if numbers else press.pictures_of(source)[0]
    if not numbers and number != ANIMATION:
        number = source.representative_frame
    picture = await press.picture(source, number)
    return Response(picture.content, headers={"content-type": picture.media_type})


def _shape(source: ImageSource, numbers: Sequence[int]) -> Shape:
    if len(numbers) > 1:
        return Shape.STILLS
    if numbers or source.frame_count == 1:
        return Shape.STILL
    return Shape.MOVING if source.can_move else Shape.LONG


async def _in_parts(parts: AsyncIterator[PicturePart]) -> Response:
    """Answer several pictures, the first of which is made before the answer begins."""
    first = await anext(parts, None)
    if first is None:
        raise NotAcceptable("nothing in this resource can be rendered here")
    return PicturesResponse(first, parts)


@dataclass(frozen=True, slots=True)
class _Press:
    """Makes the pictures of one request in the worker threads of the archive."""

    archive: Archive
    base_url: str
    rendering: Rendering
    media_type: str

    def pictures_of(self, source: ImageSource) -> Sequence[int]:
        """Return the frames of an instance that are a picture each, or that all are one animation."""
        if source.can_move and self.media_type == GIF:
            return (ANIMATION,)
        return range(1, source.frame_count + 1)

    async def picture(self, source: ImageSource, number: int) -> ImageFile:
        """Return the picture of one frame, or the animation."""
        if number == ANIMATION:
            return await in_worker(self.archive, partial(animation, source, self.rendering))
        return await in_worker(self.archive, partial(still, source, number, self.rendering, self.media_type))

    async def pictures(
        self, located: Located, source: ImageSource, numbers: Sequence[int]
    ) -> AsyncIterator[PicturePart]:
        """Yield a part for each of those pictures of an instance."""
        path = (
            f"{self.base_url}/studies/{located.study_uid}/series/{located.series_uid}"
            f"/instances/{located.sop_instance_uid}"
        )
        for number in numbers:
            frame = "" if number == ANIMATION else f"/frames/{number}"
            yield PicturePart(await self.picture(source, number), f"{path}{frame}/rendered")

    async def instances(self, located: Sequence[Located]) -> AsyncIterator[PicturePart]:
        """Yield the pictures of instances; what cannot be, or lies outside the region, is left out."""
        for each in located:
            try:
                source = await image_source(self.archive, each)
                async for part in self.pictures(each, source, self.pictures_of(source)):
                    yield part
            except (NotAcceptable, BadRequest):
                continue
