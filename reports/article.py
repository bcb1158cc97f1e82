"""Figures of an article beside ours: a reader who has it writes its numbers into `paper.toml`.

We print no number of an article from memory. `notebooks/paper.example.toml` shows the form; a copy called
`paper.toml` beside it, or the file that `PHANTOM_PAPER` names, is read by the second notebook.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from reports.analysis import Analysis
from reports.effects import Effect
from reports.run import RunError
from reports.stats import Interval

QUANTITIES = ("ratio", "delta_ms", "arm_ms", "baseline_ms")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the article: a quantity of an operation, and where it stands."""

    operation: str
    arm: str
    baseline: str
    quantity: str
    value: float
    source: str


def read_article(path: Path) -> tuple[Figure, ...]:
    """Return the figures in the file, none if it is not there; RunError says what is wrong with it."""
    if not path.is_file():
        return ()
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("figure", [])
        return tuple(_figure(row) for row in rows)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError, ValueError) as error:
        raise RunError(f"{path}: {error}; notebooks/paper.example.toml shows the form") from None


def _figure(row: dict[str, object]) -> Figure:
    names = {each.name for each in fields(Figure)}
    if set(row) != names:
        raise ValueError(f"a figure has {', '.join(sorted(names))}, this one has {', '.join(sorted(row))}")
    if row["quantity"] not in QUANTITIES:
        raise ValueError(f"the quantity {row['quantity']!r} is none of {', '.join(QUANTITIES)}")
    texts = {name: str(row[name]) for name in names - {"value"}}
    return Figure(**texts, value=float(str(row["value"])))


def beside(analysis: Analysis, article: Sequence[Figure]) -> pd.DataFrame:
    """Return the article's figures beside ours, and whether they lie in our intervals, if there are any."""
    effects = {
        (found.effect.operation, pair.pair.arm, pair.pair.baseline): found.effect
        for pair in analysis.all_pairs
        for found in pair.findings
    }
    rows = [_row(each, effects.get((each.operation, each.arm, each.baseline))) for each in article]
    return pd.DataFrame(rows)


def _row(figure: Figure, effect: Effect | None) -> dict[str, object]:
    interval = _interval(effect, figure.quantity)
    return {
        "operation": figure.operation,
        "arm": figure.arm,
        "baseline": figure.baseline,
        "quantity": figure.quantity,
        "article": figure.value,
        "source": figure.source,
        "ours": getattr(effect, figure.quantity) if effect else None,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "article_in_our_interval": interval.contains(figure.value) if interval else None,
    }


def _interval(effect: Effect | None, quantity: str) -> Interval | None:
    if effect is None:
        return None
    return {"ratio": effect.interval, "delta_ms": effect.delta_interval_ms}.get(quantity)
