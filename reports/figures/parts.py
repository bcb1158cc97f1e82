"""The decomposition: what each part of the server adds to an operation, beside what the client saw."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from reports.analysis import Analysis
from reports.decomposition import Decomposition
from reports.figures.canvas import NARROW_IN, legend_below, new_figure
from reports.figures.palette import INK, PARTS

ROW_IN = 0.27


def draw_parts(analysis: Analysis, width_in: float) -> Figure:
    """Draw a stacked bar per operation of the main pair, one panel per transaction with its own scale."""
    found = analysis.main.decompositions if analysis.main else ()
    groups: dict[str, list[Decomposition]] = {}
    for each in found:
        groups.setdefault(each.operation.partition("-")[0], []).append(each)
    heights = [ROW_IN * (len(rows) + 2.2) for rows in groups.values()] or [1.0]
    figure = new_figure(width_in, sum(heights) + (0.7 if width_in > NARROW_IN else 1.0))
    grid = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)
    for axes, (transaction, rows) in zip(grid.flat, groups.items(), strict=False):
        _draw_group(axes, transaction, rows)
    if found:
        grid.flat[-1].set_xlabel(f"added by {found[0].pair.arm} to {found[0].pair.baseline}, ms")
    told = {part.span for each in found for part in each.parts} | {"outside"}
    handles: list[Patch | Line2D] = [
        Patch(color=colour.light, label=part) for part, colour in PARTS.items() if part in told
    ]
    handles.append(
        Line2D(
            [], [], color=INK.light, marker="|", linestyle="none", markersize=10, label="seen by the client"
        )
    )
    legend_below(figure, handles, len(handles) if width_in > NARROW_IN else 3)
    return figure


def _draw_group(axes: Axes, transaction: str, rows: list[Decomposition]) -> None:
    for place, each in enumerate(rows):
        ends = {True: 0.0, False: 0.0}  # of the bar to the right of zero, and to the left
        values = {part.span: part.delta_ms for part in each.parts} | {"outside": each.outside_ms}
        for part, value in values.items():
            side = value >= 0
            axes.barh(place, value, 0.62, left=ends[side], color=PARTS[part].light)
            ends[side] += value
        axes.plot(
            [each.client_ms] * 2,
            [place - 0.42, place + 0.42],
            color=INK.light,
            linewidth=2,
            solid_capstyle="butt",
        )
    axes.set_title(transaction.upper())
    axes.set_yticks(range(len(rows)), [each.operation for each in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.axvline(0, color=INK.light, linewidth=0.9)
    axes.grid(axis="x")
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)
