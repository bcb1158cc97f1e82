"""How a caller wants a picture: the query of rendered resources and thumbnails (PS3.18 8.3.5).

Each parameter is validated here, before anything is read; a value that is none raises BadRequest. Numbers are
bounded, so that no query asks for a picture larger than the archive is ready to make.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from starlette.datastructures import QueryParams

from reference_server.dicomweb.grayscale import Window, WindowFunction
from reference_server.errors import BadRequest

RENDERING_PARAMETERS = ("viewport", "window", "quality", "annotation", "iccprofile")
MAX_SIDE = 8192  # pixels of a viewport
DEFAULT_QUALITY = 90
_NUMBER = re.compile(r"[+-]?(\d{1,12}(\.\d{0,12})?|\.\d{1,12})([eE][+-]?\d{1,2})?")
_WHOLE = re.compile(r"\+?\d{1,9}")


class Annotation(StrEnum):
    """What can be burned into a picture (PS3.18 8.3.5.1.1)."""

    PATIENT = "patient"
    TECHNIQUE = "technique"


class Profile(StrEnum):
    """Which colour profile goes with a picture (PS3.18 8.3.5.1.5)."""

    NO = "no"
    YES = "yes"
    SRGB = "srgb"


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the source image in pixels; None reaches to the last column or row."""

    left: float = 0
    top: float = 0
    width: float | None = None
    height: float | None = None
    flip_columns: bool = False
    flip_rows: bool = False
    relative: bool = False  # in fractions of the sides instead

    def box(self, columns: int, rows: int) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom within an image; a region outside of it raises BadRequest."""
        across, down = (columns, rows) if self.relative else (1, 1)
        left, top = self.left * across, self.top * down
        right = columns if self.width is None else min(left + self.width * across, columns)
        bottom = rows if self.height is None else min(top + self.height * down, rows)
        if right <= left or bottom <= top:
            raise BadRequest(f"the region lies outside of an image of {columns} x {rows}")
        return left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Viewport:
    """The columns and rows that a picture has at most, None where unbounded, and the region that it shows."""

    columns: int | None = None
    rows: int | None = None
    region: Region = Region()

    def size(self, width: float, height: float) -> tuple[int, int]:
        """Return columns and rows of a picture of that shape which touches a bound and exceeds none."""
        if self.columns is None and self.rows is None:
            return max(1, round(width)), max(1, round(height))
        scales = [(self.columns, width), (self.rows, height)]
        scale = min(bound / side for bound, side in scales if bound is not None)
        bounds = (self.columns or MAX_SIDE, self.rows or MAX_SIDE)
        return (
            min(max(1, round(width * scale)), bounds[0]),
            min(max(1, round(height * scale)), bounds[1]),
        )


@dataclass(frozen=True, slots=True)
class Rendering:
    """Everything that a caller says about a picture, except its media type."""

    viewport: Viewport = Viewport()
    window: Window | None = None
    quality: int = DEFAULT_QUALITY
    annotations: tuple[Annotation, ...] = ()
    profile: Profile = Profile.NO
    warnings: tuple[str, ...] = ()


def rendering_of(query: QueryParams) -> Rendering:
    """Return what the query of a rendered resource asks for (PS3.18 8.3.5.1)."""
    given = single_values(query, RENDERING_PARAMETERS)
    annotations, warnings = annotations_of(given.get("annotation"), "annotation")
    return Rendering(
        viewport=_viewport(given["viewport"]) if "viewport" in given else Viewport(),
        window=_window(given["window"]) if "window" in given else None,
        quality=quality_of(given.get("quality"), "quality"),
        annotations=annotations,
        profile=_profile(given.get("iccprofile", "no")),
        warnings=warnings,
    )


def thumbnail_viewport(query: QueryParams, default: Viewport) -> Viewport:
    """Return the viewport of a thumbnail, which has a width and a height only (PS3.18 8.3.5.2)."""
    given = single_values(query, ("viewport",))
    if "viewport" not in given:
        return default
    if given["viewport"].count(",") != 1:
        raise BadRequest("the viewport of a thumbnail is a width and a height")
    return _viewport(given["viewport"])


def single_values(query: QueryParams, names: tuple[str, ...]) -> Mapping[str, str]:
    """Return those parameters of a query that are given; one that is given twice raises BadRequest."""
    for name in names:
        if len(query.getlist(name)) > 1:
            raise BadRequest(f"the query parameter {name} may be given once")
    return {name: query[name] for name in names if name in query}


def number(text: str, name: str) -> float:
    """Return a decimal number of a parameter."""
    if not _NUMBER.fullmatch(text.strip()) or not math.isfinite(float(text)):
        raise BadRequest(f"{name}: {text[:40]!r} is not a number")
    return float(text)


def whole_number(text: str, name: str, greatest: int) -> int:
    """Return a whole number from 1 to the greatest that is allowed."""
    if not _WHOLE.fullmatch(text.strip()) or not 1 <= int(text) <= greatest:
        raise BadRequest(f"{name}: {text[:40]!r} is not a whole number from 1 to {greatest}")
    return int(text)


def checked_window(center: float, width: float, function: WindowFunction) -> Window:
    """Return a window whose width its function allows (PS3.3 C.11.2.1)."""
    if width <= 0 or (function is WindowFunction.LINEAR and width < 1):
        raise BadRequest("window: the width is at least 1, and more than 0 for linear-exact and sigmoid")
    return Window(center, width, function)


def quality_of(text: str | None, name: str) -> int:
    """Return the quality of a lossy encoding, from 1 to 100."""
    return DEFAULT_QUALITY if text is None else whole_number(text, name, 100)


def annotations_of(text: str | None, name: str) -> tuple[tuple[Annotation, ...], tuple[str, ...]]:
    """Return the annotations that are known, and a warning of others; an empty element is malformed."""
    if text is None:
        return (), ()
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise BadRequest(f"{name}: the list has an empty element")
    known = tuple(each for each in Annotation if each in words)
    unknown = [word for word in words if word not in set(Annotation)]
    if not unknown:
        return known, ()
    return known, (f"{name}: what is none of {' and '.join(Annotation)} is ignored",)


def _viewport(text: str) -> Viewport:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (2, 6):
        raise BadRequest("viewport: it has two values, or six with a region of the image")
    columns, rows = (whole_number(part, "viewport", MAX_SIDE) for part in parts[:2])
    values = [number(part, "viewport") if part else None for part in (parts[2:] or [""] * 4)]
    left, top, width, height = values
    if width == 0 or height == 0:
        raise BadRequest("viewport: a region has a width and a height")
    region = Region(
        left=abs(left or 0),
        top=abs(top or 0),
        width=None if width is None else abs(width),
        height=None if height is None else abs(height),
        flip_columns=width is not None and width < 0,
        flip_rows=height is not None and height < 0,
    )
    return Viewport(columns, rows, region)


def _window(text: str) -> Window:
    parts = [part.strip() for part in text.split(",")]
    names = [str(each) for each in WindowFunction]
    if len(parts) != 3 or parts[2] not in names:  # noqa: PLR2004  centre, width and function
        raise BadRequest(f"window: it is a centre, a width and one of {', '.join(names)}")
    center, width = (number(part, "window") for part in parts[:2])
    return checked_window(center, width, WindowFunction(parts[2]))


def _profile(text: str) -> Profile:
    try:
        return Profile(text)
    except ValueError:
        raise BadRequest(f"iccprofile: this archive knows {', '.join(Profile)}") from None
