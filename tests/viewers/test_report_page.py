"""report.html in headless Chromium: quiet console, no sideways scroll, light and dark, figures in words."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page

from reports.__main__ import main
from tests.analysis.synthetic_run import Truth, write_phases, write_run
from tests.viewers.conftest import SCREENSHOTS

WIDTHS = {"phone": 390, "tablet": 820, "desk": 1440}
CONTRAST = 4.5  # WCAG 2.1, 1.4.3, for text
# The luminance of WCAG 2.1 for every element that holds text of its own, against the page's background.
FAINT = """least => {
  const linear = part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const channel = value => linear(value / 255);
  const luminance = colour => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  };
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const paper = getComputedStyle(document.body).backgroundColor;
  const found = new Set();
  for (const element of document.querySelectorAll("main *")) {
    const own = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!own || !element.getClientRects().length) continue;
    const look = getComputedStyle(element);
    const ink = element.namespaceURI.endsWith("svg") ? look.fill : look.color;
    if (contrast(ink, paper) < least) found.add(`${element.tagName} ${element.className} ${ink}`);
  }
  return [...found];
}"""
SMALL = """() => [...document.querySelectorAll("figure svg")].filter(svg => svg.getClientRects().length)
  .flatMap(svg => [...svg.querySelectorAll("text")].map(text => text.getBoundingClientRect().height))"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the report of a run with a closed loop and two rates."""
    folder = write_run(tmp_path_factory.mktemp("runs") / "phased", Truth(rounds=16, requests=60))
    write_phases(folder, ("closed", 8), ("open-30", 4), ("open-80", 4))
    assert main([str(folder)]) == 0
    return (folder / "report.html").as_uri()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    """What the reader prefers."""
    return str(request.param)


@pytest.fixture(params=WIDTHS)
def shown(request: pytest.FixtureRequest, browser: Browser, report: str, scheme: str) -> Iterator[Page]:
    """The report on a screen of that width; what it looks like is kept as a screenshot."""
    viewport = {"width": WIDTHS[request.param], "height": 900}
    with browser.new_context(
        viewport=viewport,  # type: ignore[arg-type]  # a dict is what playwright takes for its ViewportSize
        color_scheme=scheme,  # type: ignore[arg-type]  # as above, for its literals
    ) as context:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: pytest.fail(f"the page has an error: {error}"))
        page.goto(report)
        yield page
        page.screenshot(path=SCREENSHOTS / f"report-{request.param}-{scheme}.png", full_page=True)
        assert said == []


def test_nothing_makes_the_page_wider_than_the_screen(shown: Page) -> None:
    shown.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true; })")
    wide = shown.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0


def test_figures_have_names_and_descriptions_and_readable_letters(shown: Page) -> None:
    images = [image for image in shown.get_by_role("img").all() if image.is_visible()]
    assert len(images) == 5
    for image in images:
        name = image.get_attribute("aria-labelledby") or ""
        title, description = (shown.locator(f"#{each}").text_content() for each in name.split())
        assert title
        assert len(description or "") > len(title)
    assert min(shown.evaluate(SMALL)) >= 9


def test_all_words_stand_out_from_the_paper(shown: Page) -> None:
    assert shown.evaluate(FAINT, CONTRAST) == []


def test_headings_descend_by_one(shown: Page) -> None:
    levels = [
        int(level) for level in shown.locator("h1, h2, h3").evaluate_all("all => all.map(e => e.tagName[1])")
    ]
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
