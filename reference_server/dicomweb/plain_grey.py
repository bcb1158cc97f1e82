"""A picture of plain greys straight from the pixels in the file, described by the metadata in the index.

Most images are one frame of native monochrome pixels with a window and perhaps a rescale. Of these nothing is
read but the pixels, and each word of them is looked up in a table, which images of the same description
share. What is not as plain is left to `rendering`; a test holds the pictures of both against each other.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
import orjson
from pydicom import Dataset, dcmread

from reference_server.dicomweb.dicom_json import Json
from reference_server.dicomweb.grayscale import Greys, Window, rounded, usable_window
from reference_server.dicomweb.rendering import MAX_PIXELS, ImageSource, Samples
from reference_server.storage.extents import Extent
from reference_server.storage.records import FrameLayout

MAX_METADATA_BYTES = 1 << 20  # what has more is hardly plain, and takes long to parse
WORDS: dict[int, np.dtype[Any]] = {8: np.dtype("u1"), 16: np.dtype("<u2")}  # by Bits Allocated
MONOCHROME1, MONOCHROME2 = "MONOCHROME1", "MONOCHROME2"
# A report, an encapsulated document, a modality LUT, functional groups.
_NOT_PLAIN = ("0040A040", "00420011", "00283000", "52009229", "52009230")


class NotPlainError(Exception):
    """The image needs more than its pixels and a table."""


@dataclass(frozen=True, slots=True)
class Curve:
    """From a word of the pixel data to a grey."""

    bits_allocated: int
    bits_stored: int
    signed: bool
    rescale: tuple[float, float] | None  # slope and intercept
    window: Window
    inverse: bool


@lru_cache(maxsize=64)
def _table(curve: Curve) -> Greys:
    """Return the grey of every word; bits above those stored say nothing (PS3.5 8.1.1)."""
    values = np.arange(1 << curve.bits_allocated) & ((1 << curve.bits_stored) - 1)
    if curve.signed:
        values -= (values >> (curve.bits_stored - 1)) << curve.bits_stored
    shown = values if curve.rescale is None else values * curve.rescale[0] + curve.rescale[1]
    return rounded(curve.window.apply(shown), inverse=curve.inverse)


@dataclass(frozen=True, slots=True)
class PlainGrey:
    """One frame of plain greys in a file."""

    file: Extent
    pixels: Extent
    rows: int
    columns: int
    curve: Curve
    frame_count: int = 1
    representative_frame: int = 1
    can_move: bool = False

    @property
    def dataset(self) -> Dataset:
        """The whole file, which is read for what is rarely asked: text and colour profiles."""
        return dcmread(BytesIO(self.file.octets()), force=True)

    def samples(self, _frame_number: int, window: Window | None = None) -> Samples:
        """Return the frame as it is shown; `window` goes before that of the curve."""
        curve = self.curve if window is None else replace(self.curve, window=window)
        words = np.frombuffer(self.pixels.octets(), WORDS[curve.bits_allocated])
        return np.take(_table(curve), words.reshape(self.rows, self.columns))


Source = ImageSource | PlainGrey


def plain_grey(
    file: Extent, layout: FrameLayout | None, metadata: bytes | None, window: Window | None
) -> PlainGrey | None:
    """Return the image of a file, by where its frame lies, its DICOM JSON and the caller's window.

    None is returned where it is not plain, or nobody says which window.
    """
    if layout is None or layout.count != 1 or metadata is None or len(metadata) > MAX_METADATA_BYTES:
        return None
    try:
        return _described(file, layout, orjson.loads(metadata), window)
    except NotPlainError:
        return None


def _described(file: Extent, layout: FrameLayout, model: Json, window: Window | None) -> PlainGrey:
    rows, columns = _value(model, "00280010", "US"), _value(model, "00280011", "US")
    curve = _curve(model, window)
    plain = (
        not any(tag in model for tag in _NOT_PLAIN)
        and _value(model, "00280002", "US") == 1
        and rows
        and columns
        and rows * columns <= MAX_PIXELS
        and rows * columns * curve.bits_allocated == layout.frame_bytes * 8
    )
    if not plain:
        raise NotPlainError
    return PlainGrey(file, file.part(layout.offset, layout.frame_bytes), rows, columns, curve)


def _curve(model: Json, window: Window | None) -> Curve:
    allocated, stored = _value(model, "00280100", "US"), _value(model, "00280101", "US")
    representation, interpretation = _value(model, "00280103", "US"), _value(model, "00280004", "CS")
    window = window or _window(model)
    plain = (
        allocated in WORDS
        and stored in range(1, allocated + 1)
        and _value(model, "00280102", "US") == stored - 1
        and representation in (0, 1)
        and interpretation in (MONOCHROME1, MONOCHROME2)
    )
    if window is None or not plain:
        raise NotPlainError
    slope, intercept = _value(model, "00281053", "DS"), _value(model, "00281052", "DS")
    rescale = None if slope is None or intercept is None else (_number(slope), _number(intercept))
    inverse = interpretation == MONOCHROME1 or _value(model, "20500020", "CS") == "INVERSE"
    return Curve(allocated, stored, representation == 1, rescale, window, inverse)


def _window(model: Json) -> Window | None:
    """Return the first window of the image."""
    centers, widths = _values(model, "00281050", "DS"), _values(model, "00281051", "DS")
    if not centers or not widths:
        return None
    return usable_window(_number(centers[0]), _number(widths[0]), _value(model, "00281056", "CS"))


def _values(model: Json, tag: str, vr: str) -> list[Any]:
    attribute = model.get(tag)
    if attribute is None:
        return []
    if attribute["vr"] != vr or "BulkDataURI" in attribute:
        raise NotPlainError
    values: list[Any] = attribute.get("Value", [])
    return values


def _value(model: Json, tag: str, vr: str) -> Any:
    """Return the value of an attribute, or None where it has none."""
    values = _values(model, tag, vr)
    if len(values) > 1:
        raise NotPlainError
    return values[0] if values else None


def _number(value: object) -> float:
    """Return a decimal number; one that JSON has no number for is a string there."""
    if not isinstance(value, int | float):
        raise NotPlainError
    return float(value)
