"""The growth figure: time against the size of the archive, and the exponent of each arm's curve."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from reports.figures.canvas import MINUS, NARROW_IN, legend_below, log_ticks, panels
from reports.figures.palette import arm_colours
from reports.growth_curves import Curve

PANEL_IN = 1.5
LINE_PT = 11  # between two exponents beside a panel


def draw_growth(curves: Sequence[Curve], width_in: float) -> Figure:
    """Draw one panel per operation and selectivity, the exponents of the arms in their colours beside it."""
    names = list(dict.fromkeys(curve.panel for curve in curves))
    colours = arm_colours(tuple(dict.fromkeys(curve.arm for curve in curves)))
    figure, axes = panels(width_in, len(names), PANEL_IN)
    for panel, name in zip(axes, names, strict=True):
        for line, curve in enumerate(each for each in curves if each.panel == name):
            colour = colours[curve.arm].light
            panel.plot(curve.instances, curve.medians_ms, "o-", color=colour, markersize=3, linewidth=1.1)
            panel.annotate(
                f"{curve.exponent:+.2f}".replace("-", MINUS), (1, 1), (4, -LINE_PT * (line + 0.8)),
                "axes fraction", "offset points", color=colour, fontsize=8, annotation_clip=False,
            )  # fmt: skip
        _set_axes(panel, name, sorted({size for curve in curves for size in curve.instances}))
    figure.supxlabel("instances in the archive", fontsize=8.5)
    figure.supylabel("median, ms", fontsize=8.5)
    handles = [
        Line2D([], [], color=colour.light, marker="o", markersize=3, label=arm)
        for arm, colour in colours.items()
    ]
    legend_below(figure, handles, 4 if width_in > NARROW_IN else 2)
    return figure


def _set_axes(panel: Axes, name: str, sizes: Sequence[int]) -> None:
    panel.set_title(name)
    panel.set_xscale("log")
    panel.set_yscale("log")
    low, high = panel.get_ylim()
    panel.set_ylim(low / 1.2, high * 1.2)
    panel.xaxis.set_major_locator(FixedLocator(sizes))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda size, _: _short(size)))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_locator(FixedLocator(log_ticks(*panel.get_ylim())))
    panel.yaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.grid(axis="y")
    panel.tick_params(length=0)


def _short(size: float) -> str:
    """Return a size as a tick: 2k, 1M."""
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if size >= unit:
            return f"{size / unit:g}{name}"
    return f"{size:g}"
