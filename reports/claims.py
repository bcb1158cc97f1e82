"""The claims that we make, each with its command, its limit, and what the shown run says of it.

A claim is held against data, not against the numbers that we happened to get: its limit is stated here, and
on another machine the same table is generated from another run. A run that did not measure what a claim is
about leaves it open, which is neither a yes nor a no.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from reports.analysis import Analysis, PairFindings
from reports.conformance import Conformance
from reports.verdicts import Verdict


class Standing(StrEnum):
    """What the data say about a claim."""

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "not measured in this run"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the shown run and the shown conformance results hold."""

    analysis: Analysis
    conformance: Conformance | None

    @property
    def reads(self) -> tuple[str, ...]:
        """The operations that change nothing."""
        return tuple(name for name in self.analysis.operations if not name.startswith("stow"))

    def pair(self, arm: str) -> PairFindings | None:
        """Return the findings of an arm against the baseline; None if it was not measured."""
        pairs = self.analysis.all_pairs
        baseline = self.analysis.baseline
        return next((each for each in pairs if (each.pair.arm, each.pair.baseline) == (arm, baseline)), None)


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement with a measure that must not be above its limit."""

    text: str
    command: str
    minutes: float
    file: str  # in the run folder, or in the results of the conformance suite
    limit: float
    unit: str
    measure: Callable[[Evidence], float | None]

    def row(self, evidence: Evidence) -> dict[str, object]:
        """Return the claim as a row of the table."""
        found = self.measure(evidence)
        return {
            "claim": self.text,
            "command": self.command,
            "minutes": self.minutes,
            "tolerance": f"at most {self.limit:g} {self.unit}",
            "found": "-" if found is None else f"{found:.3g} {self.unit}",
            "file": self.file,
            "verdict": str(self.standing(evidence)),
        }

    def standing(self, evidence: Evidence) -> Standing:
        """Hold the measure against the limit."""
        found = self.measure(evidence)
        if found is None:
            return Standing.OPEN
        return Standing.HOLDS if found <= self.limit else Standing.FAILS


def _failing_checks(evidence: Evidence) -> float | None:
    results = evidence.conformance
    return None if results is None else float(results.checks["state"].isin(["fail", "error", "xpass"]).sum())


def _twins_exceeding(evidence: Evidence) -> float | None:
    twin = evidence.analysis.twin
    return None if twin is None else float(sum(each.verdict is Verdict.EXCEEDS for each in twin.findings))


def _detectable(evidence: Evidence) -> float | None:
    pair = evidence.pair("on") or evidence.analysis.main
    found = [f.effect.mde for f in pair.findings if f.effect.operation in evidence.reads] if pair else []
    known = [100 * each for each in found if each is not None]
    return max(known) if known and len(known) == len(found) else None


def _largest_cost(evidence: Evidence) -> float | None:
    pair = evidence.pair("on")
    rows = [each.effect for each in pair.findings if each.effect.operation in evidence.reads] if pair else []
    ends = [each.interval.high for each in rows if each.interval]
    return 100 * (max(ends) - 1) if ends else None


def _further_round_trips(evidence: Evidence) -> float | None:
    medians = {(count.operation, count.arm): count.sql_median for count in evidence.analysis.counts}
    added = []
    for operation in evidence.reads:
        on, off = medians.get((operation, "on")), medians.get((operation, evidence.analysis.baseline))
        if on is not None and off is not None:
            added.append(on - off)
    return max(added, default=None)


def _unexplained(evidence: Evidence) -> float | None:
    pair = evidence.pair("on")
    rows = pair.decompositions if pair else ()
    known = [each for each in rows if each.agrees is not None and each.operation in evidence.reads]
    return 100 * sum(not each.agrees for each in known) / len(known) if known else None


def _generator(evidence: Evidence) -> float | None:
    known = [each.generator_cpu_fraction for each in evidence.analysis.loads]
    return max((100 * each for each in known if each is not None), default=None)


def _failures(evidence: Evidence) -> float | None:
    return float(sum(each.requests for phase in evidence.analysis.phases for each in phase.failures))


RUN, CONFORM = "nox -s reproduce -- --profile ci", "nox -s conformance -- --target URL"
CLAIMS = (
    Claim(
        "The archive conforms: no check fails",
        CONFORM, 3, "results.json", 0, "checks", _failing_checks,
    ),
    Claim(
        "No request of a valid block failed",
        RUN, 12, "tables/failures.csv", 0, "requests", _failures,
    ),
    Claim(
        "Two identical archives are not found to differ",
        RUN, 12, "verdicts.json", 0, "operations", _twins_exceeding,
    ),
    Claim(
        "The run finds a small effect on every read",
        RUN, 12, "tables/verdicts.csv: mde", 6, "%", _detectable,
    ),
    Claim(
        "Ownership and access control cost no read more than this (upper end of the interval)",
        RUN, 12, "tables/verdicts.csv: high", 50, "%", _largest_cost,
    ),
    Claim(
        "They add no SQL round trip to a read",
        RUN, 12, "tables/counts.csv: sql_median", 0, "round trips", _further_round_trips,
    ),
    Claim(
        "The server's own account explains what the client sees on nearly every read",
        RUN, 12, "tables/decomposition.csv: agrees", 25, "% of reads", _unexplained,
    ),
    Claim(
        "The generator is no bottleneck",
        RUN, 12, "tables/machine.csv: generator_cpu_fraction", 70, "% of a core", _generator,
    ),
)  # fmt: skip


def claim_table(evidence: Evidence, claims: Sequence[Claim] = CLAIMS) -> pd.DataFrame:
    """Return one row per claim: claim, command, minutes, tolerance, what was found, file, verdict."""
    return pd.DataFrame([claim.row(evidence) for claim in claims])


def failing(evidence: Evidence, claims: Sequence[Claim] = CLAIMS) -> list[str]:
    """Return the claims that the data contradict."""
    return [claim.text for claim in claims if claim.standing(evidence) is Standing.FAILS]
