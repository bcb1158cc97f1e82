"""What the machine and the two processes did while each arm was measured, from the blocks of a run."""

from dataclasses import dataclass

import pandas as pd

from reports.frames import ARM_ORDER, ordered
from reports.run import Run


@dataclass(frozen=True, slots=True)
class Load:
    """One arm's valid blocks: medians, and the largest value where a limit applies; None is not recorded."""

    arm: str
    blocks: int
    invalid_blocks: int
    requests: int
    server_cpu_ms_per_request: float | None
    generator_cpu_fraction: float | None
    involuntary_switches: float | None
    load1: float | None
    largest_rss_mb: float | None
    largest_steal_fraction: float | None
    largest_lag_p99_ms: float | None


def loads_of(run: Run) -> list[Load]:
    """Return what each arm's blocks say about the machine; nothing without blocks.parquet."""
    if run.blocks.empty:
        return []
    arms = ordered(set(run.blocks["arm"].astype(str)), ARM_ORDER)
    return [_load(arm, run.blocks[run.blocks["arm"] == arm]) for arm in arms]


def _load(arm: str, blocks: pd.DataFrame) -> Load:
    good = blocks[blocks["valid"].astype(bool)]
    elapsed_ms = (good["ended_ns"] - good["started_ns"]) / 1e6
    return Load(
        arm=arm,
        blocks=len(good),
        invalid_blocks=len(blocks) - len(good),
        requests=int(good["requests"].sum()),
        server_cpu_ms_per_request=_median(good["server_cpu_ms"] / good["requests"]),
        generator_cpu_fraction=_median(good["generator_cpu_ms"] / elapsed_ms),
        involuntary_switches=_median(good["involuntary_switches"]),
        load1=_median(good["load1"]),
        largest_rss_mb=_largest(good["rss_bytes"] / 1e6),
        largest_steal_fraction=_largest(good["steal_fraction"]),
        largest_lag_p99_ms=_largest(good["lag_p99_ms"]),
    )


def _median(values: "pd.Series[float]") -> float | None:
    known = values.dropna()
    return None if known.empty else float(known.median())


def _largest(values: "pd.Series[float]") -> float | None:
    known = values.dropna()
    return None if known.empty else float(known.max())
