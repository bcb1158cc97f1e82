"""The gallery: every figure with its title, its caption and a description for readers who do not see it."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from reports.analysis import Analysis
from reports.figures.canvas import NARROW_IN, WIDE_IN, inline_svg, save, settle, style
from reports.figures.distributions import draw_distributions
from reports.figures.forest import draw_forest
from reports.figures.load import draw_load, has_load
from reports.figures.parts import draw_parts
from reports.figures.rounds import draw_rounds
from reports.prose import agreement_sentence, headline, ms_text, phase_sentence, ratio_text


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One figure of the report."""

    name: str
    title: str
    caption: str
    draw: Callable[[Analysis, float], Figure]
    describe: Callable[[Analysis], str]
    applies: Callable[[Analysis], bool] = lambda _: True


def _describe_forest(analysis: Analysis) -> str:
    rows = analysis.main.findings if analysis.main else ()
    effects = (f"{f.effect.operation} {ratio_text(f.effect.ratio)}, {f.word}" for f in rows)
    return f"{headline(analysis)} {'; '.join(effects)}."


def _describe_parts(analysis: Analysis) -> str:
    if analysis.main is None:
        return "No pair of arms was measured."
    rows = (
        f"{each.operation} {ms_text(each.client_ms, signed=True)} ms at the client, "
        f"{ms_text(each.server_ms, signed=True)} ms in the server"
        for each in analysis.main.decompositions
    )
    return f"{agreement_sentence(analysis.main)} {'; '.join(rows)}."


def _describe_rounds(analysis: Analysis) -> str:
    rows = analysis.main.findings if analysis.main else ()
    return f"Ratios of {max((f.effect.n for f in rows), default=0)} rounds for {len(rows)} operations."


def _describe_distributions(analysis: Analysis) -> str:
    medians = (
        f"{each.operation} {each.arm} {each.percentiles[0].text} ms"
        for each in analysis.times
        if each.clock == analysis.run.clock
    )
    return f"Medians: {'; '.join(medians)}."


def _describe_load(analysis: Analysis) -> str:
    return " ".join(phase_sentence(each) for each in analysis.phases if each.run.phase.is_open)


EXHIBITS = (
    Exhibit(
        "forest",
        "What each operation pays",
        "Ratio of medians with its exact 95 % interval. The grey band is the noise floor: how far two "
        "identical arms differ by chance. The thin line is the margin of the operation.",
        draw_forest,
        _describe_forest,
    ),
    Exhibit(
        "parts",
        "Where the time goes",
        "What each part of the server adds according to Server-Timing, beside the difference that the client "
        "saw. Medians of parts need not add up; what is left over is called outside.",
        draw_parts,
        _describe_parts,
    ),
    Exhibit(
        "rounds",
        "Round by round",
        "One point per round. Drift, outliers and the effect of a restart show here; the estimate is the "
        "line. Triangles lie outside their panel.",
        draw_rounds,
        _describe_rounds,
    ),
    Exhibit(
        "distributions",
        "All requests",
        "Share of requests that took at most so long, up to the 99th percentile.",
        draw_distributions,
        _describe_distributions,
    ),
    Exhibit(
        "load",
        "Under load",
        "Requests arrive at random, whether earlier ones have been answered or not. Latency counts from the "
        "moment when a request was due, service time from when it was sent: what lies between is waiting.",
        draw_load,
        _describe_load,
        has_load,
    ),
)


@dataclass(frozen=True, slots=True)
class Drawing:
    """An exhibit as drawn from one analysis, for a wide and for a narrow screen."""

    exhibit: Exhibit
    description: str
    wide: Figure
    narrow: Figure

    def inline(self) -> dict[str, str]:
        """Return both drawings as SVG elements for a page, by width."""
        name, title = self.exhibit.name, html.escape(self.exhibit.title)
        description = html.escape(self.description)
        with style():
            return {
                "wide": inline_svg(self.wide, f"{name}-wide", title, description),
                "narrow": inline_svg(self.narrow, f"{name}-narrow", title, description),
            }


def draw_gallery(analysis: Analysis) -> list[Drawing]:
    """Draw every figure."""
    with style():
        drawings = [
            Drawing(
                each, each.describe(analysis), each.draw(analysis, WIDE_IN), each.draw(analysis, NARROW_IN)
            )
            for each in EXHIBITS
            if each.applies(analysis)
        ]
        for drawing in drawings:
            settle(drawing.wide)
            settle(drawing.narrow)
    return drawings


def write_figures(drawings: Sequence[Drawing], folder: Path) -> None:
    """Write every figure as SVG, PNG and PDF into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with style():
        for drawing in drawings:
            save(drawing.wide, folder / drawing.exhibit.name)
