"""Samples become an image file: cut, scaled, annotated and encoded by Pillow (PS3.18 8.3.5, 8.7.4)."""

import math
import os
from dataclasses import dataclass
from functools import cache
from io import BytesIO

from PIL import Image, ImageCms
from pydicom import Dataset

from reference_server.dicomweb.accept_rendered import GIF, JPEG, PNG
from reference_server.dicomweb.annotation import annotate
from reference_server.dicomweb.decoding import codecs_at_work
from reference_server.dicomweb.grayscale import Window
from reference_server.dicomweb.plain_grey import Source
from reference_server.dicomweb.rendering import CANNOT_RENDER, ImageSource, Samples
from reference_server.dicomweb.viewport import Profile, Rendering, Viewport

EMBEDS_PROFILE = (JPEG, PNG)
MILLISECONDS = 100  # of a frame of an animation whose image names no time
_LOSSLESS = 100


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An encoded picture."""

    content: bytes
    media_type: str


@codecs_at_work(CANNOT_RENDER)
def still(source: Source, frame_number: int, rendering: Rendering, media_type: str) -> ImageFile:
    """Return the picture of one frame in a media type."""
    image = _arranged(source.samples(frame_number, rendering.window), source, rendering)
    if rendering.profile is not Profile.NO:
        image = _with_profile(image, source.dataset, rendering.profile)
    return ImageFile(_encoded(image, media_type, rendering.quality), media_type)


@codecs_at_work(CANNOT_RENDER)
def animation(source: ImageSource, rendering: Rendering) -> ImageFile:
    """Return a GIF that shows all frames one after the other, in the time and the window that they share."""
    numbers = range(1, source.frame_count + 1)
    window = rendering.window or _common_window(source)
    frames = (_arranged(source.samples(each, window), source, rendering) for each in numbers)
    first, *others = [_palette(frame) for frame in frames]
    buffer = BytesIO()
    duration = milliseconds_per_frame(source.dataset)
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=duration, loop=0)
    return ImageFile(buffer.getvalue(), GIF)


def _common_window(source: ImageSource) -> Window | None:
    """Return the window over all frames, where the image leaves it open: brightness is then comparable."""
    ranges = [source.range_of(each) for each in range(1, source.frame_count + 1)]
    ends = [end for both in ranges if both is not None for end in both]
    return Window.over(min(ends), max(ends)) if len(ends) == 2 * len(ranges) else None


def _encoded(image: Image.Image, media_type: str, quality: int) -> bytes:
    profile = image.info.get("icc_profile")
    if media_type == JPEG:
        return _jpeg(image, quality, profile)
    buffer = BytesIO()
    if media_type == PNG:
        image.save(buffer, "PNG", icc_profile=profile, compress_level=3)
    elif media_type == GIF:
        _palette(image).save(buffer, "GIF")
    else:
        _save_jpeg_2000(image, buffer, quality)
    return buffer.getvalue()


def _jpeg(image: Image.Image, quality: int, profile: bytes | None) -> bytes:
    """Return a JPEG by way of a file in memory.

    Pillow lets other threads run while it encodes into a file that has a descriptor, and into no other.
    """
    with os.fdopen(os.memfd_create("picture"), "w+b", buffering=0) as file:
        image.save(file, "JPEG", quality=quality, icc_profile=profile)
        size_bytes = file.tell()
        return os.pread(file.fileno(), size_bytes, 0)


def milliseconds_per_frame(dataset: Dataset) -> int:
    """Return how long a frame is shown (PS3.3 C.7.6.5)."""
    rate = dataset.get("RecommendedDisplayFrameRate") or dataset.get("CineRate")
    time = 1000 / float(rate) if rate else float(dataset.get("FrameTime") or 0)
    return round(time) if 1 <= time <= 60_000 else MILLISECONDS  # noqa: PLR2004  a minute


def _arranged(samples: Samples, source: Source, rendering: Rendering) -> Image.Image:
    image = fit(Image.fromarray(samples), rendering.viewport)
    return annotate(image, source.dataset, rendering.annotations) if rendering.annotations else image


def fit(image: Image.Image, viewport: Viewport) -> Image.Image:
    """Return the region of a viewport, scaled to fit it and flipped (PS3.18 8.3.5.1.3)."""
    box = viewport.region.box(image.width, image.height)
    size = viewport.size(box[2] - box[0], box[3] - box[1])
    if (size, box) != (image.size, (0, 0, *image.size)):
        image = image.resize(size, Image.Resampling.BILINEAR, box=box)
    if viewport.region.flip_columns:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if viewport.region.flip_rows:
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return image


def _palette(image: Image.Image) -> Image.Image:
    """Return the image in 256 colours; greys are 256 already."""
    if image.mode == "L":
        return image
    return image.quantize(method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def _save_jpeg_2000(image: Image.Image, buffer: BytesIO, quality: int) -> None:
    # A wavelet level halves the sides; OpenJPEG refuses more levels than the shorter side has halves.
    levels = min(6, 1 + int(math.log2(min(image.size))))
    if quality == _LOSSLESS:
        image.save(buffer, "JPEG2000", num_resolutions=levels)
        return
    layers = [
        20 + quality * 0.3
    ]  # peak signal to noise in dB: 50 at the best, where nobody sees a difference
    image.save(
        buffer,
        "JPEG2000",
        num_resolutions=levels,
        irreversible=True,
        quality_mode="dB",
        quality_layers=layers,
    )


@cache
def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _with_profile(image: Image.Image, dataset: Dataset, profile: Profile) -> Image.Image:
    """Return the image with its own profile or sRGB embedded, its colours converted for the latter.

    An image that names no profile is taken for sRGB.
    """
    image = image.convert("RGB")
    own = _own_profile(dataset)
    if own is None or profile is Profile.YES:
        image.info["icc_profile"] = own or _srgb()
        return image
    converted = ImageCms.profileToProfile(
        image, ImageCms.ImageCmsProfile(BytesIO(own)), ImageCms.ImageCmsProfile(BytesIO(_srgb()))
    )
    assert converted is not None  # without inPlace an image is returned
    converted.info["icc_profile"] = _srgb()
    return converted


def _own_profile(dataset: Dataset) -> bytes | None:
    """Return the colour profile of an image or of its first optical path (PS3.3 C.11.15)."""
    for holder in (dataset, *(dataset.get("OpticalPathSequence") or [])[:1]):
        content = holder.get("ICCProfile")
        if isinstance(content, bytes) and content:
            return content
    return None
