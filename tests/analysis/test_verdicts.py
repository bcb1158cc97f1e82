"""Verdicts follow from tests against the margin, border by border, and hold their error rates."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.effects import Effect, Pair, estimate_effects
from reports.verdicts import ALPHA_EXCEEDS, ALPHA_WITHIN, Decision, Finding, Margin, Verdict, judge

PAIR = Pair("on", "off")
TEN_PERCENT = Margin(0.10, math.inf)


def medians_of(
    log_ratios: list[float], baseline_ms: float = 1.0, operation: str = "qido-series"
) -> pd.DataFrame:
    """Return round medians in which `on` differs from a constant `off` by these log ratios."""
    rows = [
        {"operation": operation, "arm": arm, "round": number, "service_ms": value}
        for number, ratio in enumerate(log_ratios)
        for arm, value in (("off", baseline_ms), ("on", baseline_ms * math.exp(ratio)))
    ]
    return pd.DataFrame(rows).set_index(["operation", "arm", "round"])


def effect_of(log_ratios: list[float], baseline_ms: float = 1.0) -> Effect:
    """Return the effect that these rounds show."""
    return estimate_effects(medians_of(log_ratios, baseline_ms), ["qido-series"], PAIR)[0]


def finding_of(log_ratios: list[float], margin: Margin = TEN_PERCENT, baseline_ms: float = 1.0) -> Finding:
    """Return the finding of an operation that is judged alone."""
    return judge([effect_of(log_ratios, baseline_ms)], margin, {})[0]


def spread(center: float, width: float, n: int = 12) -> list[float]:
    """Return n values, evenly around the center."""
    return [center + width * (2 * place / (n - 1) - 1) for place in range(n)]


@pytest.mark.parametrize(
    ("baseline_ms", "margin"),
    [(0.3, 0.10), (1.0, 0.10), (2.0, 0.10), (2.5, 0.08), (4.0, 0.05), (5.0, 0.04), (100.0, 0.002)],
)
def test_the_tighter_margin_counts(baseline_ms: float, margin: float) -> None:
    assert Margin().of(baseline_ms) == pytest.approx(margin)


@given(st.floats(0.05, 5.0))
def test_half_a_millisecond_is_beyond_the_margin_of_every_fast_operation(baseline_ms: float) -> None:
    assert 0.5 / baseline_ms >= 2.5 * Margin().of(baseline_ms) * (1 - 1e-9)


@pytest.mark.parametrize(
    ("p_exceeds", "p_within", "verdict"),
    [
        (0.0, 1.0, Verdict.EXCEEDS),
        (ALPHA_EXCEEDS, 1.0, Verdict.EXCEEDS),
        (ALPHA_EXCEEDS + 1e-9, 1.0, Verdict.INCONCLUSIVE),
        (1.0, ALPHA_WITHIN, Verdict.WITHIN),
        (1.0, ALPHA_WITHIN + 1e-9, Verdict.INCONCLUSIVE),
        (1.0, 1.0, Verdict.INCONCLUSIVE),
    ],
)
def test_levels_are_inclusive(p_exceeds: float, p_within: float, verdict: Verdict) -> None:
    assert Decision(0.1, p_exceeds, p_within).verdict is verdict


@pytest.mark.parametrize(
    ("log_ratios", "word"),
    [
        (spread(math.log(1.3), 0.02), "exceeds"),
        (spread(math.log(1.1), 0.02), "inconclusive"),
        (spread(0.0, 0.02), "within"),
        (spread(math.log(1.09), 0.001), "within"),
        (spread(-math.log(1.09), 0.001), "within"),
        (spread(math.log(1.11), 0.001), "exceeds"),
        (spread(0.0, 0.5), "underpowered"),
        (spread(math.log(1.3), 0.02, n=5), "underpowered"),
        (spread(-math.log(1.3), 0.02), "inconclusive"),
    ],
)
def test_truth_table(log_ratios: list[float], word: str) -> None:
    assert finding_of(log_ratios).word == word


def test_the_whole_interval_must_lie_above_the_margin() -> None:
    margin = math.log(1.1)
    below = [margin - 1e-9, *spread(margin + 0.05, 0.01, n=5)]
    above = [margin + 1e-9, *spread(margin + 0.05, 0.01, n=5)]
    assert finding_of(below).verdict is Verdict.INCONCLUSIVE
    assert finding_of(above).verdict is Verdict.EXCEEDS


@given(st.lists(st.floats(-0.5, 0.5), min_size=6, max_size=20), st.floats(0.01, 0.5))
def test_a_single_verdict_is_what_the_intervals_say(log_ratios: list[float], fraction: float) -> None:
    found = finding_of(log_ratios, Margin(fraction, math.inf))
    rounds, bound = found.effect.signed_rank, math.log1p(fraction)
    interval, narrow = rounds.interval(0.95), rounds.interval(0.90)
    assert interval is not None
    assert narrow is not None
    assert (found.verdict is Verdict.EXCEEDS) == (interval.low > bound)
    inside = -bound < narrow.low and narrow.high < bound
    assert (found.verdict is Verdict.WITHIN) == inside


def test_notes_say_what_the_verdict_does_not() -> None:
    assert "faster" in finding_of(spread(-math.log(1.3), 0.02)).notes[0]
    assert "too few" in finding_of(spread(0.0, 0.02, n=5)).notes[0]
    slow = finding_of(spread(0.0, 0.02), Margin(), baseline_ms=50.0)
    assert slow.verdict is Verdict.INCONCLUSIVE
    assert slow.relative.verdict is Verdict.WITHIN
    assert "within 10%" in slow.notes[0]


def test_holm_asks_more_of_many_operations_than_of_one() -> None:
    effects = [effect_of(spread(math.log(1.3), 0.02, n=6))] * 14
    alone, together = judge(effects[:1], TEN_PERCENT, {}), judge(effects, TEN_PERCENT, {})
    assert alone[0].verdict is Verdict.EXCEEDS
    assert {each.verdict for each in together} == {Verdict.INCONCLUSIVE}
    assert "Holm" in together[0].notes[0]


def test_noise_floor_is_the_half_width_of_the_twin() -> None:
    twin = effect_of(spread(0.0, 0.05))
    found = judge([effect_of(spread(0.3, 0.02))], TEN_PERCENT, {"qido-series": twin})[0]
    interval = twin.signed_rank.interval()
    assert interval is not None
    assert found.noise_floor == pytest.approx(math.expm1(interval.half_width))
    assert found.noise_floor_ms == twin.half_width_ms


@given(st.lists(st.floats(-0.5, 0.5), min_size=6, max_size=16), st.floats(0.01, 1000))
def test_ratios_do_not_depend_on_the_unit(log_ratios: list[float], scale: float) -> None:
    here, there = effect_of(log_ratios), effect_of(log_ratios, baseline_ms=scale)
    assert there.ratio == pytest.approx(here.ratio)
    assert there.delta_ms == pytest.approx(here.delta_ms * scale, abs=1e-9 * scale)


@given(st.lists(st.floats(-0.5, 0.5), min_size=6, max_size=16))
def test_swapping_arm_and_baseline_inverts_the_ratio(log_ratios: list[float]) -> None:
    medians = medians_of(log_ratios)
    here, there = (estimate_effects(medians, ["qido-series"], pair)[0] for pair in (PAIR, Pair("off", "on")))
    assert here.interval is not None
    assert there.interval is not None
    assert here.ratio * there.ratio == pytest.approx(1)
    assert here.interval.low * there.interval.high == pytest.approx(1)
    assert here.delta_ms == pytest.approx(-there.delta_ms)


def test_rounds_without_both_arms_do_not_count() -> None:
    medians = medians_of(spread(0.1, 0.02)).drop(("qido-series", "on", 3))
    found = estimate_effects(medians, ["qido-series", "wado-frame"], PAIR)
    assert [each.n for each in found] == [11]
    assert 3 not in {each.round for each in found[0].rounds}


def simulated(random: np.random.Generator, delay_ms: float, rounds: int = 20, sigma: float = 0.04) -> Effect:
    """Return the effect of a campaign on an operation of 1 ms with heavy-tailed noise per block."""
    blocks = {arm: np.exp(sigma * random.standard_t(4, rounds)) for arm in ("off", "on")}
    rows = [
        {
            "operation": "qido-series",
            "arm": arm,
            "round": number,
            "service_ms": value + delay_ms * (arm == "on"),
        }
        for arm, values in blocks.items()
        for number, value in enumerate(values)
    ]
    medians = pd.DataFrame(rows).set_index(["operation", "arm", "round"])
    return estimate_effects(medians, ["qido-series"], PAIR)[0]


def test_an_injected_delay_is_covered_and_found() -> None:
    random = np.random.default_rng(300)
    effects = [simulated(random, delay_ms=0.3) for _ in range(200)]
    covered = sum(each.interval is not None and each.interval.contains(1.3) for each in effects)
    covered_ms = sum(
        each.delta_interval_ms is not None and each.delta_interval_ms.contains(0.3) for each in effects
    )
    assert covered >= 186
    assert covered_ms >= 186
    found = [judge([each], Margin(), {})[0].verdict for each in effects]
    assert found.count(Verdict.EXCEEDS) >= 190


def test_identical_arms_are_not_found_to_differ() -> None:
    random = np.random.default_rng(301)
    effects = [simulated(random, delay_ms=0.0) for _ in range(200)]
    covered = sum(each.interval is not None and each.interval.contains(1.0) for each in effects)
    assert covered >= 186
    verdicts = [judge([each], Margin(), {})[0].verdict for each in effects]
    assert verdicts.count(Verdict.EXCEEDS) == 0


def test_an_effect_at_the_margin_is_rarely_called_beyond_or_within() -> None:
    random = np.random.default_rng(302)
    families = [[simulated(random, delay_ms=0.1) for _ in range(4)] for _ in range(100)]
    verdicts = [[each.verdict for each in judge(family, Margin(), {})] for family in families]
    assert sum(Verdict.EXCEEDS in each for each in verdicts) <= 5
    assert list(itertools.chain(*verdicts)).count(Verdict.WITHIN) <= 0.05 * 400
