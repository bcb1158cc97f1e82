"""How pictures are sent, as the caller accepts it (PS3.18 8.7.4, 10.4.4).

One picture is one part unless the caller asks for parts; several pictures are always parts. A multi-frame
image is an animated GIF by default. A still type that is named for it brings the frame that stands for all:
the table of types is silent about it, and viewers ask for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from reference_server.dicomweb.accept import ANYTHING
from reference_server.dicomweb.media import MULTIPART, MediaType
from reference_server.errors import NotAcceptable

JPEG = "image/jpeg"
PNG = "image/png"
GIF = "image/gif"
JP2 = "image/jp2"
IMAGE_TYPES = (JPEG, PNG, GIF, JP2)  # the default first
ANY_IMAGE = "image/*"


class Shape(Enum):
    """What a rendered resource consists of."""

    STILL = auto()  # one picture
    MOVING = auto()  # the frames of one instance, which can be animated
    LONG = auto()  # the frames of one instance, too many for an animation
    STILLS = auto()  # several pictures


# The types in which a shape is one part, the default first.
ALONE: dict[Shape, tuple[str, ...]] = {
    Shape.STILL: IMAGE_TYPES,
    Shape.MOVING: (GIF, JPEG, PNG, JP2),
    Shape.LONG: (JPEG, PNG, JP2),
    Shape.STILLS: (),
}


@dataclass(frozen=True, slots=True)
class RenderedChoice:
    """The chosen representation: an image type, in one part or several."""

    media_type: str
    multipart: bool


def choose_rendered(acceptable: tuple[MediaType, ...], shape: Shape) -> RenderedChoice:
    """Return how a rendered resource is sent; raises NotAcceptable."""
    refused = {each.parameter("type") or each.essence for each in acceptable if each.quality == 0}
    for each in acceptable:
        if each.quality > 0:
            for choice in _choices(each, shape):
                if choice.media_type not in refused:
                    return choice
    offer = [*ALONE[shape], *(f'multipart/related; type="{each}"' for each in IMAGE_TYPES)]
    raise NotAcceptable(f"this resource is rendered as {', '.join(offer)}")


def _choices(wanted: MediaType, shape: Shape) -> Iterator[RenderedChoice]:
    """Yield what meets one range, the default first."""
    if wanted.essence in (MULTIPART, "multipart/*"):
        part_type = (wanted.parameter("type") or ANYTHING).lower()
        in_parts = _types(part_type, IMAGE_TYPES)
        alone: tuple[str, ...] = ()
    else:
        # Whoever accepts anything gets all of what is too much for one part.
        several = shape in (Shape.LONG, Shape.STILLS) and wanted.essence == ANYTHING
        in_parts = IMAGE_TYPES if several else ()
        alone = _types(wanted.essence, ALONE[shape])
    yield from (RenderedChoice(each, multipart=True) for each in in_parts)
    yield from (RenderedChoice(each, multipart=False) for each in alone)


def _types(essence: str, order: tuple[str, ...]) -> tuple[str, ...]:
    if essence in (ANYTHING, ANY_IMAGE):
        return order
    return (essence,) if essence in order else ()
