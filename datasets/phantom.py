"""The phantom is what all images show: ellipses of different tissue, noise, and a bar code of the instance.

Pixels are whole numbers from start to end, so they are the same on every processor. The ellipses of a
modality are painted once per matrix and level of the body; an instance costs one addition of a noise
table, read from an offset that its UID chooses. The bar code in the lowest rows holds 64 bits of the
UID's digest, so no two images are equal.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint16]

LEVELS = 16  # different cross-sections of the body
UNIT = 1000  # coordinates and half axes are in thousandths of the matrix
OFFSETS = 1 << 16
_NOISE_VALUES = OFFSETS + (1 << 19)
_BAR_BITS = 64


@dataclass(frozen=True, slots=True)
class Ellipse:
    """An ellipse around (x, y) with half axes a, b and a value; it may shrink towards the outer levels."""

    x: int
    y: int
    a: int
    b: int
    value: int
    tapers: bool = True


@dataclass(frozen=True, slots=True)
class Phantom:
    """What one modality sees: ellipses over a background, a gradient, and noise of so many bits."""

    background: int
    ellipses: tuple[Ellipse, ...]
    noise_bits: int
    white: int
    gradient: int = 0  # added from top to bottom
    fan: bool = False  # only the sector below the transducer is seen


PHANTOMS = {
    "CT": Phantom(
        background=24,
        ellipses=(
            Ellipse(500, 500, 420, 310, 1064),
            Ellipse(330, 470, 140, 210, 200),
            Ellipse(670, 470, 140, 210, 200),
            Ellipse(540, 520, 90, 100, 1104),
            Ellipse(500, 710, 60, 60, 1724, tapers=False),
            Ellipse(500, 710, 25, 25, 1044, tapers=False),
        ),
        noise_bits=6,
        white=2400,
    ),
    "MR": Phantom(
        background=8,
        ellipses=(
            Ellipse(500, 500, 330, 430, 900),
            Ellipse(500, 500, 290, 390, 300),
            Ellipse(500, 500, 270, 370, 620),
            Ellipse(440, 480, 50, 130, 160),
            Ellipse(560, 480, 50, 130, 160),
            Ellipse(620, 330, 40, 30, 1100),
        ),
        noise_bits=6,
        white=1500,
        gradient=120,
    ),
    "PT": Phantom(
        background=2,
        ellipses=(
            Ellipse(500, 500, 400, 290, 900),
            Ellipse(540, 470, 90, 80, 4200),
            Ellipse(350, 560, 30, 30, 9000),
        ),
        noise_bits=9,
        white=12000,
    ),
    "CR": Phantom(
        background=300,
        ellipses=(
            Ellipse(500, 560, 440, 500, 2500),
            Ellipse(320, 480, 150, 300, 1100),
            Ellipse(680, 480, 150, 300, 1100),
            Ellipse(570, 600, 140, 160, 2900),
            Ellipse(500, 500, 40, 500, 3200),
        ),
        noise_bits=7,
        white=4000,
        gradient=500,
    ),
    "US": Phantom(
        background=60,
        ellipses=(
            Ellipse(520, 560, 200, 160, 130),
            Ellipse(480, 540, 90, 70, 10),
            Ellipse(600, 700, 40, 30, 190),
        ),
        noise_bits=6,
        white=250,
        fan=True,
    ),
}


def image(modality: str, rows: int, columns: int, uid: str, level: int) -> Image:
    """Return one image, rows by columns, as little-endian 16-bit values; 8-bit modalities stay below 256."""
    phantom = PHANTOMS[modality]
    digest = hashlib.sha256(uid.encode()).digest()
    offset = int.from_bytes(digest[:8]) % OFFSETS
    noise = _noise(phantom.noise_bits, rows * columns)[offset : offset + rows * columns]
    made: Image = _painted(modality, rows, columns, level % LEVELS) + noise.reshape(rows, columns)
    made[-4:, :_BAR_BITS] = _bars(digest) * np.uint16(phantom.white)
    return made


def _bars(digest: bytes) -> Image:
    return np.unpackbits(np.frombuffer(digest[8:16], dtype=np.uint8)).astype("<u2")


@lru_cache(maxsize=16)
def _noise(bits: int, pixels: int) -> Image:
    """Return a table of noise in [0, 2**bits), densest in the middle, long enough for any offset."""
    values = np.frombuffer(hashlib.shake_256(b"noise").digest(2 * _NOISE_VALUES), dtype="<u2")
    summed = (values >> (17 - bits)) + (values[::-1] >> (17 - bits))  # two halves: a triangle
    return np.resize(summed.astype("<u2"), OFFSETS + pixels)


@lru_cache(maxsize=96)
def _painted(modality: str, rows: int, columns: int, level: int) -> Image:
    """Return the phantom without noise; the body is widest in the middle level."""
    phantom = PHANTOMS[modality]
    y, x = np.ogrid[0:rows, 0:columns]
    y, x = y * UNIT // rows, x * UNIT // columns
    canvas = np.full((rows, columns), phantom.background, dtype=np.int64)
    taper = UNIT - 40 * abs(2 * level - LEVELS + 1) // 2
    for ellipse in phantom.ellipses:
        factor = taper if ellipse.tapers else UNIT
        a, b = ellipse.a * factor // UNIT, ellipse.b * factor // UNIT
        inside = ((x - ellipse.x) * b) ** 2 + ((y - ellipse.y) * a) ** 2 <= (a * b) ** 2
        canvas[inside] = ellipse.value
    canvas += y * phantom.gradient // UNIT
    if phantom.fan:
        radius = (x - UNIT // 2) ** 2 + y**2
        seen = (5 * abs(x - UNIT // 2) <= 3 * y) & (radius <= 950**2) & (radius >= 120**2)
        canvas[~seen] = 0
    return canvas.astype("<u2")
