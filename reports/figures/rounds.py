"""The rounds: each round's ratio, so that drift, outliers and restarts can be seen rather than believed."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from reports.analysis import Analysis
from reports.effects import Effect
from reports.figures.canvas import NARROW_IN, TIMES, legend_below, panels
from reports.figures.palette import OFF, RULE, SOFT_INK, Colour, arm_colours
from reports.stats import Floats

PANEL_IN = 1.35
REACH = 4.0  # points further than this many interquartile ranges from the median are drawn at the edge
EDGE = 0.03  # of the panel's height, between a triangle and the edge


def draw_rounds(analysis: Analysis, width_in: float) -> Figure:
    """Draw one panel per operation: the main pair, and the A/A pair around a ratio of 1."""
    effects = [finding.effect for finding in analysis.main.findings] if analysis.main else []
    twins = {each.effect.operation: each.effect for each in analysis.twin.findings} if analysis.twin else {}
    figure, axes = panels(width_in, max(1, len(effects)), PANEL_IN)
    starts = restart_rounds(analysis)
    colours = arm_colours(analysis.arms)
    for panel, effect in zip(axes, effects, strict=False):
        _draw_panel(panel, effect, twins.get(effect.operation), colours[effect.pair.arm], starts)
    handles = [
        Line2D([], [], color=OFF.light, marker="o", markersize=3, linestyle="none", markerfacecolor="none",
               label="A/A, twin against baseline"),
        Line2D([], [], color=SOFT_INK.light, linestyle=":", label="restart of the servers"),
    ]  # fmt: skip
    if effects:
        pair = effects[0].pair
        handles.insert(
            0,
            Line2D(
                [], [], color=colours[pair.arm].light, marker="o", markersize=3, label=f"{pair}, estimate"
            ),
        )
    legend_below(figure, handles, 3 if width_in > NARROW_IN else 1)
    return figure


def restart_rounds(analysis: Analysis) -> list[int]:
    """Return the rounds, other than the first, that began with new server processes."""
    blocks = analysis.run.blocks
    if blocks.empty:
        return []
    first = blocks.groupby("restart")["round"].min()
    return sorted(int(number) for number in first.iloc[1:])


def _draw_panel(axes: Axes, effect: Effect, twin: Effect | None, colour: Colour, starts: list[int]) -> None:
    shown = [effect, *((twin,) if twin else ())]
    low, high = _limits(np.concatenate([each.log_ratios for each in shown]))
    axes.set_title(effect.operation)
    axes.axhline(1, color=RULE.light, linewidth=0.9)
    for start in starts:
        axes.axvline(start - 0.5, color=SOFT_INK.light, linewidth=0.8, linestyle=":")
    if twin:
        _draw_points(axes, twin, OFF, low, high, filled=False)
    axes.axhline(effect.ratio, color=colour.light, linewidth=1.1)
    _draw_points(axes, effect, colour, low, high, filled=True)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{TIMES}{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.tick_params(length=0)


def _draw_points(
    axes: Axes, effect: Effect, colour: Colour, low: float, high: float, *, filled: bool
) -> None:
    """Draw the ratio of each round; what lies outside the panel is a triangle at its edge."""
    rounds = np.array([each.round for each in effect.rounds])
    ratios = np.exp(effect.log_ratios)
    inside = (ratios >= low) & (ratios <= high)
    face = colour.light if filled else "none"
    inset = (high / low) ** EDGE
    edges = (low * inset, high / inset)
    for marker, chosen, places in (
        ("o", inside, ratios),
        ("^", ratios > high, np.full_like(ratios, edges[1])),
        ("v", ratios < low, np.full_like(ratios, edges[0])),
    ):
        axes.plot(
            rounds[chosen], places[chosen], marker, markersize=3, markerfacecolor=face,
            markeredgecolor=colour.light, markeredgewidth=0.7,
        )  # fmt: skip


def _limits(log_ratios: Floats) -> tuple[float, float]:
    """Return the range of ratios to show: all of them, except those far outside."""
    lower, middle, upper = np.quantile(log_ratios, [0.25, 0.5, 0.75])
    reach = REACH * max(float(upper - lower), 0.005)
    near = log_ratios[np.abs(log_ratios - middle) <= reach]
    low, high = min(0.0, float(near.min())), max(0.0, float(near.max()))
    pad = 0.06 * max(high - low, 0.02)
    return float(np.exp(low - pad)), float(np.exp(high + pad))
