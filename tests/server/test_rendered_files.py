"""Every test file of pydicom gives a picture, or says that it shows none; nothing in between, and no error.

What a file shows is held against an independent way: pydicom's pixels through pydicom's own windowing, or the
colours as pydicom decodes them.
"""

import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.pixels.processing import apply_color_lut, apply_rescale, apply_windowing, convert_color_space
from pydicom.pixels.utils import pixel_array

from tests.server.running import RunningArchive
from tests.server.test_rendered import samples
from tests.server.test_round_trip import RETRIEVE_URL, waves

WHITE = 255
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def shown_by_pydicom(path: Path) -> NDArray[np.float64] | None:
    """Return the first frame as pydicom would show it, from 0 to 255, or None where it cannot decode it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = dcmread(path)
        try:
            frame = pixel_array(dataset, index=0, raw=True)
        except Exception:  # noqa: BLE001  what pydicom cannot decode, it cannot judge
            return None
        return _as_shown(dataset, frame)


def _as_shown(dataset: Dataset, frame: NDArray[np.generic]) -> NDArray[np.float64]:
    interpretation = dataset.PhotometricInterpretation
    if interpretation == "PALETTE COLOR":
        colors = apply_color_lut(frame, dataset).astype(float)
        return np.asarray(colors / (WHITE + 2 if colors.max() > WHITE else 1))
    if frame.ndim > 2:
        if interpretation.startswith("YBR_FULL"):
            frame = convert_color_space(frame, interpretation, "RGB")
        return np.asarray(frame.astype(float) / 2 ** (int(dataset.BitsStored) - 8))
    values = apply_rescale(frame, dataset).astype(float)
    if "WindowWidth" in dataset:
        values = apply_windowing(frame if "RescaleSlope" not in dataset else values, dataset).astype(float)
        signed, bits = dataset.PixelRepresentation, dataset.BitsStored
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        if "RescaleSlope" in dataset:
            low, high = (end * dataset.RescaleSlope + dataset.RescaleIntercept for end in (low, high))
    else:
        low, high = values.min(), values.max()
    greys = (values - low) / max(high - low, 1e-9) * WHITE
    return np.asarray(WHITE - greys if interpretation == "MONOCHROME1" else greys)


@pytest.mark.slow
def test_every_file_is_a_picture_or_shows_none(tmp_path: Path) -> None:
    pictures = compared = 0
    for number, wave in enumerate(waves()):
        archive = RunningArchive(tmp_path / str(number)).start()
        try:
            for path in wave.values():
                found = rendered_everywhere(archive, path)
                pictures += found is not None
                compared += found is not None and agrees(path, found)
        finally:
            archive.end()
            archive.client.close()
    assert pictures > 80
    assert compared > 60


def rendered_everywhere(archive: RunningArchive, path: Path) -> NDArray[np.uint8] | None:
    """Store a file and ask for its pictures in every way; return its first frame, or None without one."""
    stored = archive.store(path.read_bytes())
    assert stored.status_code == 200, (path.name, stored.text)
    url = stored.json()["00081199"]["Value"][0][RETRIEVE_URL]["Value"][0].removeprefix(archive.base)
    frame = archive.get(f"{url}/frames/1/rendered", "image/png")
    seen = frame.status_code == 200
    assert frame.status_code in (200, 406), (path.name, frame.text)
    series, study = (url.partition(f"/{each}/")[0] for each in ("instances", "series"))
    for resource in (url, series, study):
        for accept in ("*/*", 'multipart/related; type="image/jpeg"'):
            answer = archive.get(f"{resource}/rendered", accept)
            # Other instances of the study may show something.
            assert answer.status_code == 200 if seen else answer.status_code in (200, 406), path.name
        assert archive.get(f"{resource}/thumbnail").status_code in ((200,) if seen else (200, 404)), path.name
    for media_type in ("image/jpeg", "image/png", "image/gif", "image/jp2"):
        answer = archive.get(f"{url}/rendered?viewport=50,50&annotation=patient", media_type)
        assert answer.status_code == (200 if seen else 406), (path.name, media_type, answer.text)
        if seen:
            assert max(Image.open(BytesIO(answer.content)).size) == 50
    return samples(frame) if seen else None


def agrees(path: Path, shown: NDArray[np.uint8]) -> bool:
    """Compare a picture with what pydicom shows; False where pydicom shows nothing."""
    expected = shown_by_pydicom(path)
    if expected is None:
        return False
    if expected.ndim < shown.ndim:
        expected = expected[..., np.newaxis]
    if expected.ndim > shown.ndim:
        assert np.ptp(expected, axis=-1).max() == 0, path.name
        expected = expected[..., 0]
    assert np.abs(shown - expected).max() <= 1.5, path.name
    return True
