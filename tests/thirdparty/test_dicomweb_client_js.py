"""dicomweb-client (npm): its own suite, written against dcm4chee, passes against this archive in Chromium.

The suite is taken from the package as it is; the two origins that it names, of its archive and of its test
data, are replaced while it is served. So is one tag: it takes a red palette of 512 bytes for bulk data, which
an archive may as well give inline (PS3.18 F.2.2), and is made to fetch the pixel data instead.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.thirdparty.conftest import Served
from tests.viewers.conftest import CHROMIUM, SWITCHES
from tests.viewers.packages import DICOMWEB_CLIENT, Package, unpacked
from tests.viewers.pages import Content
from tests.viewers.pages import served as served_pages

JASMINE = Package(
    "jasmine-core",
    "5.12.1",
    "P/UbRZ0LKwXe7wEpwDheuhunPwITn4oPALhrJEQJo6756EwNGnsK/TSQrWojBB4cQDQ+VaxWYws9tFNDuiMh2Q==",
)
ITS_ARCHIVE = "http://localhost:8008/dcm4chee-arc/aets/DCM4CHEE/rs"
ITS_DATA = "http://localhost:9876/base/testData"
RED_PALETTE, PIXEL_DATA = "'00281201'", "'7FE00010'"
EXPECTED = 11  # tests, of which the first stores what the others read
PAGE = b"""<!doctype html><meta charset="utf-8"><title>suite</title>
<script src="/jasmine/jasmine.js"></script>
<script>
  const required = jasmineRequire.core(jasmineRequire);
  const env = required.getEnv({suppressLoadErrors: true});
  Object.assign(window, jasmineRequire.interface(required, env), {jasmine: required});
  window.results = [];
  env.addReporter({
    specDone: (spec) => window.results.push({
      name: spec.fullName, status: spec.status, failed: spec.failedExpectations.map((each) => each.message),
    }),
    jasmineDone: () => { window.finished = true; },
  });
</script>
<script src="/build/dicomweb-client.js"></script>
<script src="/suite.js"></script>
<script>env.execute();</script>
"""


@pytest.fixture
def origin(served: Served) -> Iterator[str]:
    """A page that runs the suite, and what it loads; the archive asks nobody for a token."""
    if served.token:
        pytest.skip("the suite sends no token")
    client, jasmine = unpacked(DICOMWEB_CLIENT), unpacked(JASMINE)
    suite = (client / "test" / "test.js").read_text(encoding="utf-8")
    assert ITS_ARCHIVE in suite
    assert ITS_DATA in suite
    assert RED_PALETTE in suite
    suite = suite.replace(ITS_ARCHIVE, served.url).replace(ITS_DATA, "/data")
    suite = suite.replace(RED_PALETTE, PIXEL_DATA)
    paths: dict[str, Content] = {
        "/suite.html": PAGE,
        "/suite.js": suite.encode(),
        "/build/": client / "build",
        "/data/": client / "testData",
        "/jasmine/": jasmine / "lib" / "jasmine-core",
    }
    with served_pages(paths) as origin:
        yield origin


def test_the_suite_of_the_client_passes(origin: str) -> None:
    assert CHROMIUM, "Chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        page = browser.new_page()
        page.goto(f"{origin}/suite.html")
        page.wait_for_function("window.finished", timeout=120_000)
        results: list[dict[str, Any]] = page.evaluate("window.results")
        browser.close()
    assert [(each["name"], each["failed"]) for each in results if each["status"] != "passed"] == []
    assert len(results) == EXPECTED
