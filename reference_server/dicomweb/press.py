"""Pictures of stored instances, made in the worker threads of the archive for one request."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from reference_server.dicomweb.accept_rendered import GIF, RenderedChoice
from reference_server.dicomweb.archive import Archive, archive_of
from reference_server.dicomweb.encoding import EMBEDS_PROFILE, ImageFile, animation, still
from reference_server.dicomweb.media import MediaType
from reference_server.dicomweb.plain_grey import PlainGrey, Source, plain_grey
from reference_server.dicomweb.readable_documents import IN_UTF_8, Document, source_of
from reference_server.dicomweb.rendered_parts import PicturePart
from reference_server.dicomweb.rendering import ImageSource
from reference_server.dicomweb.validators import Validator, validator_of
from reference_server.dicomweb.viewport import Profile, Rendering
from reference_server.dicomweb.wado import instance_url, read_blob
from reference_server.errors import BadRequest, NotAcceptable
from reference_server.storage.records import Located

Result = TypeVar("Result")
ANIMATION = 0  # stands in a list of frame numbers for all frames in one GIF


async def in_worker(archive: Archive, work: Callable[[], Result]) -> Result:
    """Return what a function gives that takes too long for the loop."""
    return await asyncio.get_running_loop().run_in_executor(archive.workers, work)


def plain_source(
    archive: Archive, located: Located, metadata: bytes | None, rendering: Rendering
) -> PlainGrey | None:
    """Return a stored instance as plain greys, of which pixels alone are read, or None where it is none."""
    file = archive.blobs.extent(located.blob, 0, located.size_bytes)
    return plain_grey(file, located.frames, metadata, rendering.window)


async def image_source(archive: Archive, located: Located) -> ImageSource:
    """Return a stored instance as a source of pictures; raises NotAcceptable where it shows none."""
    content = await read_blob(archive, located)
    return await in_worker(archive, partial(ImageSource.of, content))


async def any_source(archive: Archive, located: Located) -> ImageSource | Document:
    """Return a stored instance as something to see or to read; raises NotAcceptable where it is neither."""
    content = await read_blob(archive, located)
    return await in_worker(archive, partial(source_of, content))


async def document_response(
    archive: Archive, located: Located, document: Document, request: Request, ranges: tuple[MediaType, ...]
) -> Response:
    """Answer an instance that is read."""
    media_type = document.choose(ranges)
    validator = validator_of(archive, [located], ("document", media_type), strong=False)
    if validator.holds(request):
        return validator.unchanged()
    content = await in_worker(archive, partial(document.written, media_type))
    charset = IN_UTF_8 if media_type.startswith("text/") else ""
    return Response(content, headers={"content-type": f"{media_type}{charset}", **validator.headers})


@dataclass(frozen=True, slots=True)
class Press:
    """Makes pictures as one request wants them."""

    archive: Archive
    base_url: str
    rendering: Rendering
    choice: RenderedChoice

    @classmethod
    def of(cls, request: Request, rendering: Rendering, choice: RenderedChoice) -> "Press":
        """Refuse a colour profile for a media type that embeds none (PS3.18 8.3.5.1.5)."""
        if rendering.profile is not Profile.NO and choice.media_type not in EMBEDS_PROFILE:
            raise BadRequest(f"iccprofile: {choice.media_type} embeds no profile here")
        archive = archive_of(request)
        return cls(archive, archive.base_url(request), rendering, choice)

    def validator(self, kind: str, located: Sequence[Located], numbers: Sequence[int] = ()) -> Validator:
        """Return the validator of pictures; weak, for codecs come in versions."""
        wishes = (kind, self.base_url, repr(self.rendering), repr(self.choice), repr(numbers))
        return validator_of(self.archive, located, wishes, strong=False)

    def pictures_of(self, source: Source) -> Sequence[int]:
        """Return the frames of an instance that are a picture each, or that all are one animation."""
        if source.can_move and self.choice.media_type == GIF:
            return (ANIMATION,)
        return range(1, source.frame_count + 1)

    async def alone(self, source: Source) -> ImageFile:
        """Return the one picture of an instance: its animation, or the frame that stands for all."""
        animated = self.pictures_of(source)[0] == ANIMATION
        return await self.picture(source, ANIMATION if animated else source.representative_frame)

    async def picture(self, source: Source, number: int) -> ImageFile:
        """Return the picture of one frame, or the animation."""
        if number == ANIMATION and isinstance(source, ImageSource):
            return await in_worker(self.archive, partial(animation, source, self.rendering))
        make = partial(still, source, number, self.rendering, self.choice.media_type)
        return await in_worker(self.archive, make)

    async def pictures(
        self, located: Located, source: Source, numbers: Sequence[int]
    ) -> AsyncIterator[PicturePart]:
        """Yield a part for each of those pictures of an instance."""
        url = instance_url(self.base_url, located)
        for number in numbers:
            frame = "" if number == ANIMATION else f"/frames/{number}"
            yield PicturePart(await self.picture(source, number), f"{url}{frame}/rendered")

    async def instances(self, located: Sequence[Located]) -> AsyncIterator[PicturePart]:
        """Yield the pictures of instances; what cannot be, or lies outside the region, is left out."""
        for each in located:
            try:
                source = await image_source(self.archive, each)
                async for part in self.pictures(each, source, self.pictures_of(source)):
                    yield part
            except (NotAcceptable, BadRequest):
                continue
