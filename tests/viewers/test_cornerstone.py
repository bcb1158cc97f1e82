"""A cornerstone page opens images from the archive, across origins, and decodes what pydicom decodes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Error, Page
from pydicom import Dataset

from tests.viewers.conftest import Archive
from tests.viewers.packages import CORNERSTONE, DICOM_PARSER, DICOMWEB_CLIENT, IMAGE_LOADER, unpacked
from tests.viewers.pages import served

PAGE = Path(__file__).with_name("cornerstone.html")
PACKAGES = (DICOM_PARSER, CORNERSTONE, DICOMWEB_CLIENT, IMAGE_LOADER)

# One file for each way in which pixels travel: native, RLE, JPEG-LS, JPEG 2000.
IMAGES = ["CT_small.dcm", "MR_small_RLE.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_jp2klossless.dcm"]


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """The origin of the page."""
    paths = {f"/{package.name}/": unpacked(package) for package in PACKAGES}
    with served({"/cornerstone.html": PAGE, **paths}) as origin:
        yield origin


def load(page: Page, archive: Archive, headers: dict[str, str], dataset: Dataset, frame: int) -> Any:
    return page.evaluate(
        "wanted => load(wanted)",
        {
            "url": archive.base_url,
            "headers": headers,
            "study": dataset.StudyInstanceUID,
            "series": dataset.SeriesInstanceUID,
            "instance": dataset.SOPInstanceUID,
            "frame": frame,
        },
    )


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_has_the_pixels_that_pydicom_reads(
    page: Page, origin: str, archive: Archive, name: str
) -> None:
    dataset = archive.store(name)
    page.goto(f"{origin}/cornerstone.html")
    assert load(page, archive, archive.headers, dataset, 1) == {
        "studies": 1,
        "rows": dataset.Rows,
        "columns": dataset.Columns,
        "minimum": int(np.min(dataset.pixel_array)),
        "maximum": int(np.max(dataset.pixel_array)),
    }


def test_a_frame_is_the_one_that_is_asked_for(page: Page, origin: str, archive: Archive) -> None:
    dataset = archive.store("MR_small.dcm", frames=3)
    page.goto(f"{origin}/cornerstone.html")
    for frame, pixels in enumerate(dataset.pixel_array, start=1):
        image = load(page, archive, archive.headers, dataset, frame)
        assert (image["minimum"], image["maximum"]) == (np.min(pixels), np.max(pixels))


@pytest.mark.parametrize("archive", ["grants"], indirect=True)
def test_a_stranger_sees_no_image(page: Page, origin: str, archive: Archive) -> None:
    dataset = archive.store("CT_small.dcm")
    page.goto(f"{origin}/cornerstone.html")
    assert load(page, archive, archive.headers, dataset, 1)["studies"] == 1
    with pytest.raises(Error):
        load(page, archive, archive.strangers_headers, dataset, 1)
