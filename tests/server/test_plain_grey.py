"""Plain greys are the same picture as pydicom and the full pipeline make of the file."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from reference_server.dicomweb.annotation import annotation_text
from reference_server.dicomweb.dicom_json import model_of
from reference_server.dicomweb.frames import frame_layout
from reference_server.dicomweb.grayscale import Window, WindowFunction
from reference_server.dicomweb.plain_grey import PlainGrey, plain_grey
from reference_server.dicomweb.rendering import ImageSource
from reference_server.dicomweb.viewport import Annotation
from reference_server.errors import Unavailable
from reference_server.storage.extents import Extent

ROWS, COLUMNS = 5, 6
WITH_WINDOW: Mapping[str, object] = {"WindowCenter": 40, "WindowWidth": 400}
WINDOWS = st.builds(Window, st.floats(-500, 500), st.floats(1, 3000), st.sampled_from(WindowFunction))
DESCRIPTIONS = st.fixed_dictionaries(
    {
        "BitsAllocated": st.sampled_from([8, 16]),
        "unused": st.integers(0, 7),
        "PixelRepresentation": st.integers(0, 1),
        "PhotometricInterpretation": st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
        "WindowCenter": st.sampled_from([40, 0.25, [100, 300], -77.5]),
        "WindowWidth": st.sampled_from([400, [80.5, 2], 1]),
    },
    optional={
        "RescaleSlope": st.sampled_from([1, 0.37, -2, None]),
        "RescaleIntercept": st.sampled_from([-1024, 3.5]),
        "VOILUTFunction": st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID", "NONE", ""]),
        "PresentationLUTShape": st.sampled_from(["IDENTITY", "INVERSE"]),
        "PixelPaddingValue": st.just(0),
    },
)


def image(
    seed: int, values: Mapping[str, object] = WITH_WINDOW, syntax: UID = ExplicitVRLittleEndian
) -> bytes:
    """Return a file of random words of which some lie beyond the bits stored."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    allocated, unused = values.get("BitsAllocated", 16), values.get("unused", 4)
    assert isinstance(allocated, int)
    assert isinstance(unused, int)
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.PatientName = CTImageStorage, "1.2.3", "Doe^Jane"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = ROWS, COLUMNS, 1
    dataset.PixelRepresentation, dataset.PhotometricInterpretation = 0, "MONOCHROME2"
    dataset.BitsAllocated = allocated
    dataset.BitsStored, dataset.HighBit = allocated - unused, allocated - unused - 1
    for keyword in values.keys() - {"unused"}:
        setattr(dataset, keyword, values[keyword])
    dataset.PixelData = np.random.default_rng(seed).bytes(ROWS * COLUMNS * allocated // 8)
    dataset["PixelData"].VR = "OW"
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def plain(content: bytes, folder: Path, window: Window | None = None) -> PlainGrey | None:
    """Return the image of a file as its index entry describes it."""
    path = folder / "image.dcm"
    path.write_bytes(content)
    metadata = orjson.dumps(model_of(dcmread(path), "there"))
    layout = frame_layout(dcmread(path), len(content))
    return plain_grey(Extent(str(path), 0, len(content)), layout, metadata, window)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 1 << 16),
    values=DESCRIPTIONS,
    syntax=st.sampled_from([ExplicitVRLittleEndian, ImplicitVRLittleEndian]),
    window=st.none() | WINDOWS,
)
def test_plain_greys_are_those_of_the_full_pipeline(
    tmp_path: Path, seed: int, values: dict[str, object], syntax: UID, window: Window | None
) -> None:
    content = image(seed, values, syntax)
    source = plain(content, tmp_path, window)
    assert source is not None
    expected = ImageSource.of(content).samples(1, window)
    assert np.array_equal(source.samples(1, window), expected)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"WindowCenter": 40},
        {"WindowCenter": 40, "WindowWidth": 0},
        {**WITH_WINDOW, "SamplesPerPixel": 3},
        {**WITH_WINDOW, "HighBit": 15},
        {**WITH_WINDOW, "PhotometricInterpretation": "PALETTE COLOR"},
        {**WITH_WINDOW, "NumberOfFrames": 2, "Rows": 2},
        {**WITH_WINDOW, "ModalityLUTSequence": [Dataset()]},
        {**WITH_WINDOW, "SharedFunctionalGroupsSequence": [Dataset()]},
        {**WITH_WINDOW, "ValueType": "CONTAINER"},
    ],
    ids=lambda values: " ".join(f"{key}={str(value)[:12]}" for key, value in values.items()) or "no window",
)
def test_what_needs_more_than_a_table_is_not_plain(tmp_path: Path, values: dict[str, object]) -> None:
    assert plain(image(1), tmp_path) is not None
    assert plain(image(1, values), tmp_path) is None


def test_text_comes_from_the_file(tmp_path: Path) -> None:
    source = plain(image(1), tmp_path)
    assert source is not None
    assert annotation_text(source.dataset, Annotation.PATIENT) == "Doe^Jane"


def test_a_file_that_is_cut_is_unavailable(tmp_path: Path) -> None:
    content = image(1)
    source = plain(content, tmp_path)
    assert source is not None
    (tmp_path / "image.dcm").write_bytes(content[:-10])
    with pytest.raises(Unavailable):
        source.samples(1)
