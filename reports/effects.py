"""The effect of an arm on one operation, estimated from the rounds that it shares with its baseline."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from reports.frames import paired
from reports.stats import (
    Floats,
    Interval,
    SignedRank,
    bca_interval,
    minimum_detectable_effect,
    p_alike,
    t_interval,
)

RESTARTS_NEEDED = 3  # two estimates have a t interval that says nothing


@dataclass(frozen=True, slots=True)
class Pair:
    """An arm and the baseline that it is compared with."""

    arm: str
    baseline: str

    def __str__(self) -> str:
        """Return the pair as text."""
        return f"{self.arm} against {self.baseline}"


@dataclass(frozen=True, slots=True)
class RoundRatio:
    """What one round says: the natural logarithm of the arm's median over the baseline's."""

    round: int
    log_ratio: float
    restart: int = 0  # with how many-th start of the servers


@dataclass(frozen=True, slots=True)
class Effect:
    """Ratio and difference of an arm's times; an interval is None where there are too few rounds."""

    operation: str
    pair: Pair
    rounds: tuple[RoundRatio, ...]
    arm_ms: float  # the median of the per-round medians; so is baseline_ms
    baseline_ms: float
    ratio: float  # Hodges-Lehmann, as is delta_ms
    interval: Interval | None  # exact signed-rank, 95 %, as is delta_interval_ms
    delta_ms: float
    delta_interval_ms: Interval | None

    @property
    def n(self) -> int:
        """The number of rounds."""
        return len(self.rounds)

    @property
    def log_ratios(self) -> Floats:
        """The log ratio of each round, in order."""
        return np.array([each.log_ratio for each in self.rounds])

    @property
    def signed_rank(self) -> SignedRank:
        """What the log ratios say."""
        return SignedRank.of(self.log_ratios)

    @property
    def t_interval(self) -> Interval | None:
        """Student's interval of the ratio, a cross-check."""
        return _exponential(t_interval(self.log_ratios))

    @property
    def bca_interval(self) -> Interval | None:
        """The bootstrap interval of the ratio, a cross-check that takes some ten milliseconds."""
        return _exponential(bca_interval(self.log_ratios, seed=self.n))

    @property
    def _restarts(self) -> list[Floats]:
        """The log ratios of each start of the servers."""
        starts = sorted({each.restart for each in self.rounds})
        return [np.array([e.log_ratio for e in self.rounds if e.restart == start]) for start in starts]

    @property
    def restart_interval(self) -> Interval | None:
        """Student's interval of the ratio with one estimate per start of the servers; a cross-check."""
        starts = [SignedRank.of(each).estimate for each in self._restarts]
        return _exponential(t_interval(starts)) if len(starts) >= RESTARTS_NEEDED else None

    @property
    def p_restarts(self) -> float | None:
        """The p-value of "the ratio is the same after every start" (Kruskal and Wallis 1952)."""
        return p_alike(self._restarts)

    @property
    def half_width(self) -> float | None:
        """Half the interval on the log scale, as a fraction; of the A/A pair this is the noise floor."""
        return None if self.interval is None else math.sqrt(self.interval.high / self.interval.low) - 1

    @property
    def half_width_ms(self) -> float | None:
        """Half the interval of the difference."""
        return None if self.delta_interval_ms is None else self.delta_interval_ms.half_width

    @property
    def mde(self) -> float | None:
        """The minimum detectable effect as a fraction of the baseline."""
        found = minimum_detectable_effect(self.n, self.signed_rank.interval())
        return None if found is None else math.expm1(found)


def estimate_effects(
    medians: pd.DataFrame,
    operations: Sequence[str],
    pair: Pair,
    clock: str = "service_ms",
    restarts: Mapping[int, int] = MappingProxyType({}),
) -> list[Effect]:
    """Return the effect on a clock for each operation that both arms carried out in a common round.

    `restarts` says of a round with how many-th start of the servers it was measured.
    """
    frames = ((name, paired(medians, clock, name, pair.arm, pair.baseline)) for name in operations)
    return [_estimated(operation, pair, rounds, restarts) for operation, rounds in frames if not rounds.empty]


def _estimated(operation: str, pair: Pair, rounds: pd.DataFrame, restarts: Mapping[int, int]) -> Effect:
    log_ratios = np.log((rounds["arm"] / rounds["baseline"]).to_numpy())
    ratio = SignedRank.of(log_ratios)
    delta = SignedRank.of((rounds["arm"] - rounds["baseline"]).to_numpy())
    starts = [restarts.get(int(number), 0) for number in rounds.index]
    return Effect(
        operation=operation,
        pair=pair,
        rounds=tuple(map(RoundRatio, rounds.index.tolist(), log_ratios.tolist(), starts)),
        arm_ms=float(rounds["arm"].median()),
        baseline_ms=float(rounds["baseline"].median()),
        ratio=math.exp(ratio.estimate),
        interval=_exponential(ratio.interval()),
        delta_ms=delta.estimate,
        delta_interval_ms=delta.interval(),
    )


def _exponential(interval: Interval | None) -> Interval | None:
    """Return an interval of log ratios as one of ratios."""
    return None if interval is None else Interval(math.exp(interval.low), math.exp(interval.high))
