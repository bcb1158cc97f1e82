"""One frame of a DICOM file as a picture of eight bits per channel, in its own size (PS3.18 8.7.4).

Codecs and the conversion of YBR and of planes are pydicom's; monochrome values go through `grayscale`,
palettes through pydicom's lookup. What is no picture, or cannot be decoded here, is NotAcceptable: the object
is intact and can be retrieved, only this representation is not to be had. Overlays and supplemental palettes
are not shown.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.pixels.processing import apply_color_lut

from reference_server.dicomweb.decoding import codecs_at_work, decode_frame
from reference_server.dicomweb.grayscale import Window, shade, value_range
from reference_server.errors import NotAcceptable

PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
MAX_PIXELS = 1 << 26  # of one frame; what is larger is not decoded for a picture
MAX_MOVING_PIXELS = 1 << 25  # of all frames of an animation, which takes seconds
MAX_MOVING_FRAMES = 4096
CHANNELS = 3
BITS = 8

Samples = NDArray[np.uint8]  # (rows, columns) of greys or (rows, columns, 3) of red, green and blue


CANNOT_RENDER = "the pixel data of this instance cannot be rendered here"


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A DICOM file that has pixel data, and what is asked of it before any picture is made."""

    dataset: Dataset
    frame_count: int
    representative_frame: int  # the frame that stands for all (PS3.3 C.7.6.6)
    text_burned_in: bool

    @classmethod
    @codecs_at_work(CANNOT_RENDER)
    def of(cls, content: bytes) -> "ImageSource":
        """Read a file as the archive holds it; one without pixel data raises NotAcceptable."""
        return cls.of_dataset(dcmread(BytesIO(content), force=True))

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> "ImageSource":
        """Take a dataset that was read; one without pixel data raises NotAcceptable."""
        if not any(keyword in dataset for keyword in PIXEL_KEYWORDS):
            raise NotAcceptable("this instance has no pixel data, and is not rendered")
        if dataset.Rows * dataset.Columns > MAX_PIXELS:
            raise NotAcceptable(f"frames of more than {MAX_PIXELS} pixels are not rendered")
        count = max(1, int(dataset.get("NumberOfFrames") or 1))
        named = int(dataset.get("RepresentativeFrameNumber") or 1)
        burned_in = dataset.get("BurnedInAnnotation") == "YES"
        return cls(dataset, count, named if 1 <= named <= count else 1, burned_in)

    @property
    def can_move(self) -> bool:
        """Tell whether the frames are several, and few enough for one animation."""
        pixels: int = self.dataset.Rows * self.dataset.Columns * self.frame_count
        return 1 < self.frame_count <= MAX_MOVING_FRAMES and pixels <= MAX_MOVING_PIXELS

    def samples(self, frame_number: int, window: Window | None = None) -> Samples:
        """Return a frame as it is shown; `window` goes before what the image says, and not for colours."""
        frame, interpretation = self._decoded(frame_number)
        if interpretation.startswith("MONOCHROME"):
            return shade(frame, self.dataset, frame_number, window)
        if interpretation == "PALETTE COLOR":
            colors = apply_color_lut(frame, self.dataset)[..., :CHANNELS]
            # Some writers declare sixteen bits and fill eight of them.
            return _eight_bits(colors, 2 * BITS if colors.max() >= 1 << BITS else BITS)
        if interpretation == "RGB" and frame.shape[2:] == (CHANNELS,):
            return _eight_bits(frame, int(self.dataset.BitsStored))
        raise NotAcceptable(f"{interpretation} is not rendered")

    def range_of(self, frame_number: int) -> tuple[float, float] | None:
        """Return the least and greatest value that a frame shows where the image leaves its window open."""
        frame, interpretation = self._decoded(frame_number)
        if not interpretation.startswith("MONOCHROME"):
            return None
        return value_range(frame, self.dataset, frame_number)

    def _decoded(self, frame_number: int) -> tuple[NDArray[Any], str]:
        frame, described = decode_frame(self.dataset, frame_number, raw=False)
        return frame, str(described["photometric_interpretation"])


def _eight_bits(colors: NDArray[Any], bits: int) -> Samples:
    if bits > BITS:
        colors = colors >> (bits - BITS)
    return np.ascontiguousarray(colors.astype(np.uint8))
