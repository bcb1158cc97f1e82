"""What the machine and the two processes did while each arm was measured, from the blocks of a run.

The server's CPU time per request is compared like a time: within rounds, by Hodges and Lehmann's estimate.
It does not depend on how long a process waits for its CPU, and so it is the steadier of the two measures on
a machine that others share; it knows no single operations, because a block has them all.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.frames import arms_of
from reports.run import Run
from reports.stats import SignedRank


@dataclass(frozen=True, slots=True)
class Load:
    """One arm's valid blocks: medians, and the largest value where a limit applies; None is not recorded."""

    arm: str
    blocks: int
    invalid_blocks: int
    requests: int
    server_cpu_ms_per_request: float | None
    server_cpu_ratio: float | None  # to the baseline, with the ends of its 95 % interval
    server_cpu_low: float | None
    server_cpu_high: float | None
    sql_per_request: float | None  # the mean over all operations
    generator_cpu_ms_per_request: float | None
    generator_cpu_fraction: float | None
    involuntary_switches: float | None
    load1: float | None
    largest_rss_mb: float | None
    largest_steal_fraction: float | None
    largest_lag_p99_ms: float | None


def loads_of(run: Run, baseline: str) -> list[Load]:
    """Return what each arm's blocks say about the machine; nothing without blocks.parquet."""
    if run.blocks.empty:
        return []
    measured = set(run.blocks["arm"].astype(str))
    arms = [arm for arm in arms_of(run) if arm in measured]
    arms += sorted(measured - set(arms))
    sql = run.samples.groupby("arm", observed=True)["sql_n"].mean()
    return [_load(run.blocks, arm, baseline, _known(sql.get(arm))) for arm in arms]


def _load(blocks: pd.DataFrame, arm: str, baseline: str, sql_per_request: float | None) -> Load:
    own = blocks[blocks["arm"] == arm]
    good = own[own["valid"].astype(bool)]
    elapsed_ms = (good["ended_ns"] - good["started_ns"]) / 1e6
    ratio, low, high = _cpu_ratio(blocks, arm, baseline)
    return Load(
        arm=arm,
        blocks=len(good),
        invalid_blocks=len(own) - len(good),
        requests=int(good["requests"].sum()),
        server_cpu_ms_per_request=_median(good["server_cpu_ms"] / good["requests"]),
        server_cpu_ratio=ratio,
        server_cpu_low=low,
        server_cpu_high=high,
        sql_per_request=sql_per_request,
        generator_cpu_ms_per_request=_median(good["generator_cpu_ms"] / good["requests"]),
        generator_cpu_fraction=_median(good["generator_cpu_ms"] / elapsed_ms),
        involuntary_switches=_median(good["involuntary_switches"]),
        load1=_median(good["load1"]),
        largest_rss_mb=_largest(good["rss_bytes"] / 1e6),
        largest_steal_fraction=_largest(good["steal_fraction"]),
        largest_lag_p99_ms=_largest(good["lag_p99_ms"]),
    )


def _cpu_ratio(
    blocks: pd.DataFrame, arm: str, baseline: str
) -> tuple[float | None, float | None, float | None]:
    """Return the ratio of CPU time per request to the baseline's, and the ends of its interval."""
    if arm == baseline:
        return None, None, None
    good = blocks[blocks["valid"].astype(bool)].assign(
        cost=lambda all_: all_["server_cpu_ms"] / all_["requests"]
    )
    by_round = good.pivot_table(index="round", columns="arm", values="cost", observed=True)
    if not {arm, baseline} <= set(by_round.columns):
        return None, None, None
    both = by_round[[arm, baseline]].dropna()
    both = both[(both > 0).all(axis="columns")]  # a short block may be less than one tick of the clock
    if both.empty:
        return None, None, None
    rounds = SignedRank.of(np.log((both[arm] / both[baseline]).to_numpy(dtype=np.float64)))
    interval = rounds.interval()
    ends = (math.exp(interval.low), math.exp(interval.high)) if interval else (None, None)
    return math.exp(rounds.estimate), *ends


def _median(values: "pd.Series[float]") -> float | None:
    known = values.dropna()
    return None if known.empty else float(known.median())


def _largest(values: "pd.Series[float]") -> float | None:
    known = values.dropna()
    return None if known.empty else float(known.max())


def _known(value: float | None) -> float | None:
    """Return the value, None if pandas has none."""
    return None if value is None or pd.isna(value) else float(value)
