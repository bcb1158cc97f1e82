"""growth.html: the curves of a growth run, their exponents, and the times behind them."""

import json
from collections.abc import Sequence
from pathlib import Path

import jinja2

from reports import prose
from reports.figures.canvas import NARROW_IN, WIDE_IN, inline_svg, save, settle, style
from reports.figures.growth import draw_growth
from reports.figures.palette import ALL
from reports.growth_curves import Curve, growth_table

TITLE = "How times grow with the archive"


def write_growth(folder: Path, curves: Sequence[Curve]) -> None:
    """Write tables/growth.csv, the figure and growth.html into the run folder."""
    for name in ("tables", "figures"):
        (folder / name).mkdir(exist_ok=True)
    growth_table(curves).to_csv(
        folder / "tables" / "growth.csv", index=False, float_format="%.9g", lineterminator="\n"
    )
    figures = {}
    with style():
        for name, width_in in (("wide", WIDE_IN), ("narrow", NARROW_IN)):
            figure = draw_growth(curves, width_in)
            settle(figure)
            figures[name] = inline_svg(figure, f"growth-{name}", TITLE, describe(curves))
            if name == "wide":
                save(figure, folder / "figures" / "growth")
    (folder / "growth.html").write_text(render_growth(folder, curves, figures), encoding="utf-8")


def describe(curves: Sequence[Curve]) -> str:
    """Return what the figure shows, in words."""
    rows = (
        f"{curve.panel}, {curve.arm}: {prose.ms_text(curve.medians_ms[0])} ms at {curve.instances[0]:,} and "
        f"{prose.ms_text(curve.medians_ms[-1])} ms at {curve.instances[-1]:,} instances, exponent "
        f"{prose.ms_text(curve.exponent, 2)}"
        for curve in curves
    )
    return "; ".join(rows) + "."


def render_growth(folder: Path, curves: Sequence[Curve], figures: dict[str, str]) -> str:
    """Return the page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reports", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    document = folder / "run.json"
    facts = json.loads(document.read_text(encoding="utf-8")) if document.is_file() else {}
    return environment.get_template("growth.html.jinja").render(
        title=TITLE,
        prose=prose,
        curves=curves,
        sizes=sorted({size for curve in curves for size in curve.instances}),
        figures=figures,
        colours=ALL,
        document=facts,
        run=folder.name,
    )
