"""The analysis of a run: everything that tables, figures, report and notebooks show, computed once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reports.decomposition import Decomposition, SpanMedian, decompose, span_medians
from reports.effects import Pair, estimate_effects
from reports.frames import arms_of, operations_of, round_medians
from reports.machine import Load, loads_of
from reports.metrics import Count, Curve, Failure, Times, counts_of, curves_of, failures_of, times_of
from reports.run import Run, RunError, find_run, read_run
from reports.verdicts import Finding, Margin, judge


@dataclass(frozen=True, slots=True)
class PairFindings:
    """The findings of one pair of arms, in the order of the operations."""

    pair: Pair
    findings: tuple[Finding, ...]
    decompositions: tuple[Decomposition, ...]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found in a run."""

    run: Run
    margin: Margin
    baseline: str
    arms: tuple[str, ...]
    operations: tuple[str, ...]
    twin: PairFindings | None  # the A/A pair
    pairs: tuple[PairFindings, ...]  # all others
    spans: tuple[SpanMedian, ...]
    times: tuple[Times, ...]
    counts: tuple[Count, ...]
    failures: tuple[Failure, ...]
    curves: tuple[Curve, ...]
    loads: tuple[Load, ...]
    missing: tuple[str, ...]

    @property
    def main(self) -> PairFindings | None:
        """The pair that answers the question: `on` against the baseline, else the last arm against it."""
        against = [each for each in self.pairs if each.pair.baseline == self.baseline]
        return next((each for each in against if each.pair.arm == "on"), against[-1] if against else None)

    @property
    def all_pairs(self) -> tuple[PairFindings, ...]:
        """The A/A pair, if there is one, and the others."""
        return (*((self.twin,) if self.twin else ()), *self.pairs)


def analyse_run(name: str | Path, margin: Margin = Margin(), baseline: str = "off") -> Analysis:  # noqa: B008  frozen
    """Read the run of that name or path and analyse it; RunError says what keeps it from being read."""
    return analyse(read_run(find_run(str(name))), margin, baseline)


def analyse(run: Run, margin: Margin, baseline: str) -> Analysis:
    """Compare all arms of a run with the baseline, and `on` with `null`."""
    arms, operations = arms_of(run), operations_of(run)
    if baseline not in arms:
        raise RunError(f"the baseline {baseline!r} was not measured; --baseline can be {', '.join(arms)}")
    medians = round_medians(run)
    twin_pair = Pair(f"{baseline}2", baseline)
    twins = {each.operation: each for each in estimate_effects(medians, operations, twin_pair, run.clock)}

    def found(pair: Pair) -> PairFindings:
        findings = judge(estimate_effects(medians, operations, pair, run.clock), margin, twins)
        return PairFindings(pair, tuple(findings), tuple(decompose(medians, operations, pair, twin_pair)))

    others = [Pair(arm, baseline) for arm in arms if arm not in (baseline, twin_pair.arm)]
    if {"on", "null"} <= set(arms) - {baseline}:
        others.append(Pair("on", "null"))
    return Analysis(
        run=run,
        margin=margin,
        baseline=baseline,
        arms=tuple(arms),
        operations=tuple(operations),
        twin=found(twin_pair) if twins else None,
        pairs=tuple(found(pair) for pair in others),
        spans=tuple(span_medians(medians)),
        times=tuple(times_of(run)),
        counts=tuple(counts_of(run)),
        failures=tuple(failures_of(run)),
        curves=tuple(curves_of(run)),
        loads=tuple(loads_of(run)),
        missing=(*run.missing, *_missing(run, medians, arms, operations, twin=bool(twins))),
    )


def _missing(
    run: Run, medians: pd.DataFrame, arms: Sequence[str], operations: Sequence[str], *, twin: bool
) -> list[str]:
    """Return a sentence for everything that the campaign planned and the run does not hold."""
    campaign = run.document.get("campaign", {})
    planned_arms = {str(arm["name"]) for arm in campaign.get("arms", [])}
    planned_operations = {*campaign.get("reads", {}), *campaign.get("writes", {})}
    sentences = [f"Arm {name} was planned and not measured." for name in sorted(planned_arms - set(arms))]
    lacking = sorted(planned_operations - set(operations))
    sentences += [f"Operation {name} was planned and never succeeded." for name in lacking]
    index = medians.index
    measured = set(zip(index.get_level_values("operation"), index.get_level_values("arm"), strict=True))
    sentences += [
        f"Operation {operation} has no successful request in arm {arm}."
        for operation in operations
        for arm in arms
        if (operation, arm) not in measured
    ]
    rounds = len(set(index.get_level_values("round")))
    if rounds < int(campaign.get("rounds", rounds)):
        sentences.append(f"{rounds} of {campaign['rounds']} planned rounds were measured.")
    if not twin:
        sentences.append("There is no twin of the baseline, so the noise floor is unknown.")
    return sentences
