"""Phases: a run may ask its archives in several ways, one after the other, and each way is analysed alone.

A phase is a closed loop of some clients, or an open loop in which requests arrive at a rate. Rounds of
different phases are never compared with each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from reports.run import Phase, Run


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many requests per second an arm answered at most, and how that was found."""

    arm: str
    requests_per_s: float
    method: str


def by_phase(run: Run) -> Iterator[Run]:
    """Yield the run once per phase, holding the samples and blocks of that phase, in the order measured."""
    if "phase" not in run.blocks.columns or run.blocks["phase"].isna().all():
        yield run
        return
    measured = pd.unique(run.blocks["phase"].fillna(run.phase.name))
    told = {str(each.get("name")): each for each in run.document.get("phases", [])}
    names = [name for name in told if name in measured] + [name for name in measured if name not in told]
    for name in names:
        phase = _phase(str(name), told.get(str(name), {}))
        if len(names) == 1:
            yield replace(run, phase=phase)
            return
        blocks: pd.DataFrame = run.blocks[run.blocks["phase"].fillna(run.phase.name) == name]
        samples = run.samples[run.samples["block"].isin(blocks["block"])]
        if not samples.empty:
            yield replace(run, phase=phase, blocks=blocks, samples=samples)


def capacities_of(run: Run) -> tuple[Capacity, ...]:
    """Return the capacities that the campaign measured, as it recorded them."""
    found = run.document.get("capacity") or []
    rows = [found] if isinstance(found, dict) else found
    return tuple(
        Capacity(str(row["arm"]), float(row["requests_per_s"]), str(row.get("method", ""))) for row in rows
    )


def _phase(name: str, told: dict[str, Any]) -> Phase:
    """Return the phase as run.json tells it; without that, its name says whether it was an open loop."""
    rate, share = told.get("rate_per_s"), told.get("share_of_capacity")
    return Phase(
        name=name,
        is_open=str(told.get("loop", name)).startswith("open"),
        rate_per_s=float(rate) if rate else None,
        share_of_capacity=float(share) if share else None,
        rounds=told.get("rounds"),
    )
