"""Headless Chromium, archives with accounting off and on, and the images that the viewers show."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import cast

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from tests.conformance.guarded_archive import guarded_archive
from tests.conformance.reference_archive import reference_archive

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive as a viewer reaches it: its base URL, the viewer's headers, and those of a stranger."""

    accounting: str
    base_url: str
    headers: dict[str, str]
    strangers_headers: dict[str, str]

    def store(self, name: str, frames: int = 1) -> Dataset:
        """Store one of pydicom's files as a study of its own and return it.

        Of a native image, several frames can be made, each one grey level brighter than the one before.
        """
        dataset = dcmread(cast("str", get_testdata_file(name)))
        if frames > 1:
            pixels = dataset.pixel_array
            dataset.NumberOfFrames = frames
            dataset.PixelData = b"".join((pixels + added).tobytes() for added in range(frames))
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            setattr(dataset, keyword, generate_uid(prefix="2.25."))
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        file = BytesIO()
        dataset.save_as(file)
        body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file.getvalue() + b"\r\n--b--"
        kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
        answer = httpx.post(f"{self.base_url}/studies", content=body, headers=kind | self.headers)
        answer.raise_for_status()
        return dataset


@pytest.fixture(scope="session", params=["off", "grants"])
def archive(request: pytest.FixtureRequest) -> Iterator[Archive]:
    """A reference archive as a process of its own."""
    if request.param == "off":
        with reference_archive() as base_url:
            yield Archive("off", base_url, {}, {})
        return
    with guarded_archive() as target:
        owner, stranger = (dict(target.principals[name]) for name in ("owner", "other"))
        yield Archive("grants", target.base_url, owner, stranger)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    assert CHROMIUM, "these tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of its own; what it shows in the end is kept as a screenshot."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        yield page
        name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
        page.screenshot(path=SCREENSHOTS / f"{name}.png")
