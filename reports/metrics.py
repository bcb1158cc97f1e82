"""Descriptions of each arm by itself: percentiles, errors, SQL round trips, and what the machine did.

Nothing here compares arms; comparisons are made within rounds (`reports.effects`). A percentile is given only
where about a hundred requests lie beyond it: a 99th percentile that rests on three requests is an anecdote.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from reports.frames import arms_of, operations_of
from reports.run import DURATIONS, Run

# percentile -> the number of requests per arm that it needs
SAMPLES_NEEDED = {50.0: 1, 95.0: 2_000, 99.0: 10_000, 99.9: 100_000}
CURVE_POINTS = 120


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile of one arm and operation; `ms` is None where too few requests lie behind it."""

    percent: float
    n: int
    ms: float | None

    @property
    def text(self) -> str:
        """The cell of a table."""
        return f"n/a (n={self.n})" if self.ms is None else f"{self.ms:.3f}"


@dataclass(frozen=True, slots=True)
class Times:
    """The times of one arm and operation over all valid blocks."""

    operation: str
    arm: str
    clock: str  # service_ms, latency_ms or first_byte_ms
    percentiles: tuple[Percentile, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How often one arm carried out an operation, and at what cost in SQL round trips and bytes."""

    operation: str
    arm: str
    requests: int
    errors: int
    sql_least: int | None
    sql_median: float | None
    sql_most: int | None
    response_bytes: float | None  # median


@dataclass(frozen=True, slots=True)
class Failure:
    """A kind of request error, and how often it happened."""

    operation: str
    arm: str
    error: str
    requests: int


@dataclass(frozen=True, slots=True)
class Curve:
    """Quantiles of the compared time of one arm and operation, for a distribution plot."""

    operation: str
    arm: str
    fractions: tuple[float, ...]
    times_ms: tuple[float, ...]


def percentile(values: "pd.Series[float]", percent: float) -> Percentile:
    """Return the percentile of the values, or none if they are too few for it."""
    n = int(values.count())
    enough = n >= SAMPLES_NEEDED[percent]
    return Percentile(percent, n, float(values.quantile(percent / 100)) if enough else None)


def times_of(run: Run) -> list[Times]:
    """Return the percentiles of every clock, per operation and arm."""
    return [
        Times(operation, arm, clock, tuple(percentile(rows[clock], each) for each in SAMPLES_NEEDED))
        for operation, arm, rows in _groups(run)
        for clock in DURATIONS
    ]


def counts_of(run: Run) -> list[Count]:
    """Return requests, errors, SQL round trips and bytes, per operation and arm."""
    failed = run.samples[run.samples["error"].notna()]
    errors = failed.groupby(["operation", "arm"], observed=True).size()
    found = {
        (operation, arm): _count(operation, arm, rows, int(errors.get((operation, arm), 0)))
        for operation, arm, rows in _groups(run)
    }
    order = list(itertools.product(operations_of(run), arms_of(run)))
    for key in order:
        if key not in found and (wrong := int(errors.get(key, 0))):
            found[key] = _count(*key, None, wrong)
    return [found[key] for key in order if key in found]


def _count(operation: str, arm: str, rows: pd.DataFrame | None, errors: int) -> Count:
    if rows is None:
        return Count(operation, arm, errors, errors, None, None, None, None)
    sql, size = rows["sql_n"].dropna(), rows["response_bytes"].dropna()
    return Count(
        operation=operation,
        arm=arm,
        requests=len(rows) + errors,
        errors=errors,
        sql_least=None if sql.empty else int(sql.min()),
        sql_median=None if sql.empty else float(sql.median()),
        sql_most=None if sql.empty else int(sql.max()),
        response_bytes=None if size.empty else float(size.median()),
    )


def failures_of(run: Run) -> list[Failure]:
    """Return each kind of request error."""
    failed = run.samples[run.samples["error"].notna()]
    kinds = failed.groupby(["operation", "arm", "error"], observed=True).size().reset_index(name="requests")
    rows = kinds.astype({"operation": str, "arm": str, "error": str}).to_numpy().tolist()
    return [Failure(operation, arm, error, requests) for operation, arm, error, requests in rows]


def curves_of(run: Run) -> list[Curve]:
    """Return the distribution of the compared time up to its 99th percentile, per operation and arm."""
    fractions = tuple((number + 0.5) / CURVE_POINTS * 0.99 for number in range(CURVE_POINTS))
    return [
        Curve(operation, arm, fractions, tuple(rows[run.clock].quantile(list(fractions)).tolist()))
        for operation, arm, rows in _groups(run)
    ]


def _groups(run: Run) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield the requests that succeeded, per operation and arm, in the order of the report."""
    groups = run.successes.groupby(["operation", "arm"], observed=True)
    measured = set(groups.groups)
    for operation, arm in itertools.product(operations_of(run), arms_of(run)):
        if (operation, arm) in measured:  # one group at a time: all of them are a copy of the run
            yield operation, arm, groups.get_group((operation, arm))
