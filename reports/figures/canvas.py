"""The canvas of a figure: style, sizes, and files that are the same bytes for the same data."""

import io
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reports.figures.palette import ALL, INK, PAPER, RULE, SOFT_INK

WIDE_IN, NARROW_IN = 8.6, 3.9
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
STYLE: Any = {  # matplotlib's stubs accept literal keys alone
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK.light,
    "axes.labelcolor": SOFT_INK.light,
    "axes.labelsize": 8.5,
    "axes.edgecolor": RULE.light,
    "axes.facecolor": "none",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "figure.facecolor": PAPER.light,
    "text.color": INK.light,
    "xtick.color": RULE.light,
    "ytick.color": RULE.light,
    "xtick.labelcolor": SOFT_INK.light,
    "ytick.labelcolor": INK.light,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "grid.color": RULE.light,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "svg.fonttype": "none",
    "svg.hashsalt": "dicomweb-phantom",
    "pdf.fonttype": 42,
}
# Files carry no dates, so that the same run gives the same bytes.
METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
PNG_DPI = 150
# The most welcome first: a tick that would touch an earlier one is left out.
ROUND_DIGITS = (1, 2, 5, 3, 7, 1.5, 4, 6, 8, 9, 1.2, 2.5, 1.1, 1.3, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5)
_ID = re.compile(r'\bid="([^"]+)"')
_REFERENCE = re.compile(r'(url\(#|href="#)([^)"]+)')


@contextmanager
def style() -> Iterator[None]:
    """Draw and save in the style of the report."""
    with mpl.rc_context(STYLE):
        yield


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure that no global state knows."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def panels(width_in: float, count: int, height_in: float) -> tuple[Figure, list[Axes]]:
    """Return a figure of that many panels, three beside each other, or two where it is narrow."""
    columns = min(count, 3 if width_in > NARROW_IN else 2)
    rows = -(-count // columns)
    figure = new_figure(width_in, rows * height_in + 0.6)
    grid = figure.subplots(rows, columns, squeeze=False)
    axes = list(grid.flat)
    for spare in axes[count:]:
        spare.set_axis_off()
    return figure, axes[:count]


def log_ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Return round numbers between two positive ones, no closer on a log axis than `most` of them allow."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    room = math.log(high / low) / most
    chosen: list[float] = []
    for digit in ROUND_DIGITS:
        for decade in decades:
            tick = float(f"{digit}e{decade}")
            if low <= tick <= high and all(abs(math.log(tick / other)) >= room for other in chosen):
                chosen.append(tick)
    return sorted(chosen)


def legend_below(figure: Figure, handles: Sequence[Any], columns: int) -> None:
    """Put a legend below all panels."""
    figure.legend(handles=list(handles), loc="outside lower left", ncols=columns, handlelength=1.6)


def settle(figure: Figure) -> None:
    """Lay the figure out once; every later file then takes this layout, which is most of the drawing time."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def save(figure: Figure, stem: Path) -> None:
    """Write the figure as SVG, PNG and PDF."""
    for suffix, metadata in METADATA.items():
        figure.savefig(stem.with_suffix(f".{suffix}"), dpi=PNG_DPI, metadata=metadata)


def svg_text(figure: Figure) -> str:
    """Return the figure as an SVG element without a background."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=METADATA["svg"], transparent=True)
    svg = buffer.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :].strip(), flags=re.DOTALL)


def inline_svg(figure: Figure, name: str, title: str, description: str) -> str:
    """Return the figure as an SVG element for a page: named, described, its colours as CSS variables.

    Identifiers get the name as a prefix, because all figures of a page share one space of identifiers.
    """
    svg = svg_text(figure)
    svg = _ID.sub(rf'id="{name}-\1"', svg)
    svg = _REFERENCE.sub(rf"\1{name}-\2", svg)
    for colour in ALL:
        svg = svg.replace(colour.light, f"var({colour.variable})")
    labels = f'role="img" aria-labelledby="{name}-title {name}-description"'
    head, body = svg.split(">", 1)
    head = re.sub(r'\s(?:width|height)="[^"]*pt"', "", head)
    return (
        f'{head} {labels}><title id="{name}-title">{title}</title>'
        f'<desc id="{name}-description">{description}</desc>{body}'
    )
