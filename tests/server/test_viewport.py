"""A viewport bounds a picture and keeps its shape; a region is cut, scaled and flipped (PS3.18 8.3.5.1.3)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.datastructures import QueryParams

from reference_server.dicomweb.encoding import fit
from reference_server.dicomweb.viewport import Region, Viewport, rendering_of
from reference_server.errors import BadRequest

sides = st.integers(1, 300)
RAMP = np.add.outer(np.arange(40) * 4, np.arange(60)).astype(np.uint8)  # 60 columns, 40 rows


def viewport(text: str) -> Viewport:
    """Return the viewport of a query."""
    return rendering_of(QueryParams({"viewport": text})).viewport


def fitted(text: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the samples of the ramp in a viewport."""
    return np.asarray(fit(Image.fromarray(RAMP), viewport(text)))


@given(sides, sides, sides, sides)
def test_a_picture_touches_its_bounds_and_exceeds_none(
    columns: int, rows: int, width: int, height: int
) -> None:
    fits = Viewport(columns, rows).size(width, height)
    assert 1 <= fits[0] <= columns
    assert 1 <= fits[1] <= rows
    assert fits[0] == columns or fits[1] == rows
    # The other side is the nearest whole number to the same scale, and at least one.
    scale = min(columns / width, rows / height)
    for side, of in zip(fits, (width, height), strict=True):
        assert side == 1 or abs(side - of * scale) <= 0.5 + 1e-9


@pytest.mark.parametrize(
    ("bounds", "size"), [((None, 10), (20, 10)), ((30, None), (30, 15)), ((None, None), (100, 50))]
)
def test_one_bound_is_enough(bounds: tuple[int | None, int | None], size: tuple[int, int]) -> None:
    assert Viewport(*bounds).size(100, 50) == size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60,40", RAMP),
        ("60,40,,,,", RAMP),
        ("20,30,10,5,20,30", RAMP[5:35, 10:30]),
        ("20,30,-10,-5,20,30", RAMP[5:35, 10:30]),
        ("50,35,10,5,,", RAMP[5:, 10:]),
        ("50,35,10,5,999,999", RAMP[5:, 10:]),
        ("60,40,,,-60,", RAMP[:, ::-1]),
        ("60,40,0,0,60,-40", RAMP[::-1]),
        ("20,30,10,5,-20,-30", RAMP[5:35, 10:30][::-1, ::-1]),
    ],
)
def test_a_region_is_cut_and_flipped(
    text: str, expected: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
) -> None:
    assert fitted(text).tolist() == expected.tolist()


def test_half_a_pixel_is_cut_too() -> None:
    assert fitted("1,1,0,0.5,1,1").tolist() == [[2]]  # of rows of 0 and 4


@pytest.mark.parametrize("text", ["5,5,60,0,1,1", "5,5,0,40,1,1", "5,5,99,99,,"])
def test_a_region_outside_of_the_image_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        fitted(text)


@given(st.text(alphabet="0123456789,.-+e ", max_size=20))
def test_any_text_is_a_viewport_or_refused(text: str) -> None:
    try:
        shape = viewport(text)
    except BadRequest:
        return
    assert isinstance(shape.region, Region)
    assert shape.columns
    assert shape.rows
