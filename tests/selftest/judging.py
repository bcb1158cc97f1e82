"""Counts over many small campaigns of known truth: whether it is covered, and what the verdicts are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from reports.effects import Pair, estimate_effects
from reports.verdicts import Margin, Verdict, judge

DELAYED, TWINS = Pair("on", "off"), Pair("off2", "off")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many effects there were, how many intervals held the truth, how many verdicts are `exceeds`."""

    effects: int
    covered: int
    exceeding: int


def tally(
    campaigns: Iterable[pd.DataFrame], operations: Sequence[str], pair: Pair, truth_ms: float, family: int
) -> Tally:
    """Judge each campaign of round medians; `family` operations at a time share Holm's correction."""
    effects = covered = exceeding = 0
    for medians in campaigns:
        for start in range(0, len(operations), family):
            found = judge(estimate_effects(medians, operations[start : start + family], pair), Margin(), {})
            for finding in found:
                interval = finding.effect.delta_interval_ms
                effects += 1
                covered += interval is not None and interval.contains(truth_ms)
                exceeding += finding.verdict is Verdict.EXCEEDS
    return Tally(effects, covered, exceeding)
