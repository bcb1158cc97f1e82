"""What the notebooks show: the run and the results that the environment names, and figures of an analysis.

`PHANTOM_RUN` names a run folder (default: the published one), `PHANTOM_RESULTS` a results.json of the
conformance harness, `PHANTOM_PAPER` a file with figures of an article (default: paper.toml beside the
notebooks).
"""

import os
from pathlib import Path

import pandas as pd

from reports.analysis import Analysis, analyse_run
from reports.article import beside, read_article
from reports.claims import Evidence
from reports.conformance import Conformance, read_conformance
from reports.figures.canvas import WIDE_IN, settle, style, svg_text
from reports.gallery import EXHIBITS
from reports.run import PUBLISHED, ROOT

DEFAULT_RUN = "smoke"
DEFAULT_RESULTS = PUBLISHED / "conformance" / "results.json"


def shown_run() -> Analysis:
    """Return the analysis of the run that PHANTOM_RUN names."""
    return analyse_run(os.environ.get("PHANTOM_RUN", DEFAULT_RUN))


def shown_results() -> Conformance | None:
    """Return the conformance results that PHANTOM_RESULTS names, or the published ones; None without both."""
    path = Path(os.environ.get("PHANTOM_RESULTS", DEFAULT_RESULTS))
    if path == DEFAULT_RESULTS and not path.is_file():
        return None
    return read_conformance(path)


def shown_evidence() -> Evidence:
    """Return the shown run and the shown conformance results, for the table of claims."""
    return Evidence(shown_run(), shown_results())


def shown_article(analysis: Analysis) -> pd.DataFrame:
    """Return the figures of an article beside those of the run; empty if nobody wrote them down."""
    path = Path(os.environ.get("PHANTOM_PAPER", ROOT / "notebooks" / "paper.toml"))
    return beside(analysis, read_article(path))


def picture(analysis: Analysis, name: str) -> str:
    """Return one figure of the gallery as SVG."""
    exhibit = next(each for each in EXHIBITS if each.name == name)
    with style():
        figure = exhibit.draw(analysis, WIDE_IN)
        settle(figure)
        return svg_text(figure)


def caption(name: str) -> str:
    """Return the caption of a figure of the gallery."""
    return next(each.caption for each in EXHIBITS if each.name == name)
