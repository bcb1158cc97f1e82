"""The forest plot: the ratio of each operation with its interval, beside noise floor and margin."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from reports.analysis import Analysis, PairFindings
from reports.figures.canvas import MINUS, NARROW_IN, TIMES, legend_below, new_figure
from reports.figures.palette import BAND, EXCEEDS, INCONCLUSIVE, INK, NULL, SOFT_INK, WITHIN, Colour
from reports.run import CLOCKS
from reports.verdicts import Finding, Verdict

# The ticks of the ratio, the most welcome first: one that would touch an earlier one is left out.
TICKS = (1.0, 1.1, 2.0, 1.5, 1.25, 3.0, 5.0, 10.0, 20.0, 50.0, 0.9, 0.8, 0.67, 0.5, 0.25)
TICK_IN = 0.4
LABELS_IN = {True: 3.9, False: 1.8}  # what the labels of a wide and of a narrow figure take from its width
# verdict -> marker, colour, filled
LOOKS: dict[Verdict, tuple[str, Colour, bool]] = {
    Verdict.EXCEEDS: ("D", EXCEEDS, True),
    Verdict.WITHIN: ("o", WITHIN, True),
    Verdict.INCONCLUSIVE: ("o", INCONCLUSIVE, False),
}


def draw_forest(analysis: Analysis, width_in: float) -> Figure:
    """Draw the main pair in large, and `null` against the baseline, if measured, in small below each."""
    main = analysis.main
    rows = main.findings if main else ()
    figure = new_figure(width_in, 0.34 * len(rows) + 1.5)
    axes = figure.subplots()
    wide = width_in > NARROW_IN
    plumbing = _plumbing(analysis)
    for place, finding in enumerate(rows):
        _draw_row(axes, place, finding)
        if other := plumbing.get(finding.effect.operation):
            _draw_small(axes, place + 0.3, other)
    _set_axes(axes, rows, [*rows, *plumbing.values()], width_in - LABELS_IN[wide])
    if main:
        axes.set_xlabel(f"{CLOCKS[analysis.run.clock]}, {main.pair}")
    if wide:
        _write_numbers(axes, rows)
    legend_below(figure, _legend(main, plumbing=bool(plumbing)), 3 if wide else 2)
    return figure


def _plumbing(analysis: Analysis) -> dict[str, Finding]:
    """Return the findings of `null` by operation, if it is not the main pair itself."""
    for each in analysis.pairs:
        if each is not analysis.main and each.pair.arm == "null" and each.pair.baseline == analysis.baseline:
            return {finding.effect.operation: finding for finding in each.findings}
    return {}


def _draw_row(axes: Axes, place: float, finding: Finding) -> None:
    if finding.noise_floor is not None:
        low, high = 1 / (1 + finding.noise_floor), 1 + finding.noise_floor
        axes.barh(place, high - low, 0.84, left=low, color=BAND.light, zorder=0.5)
    limit = 1 + finding.decision.margin
    axes.plot([limit, limit], [place - 0.42, place + 0.42], color=SOFT_INK.light, linewidth=1, zorder=1)
    marker, colour, filled = LOOKS[finding.verdict]
    if finding.effect.interval:
        ends = [finding.effect.interval.low, finding.effect.interval.high]
        axes.plot(ends, [place, place], color=colour.light, linewidth=1.8, solid_capstyle="butt", zorder=3)
    axes.plot(
        finding.effect.ratio,
        place,
        marker,
        markersize=5.5,
        markerfacecolor=colour.light if filled else BAND.light,
        markeredgecolor=colour.light,
        markeredgewidth=1.3,
        zorder=4,
    )


def _draw_small(axes: Axes, place: float, finding: Finding) -> None:
    if finding.effect.interval:
        ends = [finding.effect.interval.low, finding.effect.interval.high]
        axes.plot(ends, [place, place], color=NULL.light, linewidth=1, zorder=2)
    axes.plot(finding.effect.ratio, place, "|", color=NULL.light, markersize=5, zorder=2)


def _set_axes(axes: Axes, rows: tuple[Finding, ...], shown: list[Finding], axis_in: float) -> None:
    ends = [1 + finding.decision.margin for finding in shown] + [1 / 1.1]
    for finding in shown:
        interval = finding.effect.interval
        ends += [interval.low, interval.high] if interval else [finding.effect.ratio]
        ends += [1 / (1 + finding.noise_floor)] if finding.noise_floor else []
    axes.set_xscale("log")
    low, high = min(ends) / 1.03, max(ends) * 1.03
    axes.set_xlim(low, high)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.axvline(1, color=INK.light, linewidth=0.9, zorder=1.5)
    axes.set_yticks(range(len(rows)), [finding.effect.operation for finding in rows])
    axes.xaxis.set_major_locator(FixedLocator(_ticks(low, high, axis_in)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{TIMES}{value:g}"))
    axes.grid(axis="x", zorder=0)
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)


def _ticks(low: float, high: float, axis_in: float) -> list[float]:
    """Return the ticks between two ratios whose labels have room on an axis of that length."""
    room = math.log(high / low) / axis_in * TICK_IN
    chosen: list[float] = []
    for tick in TICKS:
        if low <= tick <= high and all(abs(math.log(tick / other)) >= room for other in chosen):
            chosen.append(tick)
    return chosen


def _write_numbers(axes: Axes, rows: tuple[Finding, ...]) -> None:
    """Write ratio, difference and verdict behind each row, in columns at fixed distances in points."""
    for row, finding in enumerate(rows):
        effect, colour = finding.effect, LOOKS[finding.verdict][1]
        delta = f"{effect.delta_ms:+.3f} ms".replace("-", MINUS)
        for text, points, side, ink in (
            (f"{TIMES}{effect.ratio:.2f}", 38, "right", INK),
            (delta, 96, "right", INK),
            (finding.word, 106, "left", colour),
        ):
            axes.annotate(
                text, (1, row), (points, 0), axes.get_yaxis_transform(), "offset points",
                ha=side, va="center", color=ink.light, annotation_clip=False,
            )  # fmt: skip


def _legend(main: PairFindings | None, *, plumbing: bool) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [
        Line2D(
            [], [], color=colour.light, marker=marker, markersize=5.5, linewidth=1.8, label=str(verdict),
            markerfacecolor=colour.light if filled else "none",
        )
        for verdict, (marker, colour, filled) in LOOKS.items()
    ]  # fmt: skip
    handles.append(Patch(color=BAND.light, label="noise floor (A/A)"))
    handles.append(
        Line2D([], [], color=SOFT_INK.light, marker="|", linestyle="none", markersize=9, label="margin")
    )
    if plumbing and main:
        label = f"null against {main.pair.baseline}"
        handles.append(Line2D([], [], color=NULL.light, marker="|", linewidth=1, label=label))
    return handles
