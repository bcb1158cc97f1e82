"""The distributions: which share of an operation's requests took at most how long, per arm."""

from typing import Literal

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from reports.analysis import Analysis
from reports.figures.canvas import NARROW_IN, legend_below, log_ticks, panels
from reports.figures.palette import arm_colours
from reports.run import CLOCKS

PANEL_IN = 1.35


def draw_distributions(analysis: Analysis, width_in: float) -> Figure:
    """Draw one panel per operation: the distribution of times up to the 99th percentile."""
    figure, axes = panels(width_in, max(1, len(analysis.operations)), PANEL_IN)
    colours = arm_colours(analysis.arms)
    for panel, operation in zip(axes, analysis.operations, strict=False):
        for curve in (each for each in analysis.curves if each.operation == operation):
            line, colour = _line(curve.arm, analysis.baseline), colours[curve.arm].light
            panel.plot(curve.times_ms, curve.fractions, line, color=colour, linewidth=1.2)
        panel.set_title(operation)
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(FixedLocator(log_ticks(*panel.get_xlim())))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.set_ylim(0, 1)
        panel.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])
        panel.grid(axis="y")
        panel.tick_params(length=0)
    figure.supxlabel(f"{CLOCKS[analysis.run.clock]}, ms", fontsize=8.5)
    handles = [
        Line2D([], [], color=colours[arm].light, label=arm, linestyle=_line(arm, analysis.baseline))
        for arm in analysis.arms
    ]
    legend_below(figure, handles, len(handles) if width_in > NARROW_IN else 2)
    return figure


def _line(arm: str, baseline: str) -> Literal["-", "--"]:
    """Return the line style of an arm: the twin is dashed, so that the baseline shows below it."""
    return "--" if arm == f"{baseline}2" else "-"
