"""Each validity rule is broken by one case, and by the right one."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scenarios.blocks import Block
from scenarios.load.operations import Operation
from scenarios.plan import Thresholds
from scenarios.validity import block_faults, compare_twins, rate_faults, twin_faults

SECOND_NS = 1_000_000_000
SOUND = Block(
    run="r",
    round=0,
    phase="closed",
    arm="off",
    block=0,
    restart=0,
    started_ns=0,
    ended_ns=SECOND_NS,
    requests=1000,
    errors=0,
    server_cpu_ms=700.0,
    generator_cpu_ms=300.0,
    rss_bytes=1,
    steal_fraction=0.0,
    load1=1.0,
    involuntary_switches=3,
    lag_p99_ms=0.1,
    least_median_ms=1.0,
    valid=True,
    reason=None,
)
LIMITS = Thresholds()


def test_a_sound_block_has_no_fault() -> None:
    assert block_faults(SOUND, LIMITS) == []


@pytest.mark.parametrize(
    ("block", "word"),
    [
        (replace(SOUND, errors=1), "request errors"),
        (replace(SOUND, generator_cpu_ms=701.0), "generator saturated"),
        (replace(SOUND, lag_p99_ms=2.1), "schedule lag"),
        (replace(SOUND, steal_fraction=0.021), "steal"),
    ],
)
def test_each_rule_names_itself(block: Block, word: str) -> None:
    faults = block_faults(block, LIMITS)
    assert len(faults) == 1
    assert faults[0].startswith(word)


@pytest.mark.parametrize(
    "block",
    [
        replace(SOUND, generator_cpu_ms=700.0),
        replace(SOUND, lag_p99_ms=2.0),
        replace(SOUND, lag_p99_ms=3.0, least_median_ms=30.0),  # 10 % of the median
        replace(SOUND, steal_fraction=0.02),
    ],
)
def test_a_block_on_the_border_is_valid(block: Block) -> None:
    assert block_faults(block, LIMITS) == []


def twins(ratios: list[float]) -> dict[tuple[int, str], dict[str, float]]:
    medians: dict[tuple[int, str], dict[str, float]] = {}
    for number, ratio in enumerate(ratios):
        medians[number, "off"] = {Operation.QIDO_SERIES: 1.0}
        medians[number, "off2"] = {Operation.QIDO_SERIES: ratio}
    return medians


def test_twins_that_scatter_around_one_agree() -> None:
    results = compare_twins(twins([1.01, 0.99, 1.02, 0.98, 1.0, 1.01]), "off", "off2")
    assert twin_faults(results, LIMITS) == []


def test_twins_that_differ_every_time_are_found() -> None:
    results = compare_twins(twins([1.10, 1.11, 1.09, 1.10, 1.12, 1.10]), "off", "off2")
    faults = twin_faults(results, replace(LIMITS, aa_bias=0.02))
    assert len(faults) == 1
    assert faults[0].startswith("A/A: qido-series")


def test_one_round_has_no_interval_and_no_verdict() -> None:
    assert compare_twins(twins([2.0]), "off", "off2") == []


@given(st.lists(st.floats(0.5, 2.0), min_size=3, max_size=12, unique=True))
def test_the_interval_is_the_t_interval_of_the_log_ratios(ratios: list[float]) -> None:
    (result,) = compare_twins(twins(ratios), "off", "off2")
    logs = [math.log(ratio) for ratio in ratios]
    low, high = stats.t.interval(0.95, len(logs) - 1, sum(logs) / len(logs), stats.sem(logs))
    assert result.low == pytest.approx(math.exp(low))
    assert result.high == pytest.approx(math.exp(high))


@given(st.lists(st.floats(0.5, 2.0), min_size=3, max_size=12, unique=True), st.floats(0, 0.5))
def test_agreement_does_not_depend_on_which_twin_comes_first(ratios: list[float], bias: float) -> None:
    (forth,) = compare_twins(twins(ratios), "off", "off2")
    (back,) = compare_twins(twins(ratios), "off2", "off")
    assert back.ratio == pytest.approx(1 / forth.ratio)
    if abs(forth.low - 1 - bias) > 1e-9 and abs(forth.high - 1 / (1 + bias)) > 1e-9:
        assert forth.agrees(bias) == back.agrees(bias)


def test_an_open_loop_that_asks_more_than_the_generator_may_send_is_a_fault() -> None:
    assert rate_faults(700.0, 1000.0, LIMITS) == []
    (fault,) = rate_faults(701.0, 1000.0, LIMITS)
    assert "701 requests/s asked of 70%" in fault
