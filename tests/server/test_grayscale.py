"""From stored values to greys, against the formulas of PS3.3 written out value by value."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from reference_server.dicomweb.grayscale import Window, WindowFunction, shade

FRAME = np.array([[-1024, -500, 0, 40], [41, 100, 500, 3000]], np.int16)


def image(**values: Any) -> Dataset:
    """Return a monochrome image without pixels."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.PhotometricInterpretation = "MONOCHROME2"
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def item(**values: Any) -> Dataset:
    """Return an item of a sequence."""
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def table(first: int, bits: int, entries: list[int], *, octets: bool = False) -> Dataset:
    """Return an item with a lookup table, its data as words or as octets."""
    dataset = item(LUTDescriptor=[len(entries), first, bits])
    if octets:
        dataset.add_new("LUTData", "OW", np.array(entries, "<u2").tobytes())
    else:
        dataset.add_new("LUTData", "US", entries)
    return dataset


def grey(value: float, window: Window) -> float:
    """Return from 0 to 255 what C.11.2.1.2 and C.11.2.1.3 make of one value, by its pseudo code."""
    c, w = window.center, window.width
    if window.function is WindowFunction.SIGMOID:
        exponent = -4 * (value - c) / w
        return 0.0 if exponent > 700 else 255 / (1 + math.exp(exponent))
    if window.function is WindowFunction.LINEAR_EXACT:
        if value <= c - w / 2:
            return 0.0
        return 255.0 if value > c + w / 2 else ((value - c) / w + 0.5) * 255
    if value <= c - 0.5 - (w - 1) / 2:
        return 0.0
    if value > c - 0.5 + (w - 1) / 2:
        return 255.0
    return ((value - (c - 0.5)) / (w - 1) + 0.5) * 255


windows = st.builds(
    Window,
    st.floats(-5000, 5000),
    st.floats(1, 5000),
    st.sampled_from(WindowFunction),
)


@given(st.lists(st.integers(-32768, 32767), min_size=1), windows, st.sampled_from([np.int16, np.int32]))
def test_a_window_is_the_formula(values: list[int], window: Window, kind: type) -> None:
    shown = shade(np.array([values], kind), image(), 1, window)
    expected = [grey(value, window) for value in values]
    assert np.abs(shown[0] - np.array(expected)).max() <= 0.5 + 1e-6


@given(values=st.lists(st.integers(0, 65535), min_size=1), window=windows, shape=st.booleans())
def test_monochrome1_is_the_negative(values: list[int], window: Window, *, shape: bool) -> None:
    frame = np.array([values], np.uint16)
    negative = image(PhotometricInterpretation="MONOCHROME1")
    if shape:
        negative.PresentationLUTShape = "INVERSE"
    both = shade(frame, image(), 1, window).astype(int) + shade(frame, negative, 1, window)
    assert set(both.ravel()) <= {255, 254, 256}  # a half is rounded to the even number


def test_the_rescale_goes_before_the_window() -> None:
    window = Window(40, 400, WindowFunction.LINEAR)
    shown = shade(FRAME, image(RescaleSlope=2, RescaleIntercept=-100), 1, window)
    assert shown.tolist() == shade(FRAME.astype(np.int32) * 2 - 100, image(), 1, window).tolist()


@pytest.mark.parametrize(
    ("values", "window"),
    [
        ({"WindowCenter": 40, "WindowWidth": 400}, Window(40, 400)),
        ({"WindowCenter": [50, 9], "WindowWidth": [90, 9]}, Window(50, 90)),
        (
            {"WindowCenter": 40, "WindowWidth": 400, "VOILUTFunction": "SIGMOID"},
            Window(40, 400, WindowFunction.SIGMOID),
        ),
        (
            {"WindowCenter": 40, "WindowWidth": 400, "VOILUTFunction": "LINEAR_EXACT"},
            Window(40, 400, WindowFunction.LINEAR_EXACT),
        ),
        ({"WindowCenter": 40, "WindowWidth": 0}, Window(988, 4024, WindowFunction.LINEAR_EXACT)),
        ({}, Window(988, 4024, WindowFunction.LINEAR_EXACT)),
        ({"PixelPaddingValue": -1024}, Window(1250, 3500, WindowFunction.LINEAR_EXACT)),
        (
            {"PixelPaddingValue": -1024, "PixelPaddingRangeLimit": -500},
            Window(1500, 3000, WindowFunction.LINEAR_EXACT),
        ),
    ],
)
def test_the_window_of_an_image_is_its_first_or_the_whole_range(
    values: dict[str, Any], window: Window
) -> None:
    assert (shade(FRAME, image(**values), 1, None) == shade(FRAME, image(), 1, window)).all()
    asked = Window(0, 100)
    assert (shade(FRAME, image(**values), 1, asked) == shade(FRAME, image(), 1, asked)).all()


def test_functional_groups_go_before_the_image_and_the_own_before_the_shared() -> None:
    def group(center: float, slope: float) -> Dataset:
        return item(
            FrameVOILUTSequence=[item(WindowCenter=center, WindowWidth=100)],
            PixelValueTransformationSequence=[item(RescaleSlope=slope, RescaleIntercept=0)],
        )

    enhanced = image(WindowCenter=1, WindowWidth=1, SharedFunctionalGroupsSequence=[group(5, 1)])
    assert (shade(FRAME, enhanced, 2, None) == shade(FRAME, image(), 1, Window(5, 100))).all()
    enhanced.PerFrameFunctionalGroupsSequence = [group(7, 1), group(9, 2)]
    for number, center, slope in ((1, 7, 1), (2, 9, 2)):
        expected = shade(FRAME.astype(np.int32) * slope, image(), 1, Window(center, 100))
        assert (shade(FRAME, enhanced, number, None) == expected).all()


@pytest.mark.parametrize("octets", [False, True])
def test_tables_are_looked_up_and_their_ends_go_on(*, octets: bool) -> None:
    entries = [0, 1000, 2000, 4095]
    shown = shade(FRAME, image(VOILUTSequence=[table(40, 12, entries, octets=octets)]), 1, None)
    expected = [entries[min(max(value - 40, 0), 3)] / 4095 * 255 for value in FRAME.ravel().tolist()]
    assert np.abs(shown.ravel() - np.array(expected)).max() <= 0.5
    modality = image(ModalityLUTSequence=[table(-500, 12, entries, octets=octets)])
    shown = shade(FRAME, modality, 1, Window(2048, 4095))
    values = [entries[min(max(int(value) + 500, 0), 3)] for value in FRAME.ravel().tolist()]
    expected = [grey(value, Window(2048, 4095)) for value in values]
    assert np.abs(shown.ravel() - np.array(expected)).max() <= 0.5


def test_floats_are_shown_and_what_is_no_number_does_not_matter() -> None:
    frame = np.array([[0.0, 0.25], [1.0, np.nan]], np.float32)
    assert shade(frame, image(), 1, None).tolist() == [[0, 64], [255, 0]]


def test_a_frame_of_one_value_is_shown() -> None:
    assert set(shade(np.full((2, 2), 7, np.uint8), image(), 1, None).ravel()) == {128}
