"""Estimates from per-round differences: Hodges-Lehmann, its exact signed-rank interval, and cross-checks.

Everything here takes one number per round (a log ratio, or a difference in milliseconds) and assumes only
that rounds are independent and their differences symmetric about the effect. A round in which the machine did
something else is an outlier; the Hodges-Lehmann estimate and the signed-rank interval hardly move with it,
while a t interval widens several times. The t and the bootstrap interval are computed too, so that a reader
sees whether the choice matters.

The interval and the tests share one object, the sorted Walsh averages (all pairwise means, Walsh 1949): the
estimate is their median, the interval is a pair of their order statistics, and the p-value of "the effect is
at most m" follows from how many of them are at most m. An interval end is therefore above m exactly if the
test rejects.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats as scipy_stats

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
EQUIVALENCE_CONFIDENCE = 0.90  # two one-sided tests at 5 % are a 90 % interval
POWER = 0.80
RESAMPLES = 1999


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval in the unit of its data."""

    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the distance between the ends."""
        return (self.high - self.low) / 2

    def contains(self, value: float) -> bool:
        """Tell whether the value lies in the interval, its ends included."""
        return self.low <= value <= self.high


def walsh_averages(differences: Sequence[float] | Floats) -> Floats:
    """Return the sorted means of all pairs of values, each value paired with itself included."""
    values = np.asarray(differences, dtype=np.float64)
    first, second = np.triu_indices(len(values))
    averages: Floats = np.sort((values[first] + values[second]) / 2)
    return averages


@lru_cache(maxsize=256)
def signed_rank_cdf(n: int) -> Floats:
    """Return P(W <= w) for w = 0 .. n(n+1)/2, W being Wilcoxon's signed-rank statistic under symmetry."""
    probabilities = np.zeros(n * (n + 1) // 2 + 1)
    probabilities[0] = 1.0
    for rank in range(1, n + 1):
        with_rank = np.zeros_like(probabilities)
        with_rank[rank:] = probabilities[:-rank]
        probabilities = (probabilities + with_rank) / 2
    cumulated: Floats = np.cumsum(probabilities)
    return cumulated


@dataclass(frozen=True, slots=True)
class SignedRank:
    """What the Walsh averages of n rounds say about the effect."""

    n: int
    averages: Floats

    @classmethod
    def of(cls, differences: Sequence[float] | Floats) -> "SignedRank":
        """Build it from one difference per round; there has to be at least one."""
        return cls(len(differences), walsh_averages(differences))

    @property
    def estimate(self) -> float:
        """The Hodges-Lehmann estimate: the median of the Walsh averages (Hodges and Lehmann 1963)."""
        return float(np.median(self.averages))

    def interval(self, confidence: float = CONFIDENCE) -> Interval | None:
        """Return the interval of at least that confidence; None if so few rounds cannot give one."""
        cut = int(np.searchsorted(signed_rank_cdf(self.n), (1 - confidence) / 2, side="right"))
        if cut == 0:
            return None
        return Interval(float(self.averages[cut - 1]), float(self.averages[-cut]))

    def p_above(self, bound: float) -> float:
        """Return the exact one-sided p-value against "the effect is at most the bound"."""
        at_most = int(np.searchsorted(self.averages, bound, side="right"))
        return float(signed_rank_cdf(self.n)[at_most])

    def p_below(self, bound: float) -> float:
        """Return the exact one-sided p-value against "the effect is at least the bound"."""
        at_least = len(self.averages) - int(np.searchsorted(self.averages, bound, side="left"))
        return float(signed_rank_cdf(self.n)[at_least])


def t_interval(differences: Sequence[float] | Floats, confidence: float = CONFIDENCE) -> Interval | None:
    """Return Student's interval of the mean; None for a single round."""
    values = np.asarray(differences, dtype=np.float64)
    n = len(values)
    if n < 2:  # noqa: PLR2004  one value has no spread
        return None
    quantile = float(scipy_stats.t.ppf((1 + confidence) / 2, n - 1))
    half = quantile * float(values.std(ddof=1)) / math.sqrt(n)
    return Interval(float(values.mean()) - half, float(values.mean()) + half)


def bca_interval(
    differences: Sequence[float] | Floats, seed: int, confidence: float = CONFIDENCE
) -> Interval | None:
    """Return the BCa bootstrap interval (Efron 1987) of the Hodges-Lehmann estimate; None without spread."""
    values = np.asarray(differences, dtype=np.float64)
    if len(np.unique(values)) < 3:  # noqa: PLR2004  resamples of two values degenerate
        return None

    def hodges_lehmann(sample: Floats, axis: int) -> Floats:
        first, second = np.triu_indices(sample.shape[axis])
        pairs = (sample.take(first, axis=axis) + sample.take(second, axis=axis)) / 2
        medians: Floats = np.median(pairs, axis=axis)
        return medians

    with np.errstate(all="ignore"), warnings.catch_warnings():
        # What cannot be computed for want of spread comes back as NaN.
        warnings.simplefilter("ignore", scipy_stats.DegenerateDataWarning)
        found = scipy_stats.bootstrap(
            (values,),
            hodges_lehmann,
            n_resamples=RESAMPLES,
            batch=max(1, 4_000_000 // len(values) ** 2),
            confidence_level=confidence,
            method="BCa",
            vectorized=True,
            rng=np.random.default_rng(seed),
        ).confidence_interval
    low, high = float(found.low), float(found.high)
    return Interval(low, high) if math.isfinite(low) and math.isfinite(high) else None


def p_alike(groups: Sequence[Floats]) -> float | None:
    """Return Kruskal and Wallis's p-value that groups have one location; None for less than two of three."""
    enough = [each for each in groups if len(each) >= 3]  # noqa: PLR2004  smaller ones cannot tell
    if len(enough) < 2 or len(np.unique(np.concatenate(enough))) < 2:  # noqa: PLR2004  nothing to compare
        return None
    return float(scipy_stats.kruskal(*enough).pvalue)


def minimum_detectable_effect(n: int, interval: Interval | None) -> float | None:
    """Return the effect that n rounds find with 80 % power: (t0.975 + t0.80) times the standard error.

    The standard error is that of the interval in use, half-width / t0.975: for normal rounds s / sqrt(n).
    The standard deviation itself would describe the t interval, which one wild round can double.
    """
    if interval is None:
        return None
    sure = float(scipy_stats.t.ppf((1 + CONFIDENCE) / 2, n - 1))
    power = float(scipy_stats.t.ppf(POWER, n - 1))
    return (sure + power) / sure * interval.half_width


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number (Holm 1979), in the order given."""
    count, largest = len(p_values), 0.0
    adjusted = [0.0] * count
    for rank, index in enumerate(sorted(range(count), key=lambda each: p_values[each])):
        largest = max(largest, min(1.0, (count - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted
