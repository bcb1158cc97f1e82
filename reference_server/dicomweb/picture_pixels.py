"""GIF and PNG pictures become native pixel data, without loss (PS3.18 10.5.2).

Pictures of a palette become RGB; an alpha channel has no place in an image and is refused, as is what would
lose bits here: colour of more than 8 bits per sample.
"""

from io import BytesIO

import numpy as np
from PIL import Image

from reference_server.dicomweb.codestream import Codestream
from reference_server.dicomweb.reasons import MalformedError
from reference_server.dicomweb.transfer import EXPLICIT_VR_LITTLE_ENDIAN

MAX_PIXELS = 1 << 26
PNG_BIT_DEPTH_AT, PNG_COLOUR_TYPE_AT = 24, 25
GREY = 0
BYTE_BITS, WORD_BITS = 8, 16


def native_pixels(pictures: list[bytes]) -> tuple[bytes, Codestream]:
    """Return the pixels of pictures, one frame each, and their description; raises MalformedError."""
    frames = [_frame(picture) for picture in pictures]
    first = frames[0]
    if any(frame.shape != first.shape or frame.dtype != first.dtype for frame in frames):
        raise MalformedError("the frames of one pixel data have different sizes")
    samples = 1 if first.ndim == 2 else first.shape[2]  # noqa: PLR2004  rows and columns alone
    content = b"".join(frame.tobytes() for frame in frames)
    description = Codestream(
        transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN,
        rows=first.shape[0],
        columns=first.shape[1],
        samples=samples,
        bits_stored=first.dtype.itemsize * BYTE_BITS,
        signed=False,
        photometric_interpretation="MONOCHROME2" if samples == 1 else "RGB",
    )
    return content + b"\0" * (len(content) % 2), description


def _frame(picture: bytes) -> np.ndarray:
    """Return the pixels of one picture, little endian."""
    try:
        with Image.open(BytesIO(picture), formats=("PNG", "GIF")) as image:
            return _pixels(image, _png_bits(picture))
    except MalformedError:
        raise
    except Exception as error:
        # Pillow raises many types on bytes that are no picture; none of them may end the request.
        raise MalformedError(f"a picture cannot be read: {error}") from error


def _png_bits(picture: bytes) -> int:
    """Return the bits of a sample of a PNG; a GIF has indices of bytes."""
    if not picture.startswith(b"\x89PNG"):
        return BYTE_BITS
    bits = picture[PNG_BIT_DEPTH_AT]
    if bits == WORD_BITS and picture[PNG_COLOUR_TYPE_AT] != GREY:
        raise MalformedError("a PNG of colours with 16 bits is not read without loss here")
    return bits


def _pixels(image: Image.Image, bits: int) -> np.ndarray:
    if image.width * image.height > MAX_PIXELS:
        raise MalformedError(f"a picture may have {MAX_PIXELS} pixels")
    if getattr(image, "n_frames", 1) > 1:
        raise MalformedError("an animated picture is no frame")
    if bits == WORD_BITS:
        return np.asarray(image).astype("<u2")
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))
    if "A" in image.getbands() or "transparency" in image.info:
        raise MalformedError("a picture with transparency is no medical image")
    if image.mode not in ("P", "RGB"):
        raise MalformedError(f"a picture of mode {image.mode} is not read here")
    return np.asarray(image.convert("RGB"))
