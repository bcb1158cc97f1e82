"""Growth curves: how the time of an operation rises with the archive, as an exponent with its interval.

A growth run holds `growth.parquet` (or `growth.csv`): one row per operation, arm, selectivity, size and
round, with the median of the round. If time grows like n to the power b, then b is the slope of ln(time) over
ln(n): 0 for a lookup, 1 for a walk through everything. The slope is taken in each round and estimated over
rounds like any effect (`reports.stats`). The slope between the two largest archives stands beside it, because
a curve that only begins to rise has a small slope over all.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from reports.frames import ARM_ORDER, ordered
from reports.run import RunError
from reports.stats import Floats, Interval, SignedRank

COLUMNS = ("instances", "arm", "selectivity", "operation", "round", "median_ms")
LEAST_SIZES = 2


@dataclass(frozen=True, slots=True)
class Curve:
    """One operation of one arm as seen by one caller: times by size, and how they grow."""

    operation: str
    arm: str
    selectivity: float | None  # the share of the studies that the caller sees
    instances: tuple[int, ...]
    medians_ms: tuple[float, ...]  # over the rounds of each size
    rounds: int
    exponent: float
    interval: Interval | None
    last_exponent: float  # between the two largest sizes

    @property
    def by_size(self) -> dict[int, float]:
        """The median time at each size."""
        return dict(zip(self.instances, self.medians_ms, strict=True))

    @property
    def panel(self) -> str:
        """What the curve shows, whatever the arm: operation and selectivity."""
        seen = "" if self.selectivity is None else f", {100 * self.selectivity:g} % seen"
        return f"{self.operation}{seen}"


def read_growth(folder: Path) -> pd.DataFrame:
    """Return the rows of a growth run; RunError says what keeps them from being read."""
    for name, read in (("growth.parquet", pd.read_parquet), ("growth.csv", pd.read_csv)):
        if (folder / name).is_file():
            rows = read(folder / name)
            if lacking := [column for column in COLUMNS if column not in rows.columns]:
                raise RunError(f"{folder / name} lacks the columns {', '.join(lacking)}")
            return rows
    raise RunError(f"{folder} holds no growth.parquet; nox -s growth makes such a run")


def curves_of(rows: pd.DataFrame) -> list[Curve]:
    """Return a curve for each operation, selectivity and arm that was measured at two sizes or more."""
    arms = ordered(set(rows["arm"].astype(str)), ARM_ORDER)
    found = []
    keys = ["operation", "selectivity", "arm"]
    for (operation, selectivity, arm), group in rows.groupby(keys, dropna=False, sort=False):
        table = group.pivot_table(index="round", columns="instances", values="median_ms").dropna()
        if len(table.columns) >= LEAST_SIZES and len(table):
            seen = float(str(selectivity))  # not a number where selectivity makes no sense
            found.append(_curve(str(operation), str(arm), None if math.isnan(seen) else seen, table))
    operations = list(dict.fromkeys(rows["operation"].astype(str)))
    return sorted(
        found,
        key=lambda each: (operations.index(each.operation), each.selectivity or 0, arms.index(each.arm)),
    )


def _curve(operation: str, arm: str, selectivity: float | None, table: pd.DataFrame) -> Curve:
    sizes = np.array([float(size) for size in table.columns])
    times = table.to_numpy(dtype=np.float64)
    slopes = SignedRank.of(_slopes(sizes, times))
    medians = np.median(times, axis=0)
    return Curve(
        operation=operation,
        arm=arm,
        selectivity=selectivity,
        instances=tuple(int(size) for size in sizes),
        medians_ms=tuple(medians.tolist()),
        rounds=len(table),
        exponent=slopes.estimate,
        interval=slopes.interval(),
        last_exponent=float(_slopes(sizes[-2:], medians[None, -2:])[0]),
    )


def _slopes(sizes: Floats, times: Floats) -> Floats:
    """Return the least-squares slope of ln(time) over ln(size) of each row."""
    places = np.log(sizes) - np.log(sizes).mean()
    slopes: Floats = np.log(times) @ places / (places @ places)
    return slopes


def growth_table(curves: Sequence[Curve]) -> pd.DataFrame:
    """Return one row per curve: exponents, and the median time at every size."""
    plain = [each.name for each in fields(Curve) if each.name not in {"instances", "medians_ms", "interval"}]
    rows = []
    for curve in curves:
        low, high = (curve.interval.low, curve.interval.high) if curve.interval else (None, None)
        told = {name: value for name, value in asdict(curve).items() if name in plain}
        times = {f"ms_at_{size}": ms for size, ms in curve.by_size.items()}
        rows.append(told | {"low": low, "high": high} | times)
    return pd.DataFrame(rows)
