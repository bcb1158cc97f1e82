"""The analysis of a run: everything that tables, figures, report and notebooks show, computed once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reports.client import ClientCost, client_cost_of
from reports.decomposition import Decomposition, SpanMedian, decompose, span_medians
from reports.effects import Effect, Pair, estimate_effects
from reports.frames import arms_of, operations_of, round_medians, round_restarts
from reports.machine import Load, loads_of
from reports.metrics import Count, Curve, Failure, Times, counts_of, curves_of, failures_of, times_of
from reports.missing import missing_of
from reports.phases import Capacity, by_phase, capacities_of
from reports.run import Run, RunError, find_run, read_run
from reports.verdicts import Finding, Margin, judge

USUAL_BASELINE = "off"


@dataclass(frozen=True, slots=True)
class PairFindings:
    """The findings of one pair of arms, in the order of the operations."""

    pair: Pair
    findings: tuple[Finding, ...]
    decompositions: tuple[Decomposition, ...]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found in a run, or in one phase of it; its `run` holds no samples any more."""

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
    client: ClientCost
    capacities: tuple[Capacity, ...]
    further: tuple["Analysis", ...] = ()  # the phases after the first

    @property
    def main(self) -> PairFindings | None:
        """The pair that answers the question: `on` against the baseline, else the last arm against it."""
        against = self.against_baseline
        return next((each for each in against if each.pair.arm == "on"), against[-1] if against else None)

    @property
    def against_baseline(self) -> tuple[PairFindings, ...]:
        """Every arm against the baseline, but for the twin."""
        return tuple(each for each in self.pairs if each.pair.baseline == self.baseline)

    @property
    def all_pairs(self) -> tuple[PairFindings, ...]:
        """The A/A pair, if there is one, and the others."""
        return (*((self.twin,) if self.twin else ()), *self.pairs)

    @property
    def known_percentiles(self) -> tuple[float, ...]:
        """The percentiles for which some arm and operation have requests enough."""
        known = {each.percent for times in self.times for each in times.percentiles if each.ms is not None}
        return tuple(sorted(known))

    @property
    def phases(self) -> tuple["Analysis", ...]:
        """This phase and the further ones, in the order measured."""
        return (self, *self.further)


def analyse_run(name: str | Path, margin: Margin = Margin(), baseline: str | None = None) -> Analysis:  # noqa: B008  frozen
    """Read the run of that name or path and analyse it; RunError says what keeps it from being read."""
    return analyse(read_run(find_run(str(name))), margin, baseline)


def analyse(run: Run, margin: Margin, baseline: str | None = None) -> Analysis:
    """Compare all arms of a run with the baseline, and `on` with `null`, in each phase.

    Without a baseline it is `off`, or the first arm of the campaign where no arm is called that.
    """
    arms = arms_of(run)
    chosen = baseline or (USUAL_BASELINE if USUAL_BASELINE in arms else arms[0])
    if chosen not in arms:
        raise RunError(f"the baseline {chosen!r} was not measured; --baseline can be {', '.join(arms)}")
    first, *further = (_analyse_phase(phase, margin, chosen) for phase in by_phase(run))
    return replace(first, further=tuple(further))


def _analyse_phase(run: Run, margin: Margin, baseline: str) -> Analysis:
    arms, operations = arms_of(run), operations_of(run)
    medians, restarts = round_medians(run), round_restarts(run)
    twin_pair = Pair(f"{baseline}2", baseline)
    twins = _by_operation(estimate_effects(medians, operations, twin_pair, run.clock, restarts))

    def found(pair: Pair) -> PairFindings:
        findings = judge(estimate_effects(medians, operations, pair, run.clock, restarts), margin, twins)
        return PairFindings(pair, tuple(findings), tuple(decompose(medians, operations, pair, twin_pair)))

    return Analysis(
        run=replace(run, samples=run.samples.head(0).copy()),  # nobody looks at the requests again
        margin=margin,
        baseline=baseline,
        arms=tuple(arms),
        operations=tuple(operations),
        twin=found(twin_pair) if twins else None,
        pairs=tuple(found(pair) for pair in _pairs(arms, baseline, twin_pair.arm)),
        spans=tuple(span_medians(medians)),
        times=tuple(times_of(run)),
        counts=tuple(counts_of(run)),
        failures=tuple(failures_of(run)),
        curves=tuple(curves_of(run)),
        loads=tuple(loads_of(run, baseline)),
        missing=(*run.missing, *missing_of(run, medians, arms, operations, twin=bool(twins))),
        client=client_cost_of(run),
        capacities=capacities_of(run),
    )


def _pairs(arms: Sequence[str], baseline: str, twin: str) -> list[Pair]:
    pairs = [Pair(arm, baseline) for arm in arms if arm not in (baseline, twin)]
    if {"on", "null"} <= set(arms) - {baseline}:
        pairs.append(Pair("on", "null"))
    return pairs


def _by_operation(effects: Sequence[Effect]) -> Mapping[str, Effect]:
    return {each.operation: each for each in effects}
