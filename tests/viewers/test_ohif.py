"""OHIF opens a study from the archive, across origins, and shows what pydicom decodes."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.viewers.conftest import Archive
from tests.viewers.packages import OHIF, unpacked
from tests.viewers.pages import Content, served

CONFIGURATION = Path(__file__).with_name("ohif.js")
LOAD_MS = 90_000
IS_SHOWN = """() => {
  const engine = window.cornerstone?.getRenderingEngines?.()[0];
  return Boolean(engine?.getViewports?.()[0]?.getCornerstoneImage?.());
}"""
SHOWN = """() => {
  const image = window.cornerstone.getRenderingEngines()[0].getViewports()[0].getCornerstoneImage();
  let [minimum, maximum] = [Infinity, -Infinity];
  for (const value of image.getPixelData()) {
    minimum = Math.min(minimum, value);
    maximum = Math.max(maximum, value);
  }
  return { rows: image.rows, columns: image.columns, minimum, maximum };
}"""


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm"])
def test_a_study_opens(page: Page, archive: Archive, name: str) -> None:
    dataset = archive.store(name)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    configuration = CONFIGURATION.read_text(encoding="utf-8").replace("BASE_URL", archive.base_url)
    token = archive.headers.get("Authorization", "").removeprefix("Bearer ")
    query = urlencode({"StudyInstanceUIDs": dataset.StudyInstanceUID, "token": token})
    paths: dict[str, Content] = {"/app-config.js": configuration.encode(), "/": unpacked(OHIF) / "dist"}
    with served(paths, fallback="/index.html") as origin:
        page.goto(f"{origin}/viewer?{query}")
        page.wait_for_function(IS_SHOWN, timeout=LOAD_MS)
        shown: Any = page.evaluate(SHOWN)
        page.get_by_text("Skip all").click()
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    pixels = dataset.pixel_array * slope + intercept  # OHIF applies the modality's rescaling as it loads
    assert shown == {
        "rows": dataset.Rows,
        "columns": dataset.Columns,
        "minimum": np.min(pixels),
        "maximum": np.max(pixels),
    }
    assert errors == []
