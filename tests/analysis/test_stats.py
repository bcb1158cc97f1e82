"""The estimators agree with scipy and with published tables, and behave as estimators of a shift must."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats as scipy_stats

from reports.stats import (
    Interval,
    SignedRank,
    bca_interval,
    holm,
    minimum_detectable_effect,
    signed_rank_cdf,
    t_interval,
    walsh_averages,
)

rounds = st.integers(6, 25).flatmap(
    lambda n: arrays(np.float64, n, elements=st.floats(-3, 3, allow_nan=False, width=32), unique=True)
)
# Hollander and Wolfe, Nonparametric Statistical Methods, example 3.1: depression scores after minus before.
DEPRESSION = [0.952, -0.147, 1.022, 0.430, 0.620, 0.590, 0.490, -0.080, 0.010]


def test_walsh_averages_of_three_values() -> None:
    assert walsh_averages([1.0, 2.0, 6.0]).tolist() == [1.0, 1.5, 2.0, 3.5, 4.0, 6.0]


@pytest.mark.parametrize(
    ("n", "counts"),
    [(1, [1, 1]), (2, [1, 1, 1, 1]), (3, [1, 1, 1, 2, 1, 1, 1]), (4, [1, 1, 1, 2, 2, 2, 2, 2, 1, 1, 1])],
)
def test_signed_rank_distribution_counts_subsets_of_ranks(n: int, counts: list[int]) -> None:
    assert signed_rank_cdf(n).tolist() == pytest.approx((np.cumsum(counts) / 2**n).tolist())


@pytest.mark.parametrize(
    ("n", "critical"),
    # Wilcoxon's table (two-sided 5 %): the largest W that is significant.
    [(6, 0), (7, 2), (8, 3), (9, 5), (10, 8), (12, 13), (15, 25), (20, 52), (25, 89), (30, 137)],
)
def test_critical_values_are_those_of_the_published_table(n: int, critical: int) -> None:
    cdf = signed_rank_cdf(n)
    assert cdf[critical] <= 0.025 < cdf[critical + 1]


def test_interval_of_a_worked_example() -> None:
    found = SignedRank.of(DEPRESSION)
    averages = walsh_averages(DEPRESSION)
    interval = found.interval()
    assert interval is not None
    # n = 9: the 6th smallest and 6th largest of 45 averages (P(W <= 5) = 0.0195).
    assert (interval.low, interval.high) == (averages[5], averages[39])
    assert found.estimate == pytest.approx(0.46)
    assert found.p_above(0) == pytest.approx(0.0195, abs=5e-5)


@given(rounds, st.floats(-1, 1))
def test_p_values_are_those_of_scipy(values: np.ndarray, bound: float) -> None:
    shifted = values - bound
    magnitudes = np.sort(np.abs(shifted))
    # Ties have mid-ranks in scipy, and no exact distribution.
    assume(magnitudes[0] > 1e-9)
    assume(np.diff(magnitudes).min() > 1e-9)
    found = SignedRank.of(values)
    greater = scipy_stats.wilcoxon(shifted, alternative="greater", method="exact").pvalue
    less = scipy_stats.wilcoxon(shifted, alternative="less", method="exact").pvalue
    assert found.p_above(bound) == pytest.approx(float(greater))
    assert found.p_below(bound) == pytest.approx(float(less))


@given(rounds)
def test_interval_and_test_agree(values: np.ndarray) -> None:
    found = SignedRank.of(values)
    interval = found.interval()
    assert interval is not None
    assert interval.contains(found.estimate)
    for bound in (interval.low, interval.high, found.estimate, 0.0):
        assert (interval.low > bound) == (found.p_above(bound) <= 0.025)
        assert (interval.high < bound) == (found.p_below(bound) <= 0.025)


@given(rounds)
def test_swapping_the_arms_mirrors_everything(values: np.ndarray) -> None:
    found, mirrored = SignedRank.of(values), SignedRank.of(-values)
    here, there = found.interval(), mirrored.interval()
    assert here is not None
    assert there is not None
    assert mirrored.estimate == -found.estimate
    assert (there.low, there.high) == (-here.high, -here.low)
    assert mirrored.p_above(0.1) == found.p_below(-0.1)


@given(rounds, st.floats(-5, 5))
def test_a_shift_of_all_rounds_shifts_the_estimate(values: np.ndarray, shift: float) -> None:
    assert SignedRank.of(values + shift).estimate == pytest.approx(SignedRank.of(values).estimate + shift)


@given(rounds)
def test_one_wild_round_does_not_move_the_estimate_beyond_the_others(values: np.ndarray) -> None:
    wild = np.append(values, 1e6)
    assert values.min() <= SignedRank.of(wild).estimate <= values.max()


@pytest.mark.parametrize(("n", "has_interval"), [(1, False), (5, False), (6, True)])
def test_six_rounds_are_the_least_for_95_percent(n: int, *, has_interval: bool) -> None:
    assert (SignedRank.of([float(each) for each in range(n)]).interval() is not None) is has_interval


def test_t_interval_of_a_hand_computed_sample() -> None:
    found = t_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    # mean 3, s = sqrt(2.5), t(0.975, 4) = 2.7764: half-width 1.9632
    assert found is not None
    assert (found.low, found.high) == pytest.approx((1.03676, 4.96324), abs=1e-5)
    assert t_interval([1.0]) is None


def test_bootstrap_is_reproducible_and_covers_the_estimate() -> None:
    first, second = (bca_interval(DEPRESSION, seed=7) for _ in range(2))
    assert first is not None
    assert first == second
    assert first.contains(SignedRank.of(DEPRESSION).estimate)


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5, 0.5], [0.1, 0.2]])
def test_bootstrap_declines_samples_without_spread(values: list[float]) -> None:
    assert bca_interval(values, seed=1) is None


def test_minimum_detectable_effect_is_the_textbook_formula_for_a_t_interval() -> None:
    values = np.array([0.01, 0.03, -0.02, 0.05, 0.02, 0.00, 0.04, 0.01])
    n, s = len(values), values.std(ddof=1)
    expected = (scipy_stats.t.ppf(0.975, n - 1) + scipy_stats.t.ppf(0.8, n - 1)) * s / math.sqrt(n)
    assert minimum_detectable_effect(n, t_interval(values)) == pytest.approx(expected)
    assert minimum_detectable_effect(3, None) is None


@pytest.mark.parametrize(
    ("given_values", "adjusted"),
    [
        ([], []),
        ([0.03], [0.03]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.005, 0.011, 0.02, 0.04], [0.02, 0.033, 0.04, 0.04]),
        ([0.9, 0.8], [1.0, 1.0]),
    ],
)
def test_holm(given_values: list[float], adjusted: list[float]) -> None:
    assert holm(given_values) == pytest.approx(adjusted)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_keeps_the_order_and_never_lowers(values: list[float]) -> None:
    adjusted = holm(values)
    assert all(after >= before for before, after in zip(values, adjusted, strict=True))
    order = sorted(range(len(values)), key=values.__getitem__)
    assert [adjusted[each] for each in order] == sorted(adjusted)


def test_interval_contains_its_ends() -> None:
    assert Interval(1.0, 2.0).contains(1.0)
    assert Interval(1.0, 2.0).contains(2.0)
    assert not Interval(1.0, 2.0).contains(2.1)
