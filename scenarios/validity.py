"""Validity: what has to hold before a number may be believed.

A block that breaks a rule is measured once more; if the second attempt breaks one too, or the run as a
whole does, the run is invalid (exit code 4) and says by which rule. Rules are functions of recorded facts,
so that a reader can check them again from the run folder.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy import stats

from scenarios.blocks import Block
from scenarios.plan import Thresholds

AA_CONFIDENCE = 0.95


def block_faults(block: Block, limits: Thresholds) -> list[str]:
    """Return a sentence for each rule that a block breaks."""
    faults = []
    if block.errors > limits.errors:
        faults.append(
            f"request errors: {block.errors} of {block.requests} requests failed, {limits.errors} allowed"
        )
    if block.generator_cpu_fraction > limits.generator_cpu:
        faults.append(
            f"generator saturated: it used {block.generator_cpu_fraction:.0%} of its core, "
            f"{limits.generator_cpu:.0%} allowed"
        )
    allowed_ms = max(limits.lag_p99_ms, limits.lag_of_median * block.least_median_ms)
    if block.lag_p99_ms > allowed_ms:
        faults.append(f"schedule lag: its p99 is {block.lag_p99_ms:.2f} ms, {allowed_ms:.2f} ms allowed")
    if block.steal_fraction > limits.steal:
        faults.append(f"steal: {block.steal_fraction:.1%} of CPU time was stolen, {limits.steal:.1%} allowed")
    return faults


def rate_faults(rate_per_s: float, capacity_per_s: float, limits: Thresholds) -> list[str]:
    """Return a sentence if an open loop asks for more than the generator may send; a slow run is no answer.

    The capacity is that of one core of the generator for small requests; larger ones cost more, and are
    caught block by block.
    """
    if rate_per_s <= limits.generator_cpu * capacity_per_s:
        return []
    share = f"{limits.generator_cpu:.0%}"
    return [
        f"generator: {rate_per_s:.0f} requests/s asked of {share} of a core that sends {capacity_per_s:.0f}"
    ]


@dataclass(frozen=True, slots=True)
class TwinResult:
    """The A/A comparison of one operation: ratio of the twins' medians with its simultaneous interval."""

    operation: str
    rounds: int
    ratio: float
    low: float
    high: float

    def agrees(self, bias: float) -> bool:
        """Tell whether the interval contains a ratio that lies within the tolerated bias of 1."""
        return self.low <= 1 + bias and self.high >= 1 / (1 + bias)


Medians = Mapping[tuple[int, str], Mapping[str, float]]  # (round, arm) -> median in ms


def compare_twins(medians: Medians, arm: str, twin: str) -> list[TwinResult]:
    """Return the A/A comparison per operation: t intervals on the per-round log ratios.

    The intervals hold simultaneously (Bonferroni): fourteen 95 % intervals would fail half of all sound runs.
    """
    rounds = sorted({number for number, name in medians if name == arm and (number, twin) in medians})
    operations = sorted({each for number in rounds for each in medians[number, arm]})
    results = []
    for operation in operations:
        ratios = [
            math.log(medians[number, twin][operation] / medians[number, arm][operation])
            for number in rounds
            if operation in medians[number, arm] and operation in medians[number, twin]
        ]
        if len(ratios) < 2:  # noqa: PLR2004  no spread, no interval
            continue
        center = statistics.fmean(ratios)
        tail = (1 - AA_CONFIDENCE) / 2 / len(operations)
        quantile = float(stats.t.ppf(1 - tail, len(ratios) - 1))
        half = quantile * statistics.stdev(ratios) / math.sqrt(len(ratios))
        results.append(
            TwinResult(
                operation, len(ratios), math.exp(center), math.exp(center - half), math.exp(center + half)
            )
        )
    return results


def twin_faults(results: Sequence[TwinResult], limits: Thresholds) -> list[str]:
    """Return a sentence for each operation in which two identical arms differ."""
    return [
        f"A/A: {result.operation} differs between identical arms, ratio {result.ratio:.3f} "
        f"({result.low:.3f} to {result.high:.3f})"
        for result in results
        if not result.agrees(limits.aa_bias)
    ]
