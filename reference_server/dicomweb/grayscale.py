"""From a stored value to a grey of eight bits: modality, values of interest, presentation (PS3.3 C.11).

What a value becomes depends on nothing but the value, so the pipeline is computed once for the values that
there can be and the pixels are looked up; only values of more than sixteen bits go through it one by one.

The window is the caller's, else the image's first window or VOI LUT, else from the least to the greatest
value of the frame that is not padding.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from reference_server.dicomweb.functional_groups import group_item

Values = NDArray[Any]
Shades = NDArray[np.float64]  # from 0 to 1
Greys = NDArray[np.uint8]

TABLE_BYTES = 2
BLOCK_PIXELS = 1 << 20
SMALLEST_WIDTH = 1e-9  # of a frame of one value, which becomes a medium grey
WHITE = 255


class WindowFunction(StrEnum):
    """The functions of PS3.3 C.11.2.1, as the query of PS3.18 8.3.5.1.4 spells them."""

    LINEAR = "linear"
    LINEAR_EXACT = "linear-exact"
    SIGMOID = "sigmoid"


@dataclass(frozen=True, slots=True)
class Window:
    """A window of values, in units after the modality transformation."""

    center: float
    width: float
    function: WindowFunction = WindowFunction.LINEAR

    @classmethod
    def over(cls, least: float, greatest: float) -> "Window":
        """Return the window in which the least value is black and the greatest white."""
        width = max(greatest - least, SMALLEST_WIDTH)
        return cls((least + greatest) / 2, width, WindowFunction.LINEAR_EXACT)

    def apply(self, values: Values) -> Shades:
        """Return from 0 for black to 1 for white (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
        center, width = self.center, self.width
        if self.function is WindowFunction.SIGMOID:
            # Beyond this the function is 0 or 1 in double precision, and the exponential would overflow.
            exponent = np.clip(-4 * (values.astype(np.float64) - center) / width, -700, 700)
            return np.asarray(1 / (1 + np.exp(exponent)))
        if self.function is WindowFunction.LINEAR:
            center, width = center - 0.5, width - 1
        if width <= 0:
            # The steps of C.11.2.1.2.1 at width 1: what is above the centre is white.
            return np.asarray(values > center, dtype=np.float64)
        return np.asarray(np.clip((values.astype(np.float64) - center) / width + 0.5, 0, 1))


def rounded(shades: Shades, *, inverse: bool) -> Greys:
    """Return shades as greys of eight bits; inverse ones begin with white."""
    return np.rint((1 - shades if inverse else shades) * WHITE).astype(np.uint8)


def shade(frame: Values, dataset: Dataset, frame_number: int, window: Window | None) -> Greys:
    """Return the greys of a monochrome frame; `window` goes before what the image says."""
    frame = _finite(frame)
    if window is None:
        ends = value_range(frame, dataset, frame_number)
        window = None if ends is None else Window.over(*ends)
    pipeline = _Pipeline(dataset, frame_number, window)
    if frame.dtype.kind == "f" or frame.dtype.itemsize > TABLE_BYTES:
        return pipeline.greys(frame)
    return _looked_up(frame, pipeline)


def _looked_up(frame: Values, pipeline: "_Pipeline") -> Greys:
    """Return the greys of values of at most sixteen bits, from a table of all that lie between their ends."""
    frame = frame.astype(frame.dtype.newbyteorder("="), copy=False)  # a Big Endian file's values as well
    unsigned = np.dtype(f"u{frame.dtype.itemsize}")
    least, greatest = int(frame.min()), int(frame.max())
    table = pipeline.greys(np.arange(least, greatest + 1).astype(frame.dtype))
    # Unsigned differences wrap round to the right entry, whatever the sign of the values.
    index = np.ascontiguousarray(frame).view(unsigned) - unsigned.type(
        least & ((1 << 8 * unsigned.itemsize) - 1)
    )
    greys = np.empty(frame.shape, np.uint8)
    # numpy widens an index to eight bytes: some rows at a time keep that small.
    rows = max(1, BLOCK_PIXELS // max(1, frame.shape[-1]))
    for first in range(0, len(frame), rows):
        greys[first : first + rows] = table.take(index[first : first + rows])
    return greys


def value_range(frame: Values, dataset: Dataset, frame_number: int) -> tuple[float, float] | None:
    """Return the least and the greatest value after the modality transformation, without padding.

    None is returned where the image has a window or a table of its own.
    """
    voi = group_item(dataset, frame_number, "FrameVOILUTSequence")
    if _declared(voi) is not None or voi.get("VOILUTSequence"):
        return None
    frame = _finite(frame)
    shown = _without_padding(frame, dataset)
    ends = _modality(np.array([shown.min(), shown.max()]), dataset, frame_number)
    return float(ends.min()), float(ends.max())


def _finite(frame: Values) -> Values:
    return np.nan_to_num(frame) if frame.dtype.kind == "f" else frame


def _without_padding(frame: Values, dataset: Dataset) -> Values:
    """Return the values that are no padding, all of them where all are (PS3.3 C.7.5.1.1.2)."""
    value = dataset.get("PixelPaddingValue")
    if value is None or isinstance(value, bytes):
        return frame
    other = dataset.get("PixelPaddingRangeLimit", value)
    low, high = sorted((int(value), int(value if other is None else other)))
    shown = frame[(frame < low) | (frame > high)]
    return shown if shown.size else frame


def _declared(voi: Dataset) -> Window | None:
    """Return the first window of a dataset, or None where there is none that can be applied."""
    center, width = _first(voi.get("WindowCenter")), _first(voi.get("WindowWidth"))
    if center is None or width is None:
        return None
    return usable_window(float(center), float(width), voi.get("VOILUTFunction"))


def usable_window(center: float, width: float, function_name: object) -> Window | None:
    """Return a window as an image declares it, or None where it cannot be applied; linear by default."""
    name = str(function_name or "LINEAR").lower().replace("_", "-")
    function = WindowFunction(name) if name in set(WindowFunction) else WindowFunction.LINEAR
    usable = np.isfinite([center, width]).all() and (
        width >= 1 if function is WindowFunction.LINEAR else width > 0
    )
    return Window(center, width, function) if usable else None


def _first(value: Any) -> Any:
    if value is None or isinstance(value, str | bytes | float | int):
        return value or None if isinstance(value, str | bytes) else value
    return value[0] if len(value) else None


def _modality(values: Values, dataset: Dataset, frame_number: int) -> Values:
    """Return the output of the modality LUT or of the rescale, the values themselves without either."""
    if dataset.get("ModalityLUTSequence"):
        return _look_up(values, dataset.ModalityLUTSequence[0], little=_is_little(dataset))[0]
    rescale = group_item(dataset, frame_number, "PixelValueTransformationSequence")
    slope, intercept = rescale.get("RescaleSlope"), rescale.get("RescaleIntercept")
    if slope is None or intercept is None:
        return values
    return values.astype(np.float64) * float(slope) + float(intercept)


def _look_up(values: Values, item: Dataset, *, little: bool) -> tuple[Values, int]:
    """Return the entries of a lookup table for values, and the greatest entry that its bits allow."""
    entries, first, bits = (int(part) for part in item.LUTDescriptor)
    entries = entries or 1 << 16
    data = item.LUTData
    if isinstance(data, bytes):
        wide = len(data) >= 2 * entries
        table = np.frombuffer(data, (">u2", "<u2")[little] if wide else np.uint8)[:entries]
    else:
        table = np.atleast_1d(np.asarray(data))[:entries] & 0xFFFF
    index = np.clip(np.rint(values).astype(np.int64) - first, 0, len(table) - 1)
    return table[index], (1 << min(max(bits, 1), 16)) - 1


def _is_little(dataset: Dataset) -> bool:
    return bool(dataset.file_meta.TransferSyntaxUID.is_little_endian)


class _Pipeline:
    """The transformations of one frame, as one function of a stored value."""

    def __init__(self, dataset: Dataset, frame_number: int, window: Window | None) -> None:
        self.dataset = dataset
        self.frame_number = frame_number
        self.voi = group_item(dataset, frame_number, "FrameVOILUTSequence")
        self.window = window or _declared(self.voi)
        # An INVERSE shape and MONOCHROME1 say the same thing, and do not cancel (PS3.3 C.11.6).
        self.inverse = (
            dataset.get("PhotometricInterpretation") == "MONOCHROME1"
            or dataset.get("PresentationLUTShape") == "INVERSE"
        )

    def greys(self, stored: Values) -> Greys:
        """Return the grey of each stored value."""
        values = _modality(stored, self.dataset, self.frame_number)
        if self.window is not None:
            shades = self.window.apply(values)
        else:
            found, greatest = _look_up(values, self.voi.VOILUTSequence[0], little=_is_little(self.dataset))
            shades = np.clip(found / greatest, 0, 1)
        return rounded(shades, inverse=self.inverse)
