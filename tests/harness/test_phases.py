"""Phases, the search for the capacity, warm-up and the forecast, each against numbers known beforehand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.capacity import find_capacity, slowest
from scenarios.forecast import Forecast, forecast, told_duration
from scenarios.phases import CapacityPlan
from scenarios.plan import WarmupPlan, read_plan
from scenarios.warming import warm

CAMPAIGNS = Path(__file__).resolve().parents[2] / "scenarios" / "campaigns"


def archive(rates: Mapping[int, float]) -> tuple[list[int], Any]:
    """Return an archive that answers so many clients at these rates, and a record of who asked."""
    asked: list[int] = []

    def saturate(*, arm: str, clients: int, seconds: float) -> Mapping[str, Any]:
        assert arm == "off"
        asked.append(clients)
        return {
            "requests": rates[clients] * seconds,
            "errors": {},
            "seconds": seconds,
            "cpu_s": 0.25 * seconds,
        }

    return asked, saturate


@pytest.mark.parametrize(
    ("rates", "asked", "best"),
    [
        ({1: 100, 2: 190, 4: 200, 8: 900}, [1, 2, 4, 8], 8),
        ({1: 100, 2: 190, 4: 195, 8: 900}, [1, 2, 4], 4),
        ({1: 100, 2: 60, 4: 900, 8: 900}, [1, 2], 1),
    ],
    ids=["as long as it gains", "until it gains too little", "slower with more clients"],
)
def test_the_search_for_the_capacity_ends_when_more_clients_gain_too_little(
    rates: Mapping[int, float], asked: Sequence[int], best: int
) -> None:
    seen, saturate = archive(rates)
    found = find_capacity("off", CapacityPlan(), saturate)
    assert seen == asked
    assert (found.best.clients, found.best.requests_per_s) == (best, rates[best])
    assert found.best.generator_cpu == pytest.approx(0.25)


def test_the_slowest_arm_sets_the_rate() -> None:
    assert slowest([{"requests_per_s": 300.0}, {"requests_per_s": 200.0}, {"requests_per_s": 400.0}]) == 200


@pytest.mark.parametrize(
    ("windows", "outcome"),
    [
        ([9, 5, 4.0, 4.05, 4.02], (5.0, True)),
        ([4, 4, 4], (3.0, True)),
        ([8, 7, 6, 5, 4, 3], (6.0, False)),
        ([4.0, 4.2, 4.0, 4.2, 4.0, 4.2, 4.0], (6.0, False)),
    ],
    ids=["settles", "is warm already", "grows faster to the end", "swings"],
)
def test_warm_is_what_agrees_in_three_successive_windows(
    windows: Sequence[float], outcome: tuple[float, bool]
) -> None:
    left = iter(windows)
    plan = WarmupPlan(window_s=1.0, tolerance=0.02, at_most_s=6.0)
    assert warm("on", plan, lambda **_: {"medians_ms": {"qido-series": next(left)}}) == outcome


def test_phases_follow_the_closed_loop_at_parts_of_the_capacity() -> None:
    plan = read_plan(CAMPAIGNS / "smoke.toml", ["open_loop={fractions=[0.8,0.3],rounds=2}"])
    assert [(phase.name, phase.rounds) for phase in plan.phases()] == [
        ("closed", plan.rounds),
        ("open-30", 2),
        ("open-80", 2),
    ]
    assert len(forecast(plan).rounds) == plan.rounds + 4


@given(
    rounds=st.lists(st.floats(0.1, 100), min_size=1, max_size=20),
    speed=st.floats(0.1, 10),
    done=st.integers(1, 20),
)
def test_the_time_left_is_exact_on_a_machine_that_is_evenly_slower(
    rounds: list[float], speed: float, done: int
) -> None:
    done = min(done, len(rounds))
    left = Forecast(tuple(rounds)).left_s(0, done, speed * sum(rounds[:done]))
    assert left == pytest.approx(speed * sum(rounds[done:]))


@pytest.mark.parametrize(
    ("seconds", "told"), [(42.2, "42 s"), (89, "89 s"), (725, "12 min"), (9000, "2.5 h")]
)
def test_durations_are_told_as_people_say_them(seconds: float, told: str) -> None:
    assert told_duration(seconds) == told
