"""The load: what users see as requests arrive faster, latency beside service time."""

from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from reports.analysis import Analysis
from reports.figures.canvas import NARROW_IN, legend_below, log_ticks, panels
from reports.figures.palette import SOFT_INK, arm_colours
from reports.metrics import Percentile

PANEL_IN = 1.45
Line = Literal["-", "--", ":"]
# clock, percentile -> line and marker
LINES: dict[tuple[str, float], tuple[Line, str]] = {
    ("latency_ms", 95.0): ("--", "^"),
    ("latency_ms", 50.0): ("-", "o"),
    ("service_ms", 50.0): (":", ""),
}
LABELS = {
    ("latency_ms", 95.0): "95th percentile of latency",
    ("latency_ms", 50.0): "median latency",
    ("service_ms", 50.0): "median service time",
}


def has_load(analysis: Analysis) -> bool:
    """Tell whether requests arrived at known rates."""
    return any(each.run.phase.is_open and each.run.phase.rate_per_s for each in analysis.phases)


def draw_load(analysis: Analysis, width_in: float) -> Figure:
    """Draw one panel per operation: times of every arm against the rate of arrivals."""
    phases = sorted(
        (each for each in analysis.phases if each.run.phase.is_open and each.run.phase.rate_per_s),
        key=lambda each: each.run.phase.rate_per_s or 0.0,
    )
    operations = list(dict.fromkeys(name for phase in phases for name in phase.operations))
    arms = tuple(dict.fromkeys(arm for phase in phases for arm in phase.arms))
    figure, axes = panels(width_in, max(1, len(operations)), PANEL_IN)
    colours = arm_colours(arms)
    for panel, operation in zip(axes, operations, strict=False):
        for arm in arms:
            for (clock, percent), (line, marker) in LINES.items():
                points = _points(phases, operation, arm, clock, percent)
                panel.plot(
                    *zip(*points, strict=True) if points else ((), ()),
                    line, color=colours[arm].light, marker=marker, markersize=3, linewidth=1.1,
                )  # fmt: skip
        _set_axes(panel, operation)
    figure.supxlabel("arrivals per second", fontsize=8.5)
    figure.supylabel("ms", fontsize=8.5)
    handles = [Line2D([], [], color=colours[arm].light, label=arm) for arm in arms]
    handles += [
        Line2D([], [], color=SOFT_INK.light, linestyle=line, marker=marker, markersize=3, label=LABELS[key])
        for key, (line, marker) in LINES.items()
    ]
    legend_below(figure, handles, 4 if width_in > NARROW_IN else 2)
    return figure


def _points(
    phases: list[Analysis], operation: str, arm: str, clock: str, percent: float
) -> list[tuple[float, float]]:
    """Return rate and time of each phase that measured it with enough requests."""
    points = []
    for phase in phases:
        for times in phase.times:
            if (times.operation, times.arm, times.clock) == (operation, arm, clock):
                found = _percentile(times.percentiles, percent)
                if found.ms is not None:
                    points.append((phase.run.phase.rate_per_s or 0.0, found.ms))
    return points


def _percentile(percentiles: tuple[Percentile, ...], percent: float) -> Percentile:
    return next(each for each in percentiles if each.percent == percent)


def _set_axes(panel: Axes, operation: str) -> None:
    panel.set_title(operation)
    panel.set_xlim(left=0)
    panel.set_yscale("log")
    panel.yaxis.set_major_locator(FixedLocator(log_ticks(*panel.get_ylim())))
    panel.yaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.grid(axis="y")
    panel.tick_params(length=0)
