"""report.html: one file without scripts or outside references, for a phone and a desk, in light and in dark.

Each figure stands in it twice, drawn for a wide and for a narrow screen, and CSS shows the one that fits; so
text has the same size as the text around it on both.
"""

from collections.abc import Sequence

import jinja2

from reports import prose
from reports.analysis import Analysis
from reports.decomposition import PARTS
from reports.figures.palette import ALL
from reports.gallery import Drawing
from reports.metrics import SAMPLES_NEEDED
from reports.run import CLOCKS
from reports.verdicts import Finding


def render_page(analysis: Analysis, drawings: Sequence[Drawing]) -> str:
    """Return the report as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reports", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["prose"] = prose
    return environment.get_template("page.html.jinja").render(
        analysis=analysis,
        run=analysis.run,
        document=analysis.run.document,
        main=analysis.main,
        exhibits={each.exhibit.name: each.exhibit for each in drawings},
        figures={each.exhibit.name: each.inline() for each in drawings},
        colours=ALL,
        clocks=CLOCKS,
        percentiles=tuple(SAMPLES_NEEDED.items()),
        times={(each.operation, each.arm, each.clock): each for each in analysis.times},
        counts={(each.operation, each.arm): each for each in analysis.counts},
        spans={(each.operation, each.arm, each.span): each.median_ms for each in analysis.spans},
        span_names=span_names(analysis),
        comparison=comparison_of(analysis),
    )


def span_names(analysis: Analysis) -> tuple[str, ...]:
    """Return the spans that some arm told, its total last."""
    told = {each.span for each in analysis.spans}
    return tuple(span for span in (*PARTS, "total") if span in told)


def comparison_of(analysis: Analysis) -> dict[str, dict[str, Finding]]:
    """Return the findings of every arm against the baseline, by operation and arm."""
    found: dict[str, dict[str, Finding]] = {}
    for pair in analysis.against_baseline:
        for finding in pair.findings:
            found.setdefault(finding.effect.operation, {})[pair.pair.arm] = finding
    return found


def write_page(analysis: Analysis, drawings: Sequence[Drawing]) -> None:
    """Write report.html into the run folder."""
    (analysis.run.path / "report.html").write_text(render_page(analysis, drawings), encoding="utf-8")
