"""Verdicts say per operation whether an arm costs more than the margin, and whether this run can tell.

The margin of an operation is the tighter of two: a fraction of the baseline's median, and a number of
milliseconds. An effect above either is above the tighter one, so one margin and one test per operation
suffice. Verdicts follow from exact signed-rank tests of the per-round log ratios, with p-values adjusted by
Holm's method for the number of operations of the pair:

* `exceeds`: the ratio is above 1 + margin (one-sided at 2.5 %: the 95 % interval's low end is above it);
* `within`: the ratio is between 1 / (1 + margin) and 1 + margin (two one-sided tests at 5 %: the 90 %
  interval lies inside);
* `inconclusive`: neither. If the minimum detectable effect is larger than the margin, or if there are too few
  rounds for an interval, the word is `underpowered`.

docs/statistics.md gives the reasons.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reports.effects import Effect
from reports.stats import CONFIDENCE, EQUIVALENCE_CONFIDENCE, holm

ALPHA_EXCEEDS = (1 - CONFIDENCE) / 2
SUSPICION = 0.001  # of some fifty effects of a run, fewer than one in ten runs has one by chance
ALPHA_WITHIN = (1 - EQUIVALENCE_CONFIDENCE) / 2


class Verdict(StrEnum):
    """What a run says about one operation of a pair of arms."""

    EXCEEDS = "exceeds"
    WITHIN = "within"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Margin:
    """How much an arm may cost: a fraction of the baseline, and a time; the tighter one counts."""

    fraction: float = 0.10
    absolute_ms: float = 0.2

    def of(self, baseline_ms: float) -> float:
        """Return the margin of an operation with this baseline median, as a fraction of it."""
        return min(self.fraction, self.absolute_ms / baseline_ms)


@dataclass(frozen=True, slots=True)
class Decision:
    """The adjusted p-values against one margin, and the verdict that follows."""

    margin: float
    p_exceeds: float
    p_within: float

    @property
    def verdict(self) -> Verdict:
        """Compare the p-values with their levels; both cannot be met at once."""
        if self.p_exceeds <= ALPHA_EXCEEDS:
            return Verdict.EXCEEDS
        return Verdict.WITHIN if self.p_within <= ALPHA_WITHIN else Verdict.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class Finding:
    """An effect, its verdict, and the noise that the A/A pair shows for the same operation."""

    effect: Effect
    decision: Decision
    relative: Decision  # against the fraction alone
    noise_floor: float | None
    noise_floor_ms: float | None

    @property
    def verdict(self) -> Verdict:
        """The verdict against the margin of the operation."""
        return self.decision.verdict

    @property
    def underpowered(self) -> bool:
        """Whether the run is too small or too noisy to find an effect as large as the margin."""
        mde = self.effect.mde
        return self.verdict is Verdict.INCONCLUSIVE and (mde is None or mde > self.decision.margin)

    @property
    def word(self) -> str:
        """The verdict as a reader sees it."""
        return "underpowered" if self.underpowered else str(self.verdict)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know about this verdict, one sentence each."""
        interval, notes = self.effect.interval, []
        if interval is None:
            notes.append(f"{self.effect.n} rounds are too few for a 95 % interval; it takes 6.")
            return tuple(notes)
        if self.verdict is Verdict.INCONCLUSIVE and interval.low > 1 + self.decision.margin:
            notes.append("The interval lies above the margin, but not after Holm's correction.")
        if self.verdict is Verdict.INCONCLUSIVE and self.relative.verdict is Verdict.WITHIN:
            notes.append(f"It is within {self.relative.margin:.0%}; the margin in ms cannot be resolved.")
        if interval.high < 1 / (1 + self.decision.margin):
            notes.append(
                "The arm is faster than its baseline by more than the margin; if all that it does is more, "
                "look for a confounder."
            )
        alike, over = self.effect.p_restarts, self.effect.restart_interval
        if alike is not None and over and alike < SUSPICION:
            notes.append(
                f"The ratio differs between starts of the servers (p = {alike:.2g}), so the interval is too "
                f"narrow; over starts it is {over.low:.3f} to {over.high:.3f}."
            )
        return tuple(notes)


def judge(effects: Sequence[Effect], margin: Margin, twins: Mapping[str, Effect]) -> list[Finding]:
    """Return one finding per effect of a pair; `twins` are the effects of the A/A pair by operation."""
    strict = _tested(effects, [margin.of(each.baseline_ms) for each in effects])
    relative = _tested(effects, [margin.fraction] * len(effects))
    found = []
    for effect, tight, loose in zip(effects, strict, relative, strict=True):
        twin = twins.get(effect.operation)
        noise, noise_ms = (twin.half_width, twin.half_width_ms) if twin else (None, None)
        found.append(Finding(effect, tight, loose, noise, noise_ms))
    return found


def _tested(effects: Sequence[Effect], margins: Sequence[float]) -> list[Decision]:
    """Test each effect against its margin and adjust for their number."""
    exceeds, within = [], []
    for effect, margin in zip(effects, margins, strict=True):
        rounds, bound = effect.signed_rank, math.log1p(margin)
        exceeds.append(rounds.p_above(bound))
        within.append(max(rounds.p_below(bound), rounds.p_above(-bound)))
    return [Decision(*each) for each in zip(margins, holm(exceeds), holm(within), strict=True)]
