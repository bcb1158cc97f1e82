"""A rendered image as a viewer sees it: its format, its size, and its samples as an array."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from scenarios.conformance.findings import Violation
from scenarios.conformance.message import Response

BASELINE = 0xC0  # the marker SOF0
PNG_DEPTH_AT = 24  # the bit depth in the IHDR chunk of PNG


@dataclass(frozen=True, slots=True)
class Picture:
    """The first frame of an image, decoded to RGB of shape (rows, columns, 3)."""

    format: str  # JPEG, PNG, GIF
    data: bytes
    samples: NDArray[np.uint8]

    @classmethod
    def of(cls, response: Response) -> "Picture":
        """Decode the body of a 200; another status or a body that is no image is a violation."""
        if response.status != 200:  # noqa: PLR2004 - OK
            raise Violation("200 with an image", str(response))
        try:
            image = Image.open(io.BytesIO(response.body))
            samples = np.asarray(image.convert("RGB"))
        except UnidentifiedImageError as error:
            raise Violation("an image", str(response)) from error
        except OSError as error:
            raise Violation("an image", f"{response}: {error}") from error
        return cls(image.format or "", response.body, samples)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self.samples.shape[1], self.samples.shape[0]

    @property
    def greys(self) -> list[int]:
        """The grey values of the middle row."""
        row = self.samples[self.samples.shape[0] // 2]
        return [round(float(value)) for value in row.mean(axis=1)]

    def color(self, column: int, row: int) -> tuple[int, ...]:
        """Return red, green and blue of one pixel."""
        return tuple(int(sample) for sample in self.samples[row, column])

    @property
    def bits_per_sample(self) -> int:
        """The bit depth that a PNG declares; 8 for other formats."""
        return self.data[PNG_DEPTH_AT] if self.format == "PNG" else 8

    @property
    def is_baseline_jpeg(self) -> bool:
        """Tell whether the frame header of a JPEG is SOF0 with samples of eight bits."""
        at = 2
        while at + 5 < len(self.data) and self.data[at] == 0xFF:  # noqa: PLR2004 - a marker begins
            marker, length = self.data[at + 1], int.from_bytes(self.data[at + 2 : at + 4])
            if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:  # noqa: PLR2004 - SOF markers
                return marker == BASELINE and self.data[at + 4] == 8  # noqa: PLR2004 - bits
            at += 2 + length
        return False
