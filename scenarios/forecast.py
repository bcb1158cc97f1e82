"""Forecast: what a campaign would do and how long it will take, told before it is done and while it runs.

The seconds below were measured on two cores of an AMD EPYC; on another machine they are wrong by a factor
that is the same for all rounds, so the time left is the forecast times what the rounds so far took longer.
"""

from dataclasses import dataclass
from pathlib import Path

from scenarios.plan import Plan
from scenarios.schedule import orders, restarts_before
from scenarios.telling import tell
from scenarios.warming import AGREEING_WINDOWS

FILL_INSTANCE_S = 0.03  # one instance into each of four arms at the same time
START_S = 1.5  # all arms together
BLOCK_S = 0.12  # around a block: its samples are written, readings are taken
STOW_INSTANCE_S = 0.008
COMPARE_S = 5.0  # every distinct read once to every arm
MINUTES_FROM_S, HOURS_FROM_S = 90, 5400


@dataclass(frozen=True, slots=True)
class Forecast:
    """The expected seconds of each round, with what has to be done before it."""

    rounds: tuple[float, ...]

    def left_s(self, first: int, done: int, elapsed_s: float) -> float:
        """Return the expected seconds from round `done` on, given how long those from `first` on took."""
        expected = sum(self.rounds[first:done])
        return sum(self.rounds[done:]) * (elapsed_s / expected if expected else 1.0)


def forecast(plan: Plan) -> Forecast:
    """Return what the rounds of a campaign will take; a warm-up is expected to take half of its limit."""
    arms = len(plan.arms)
    warm_s = max(AGREEING_WINDOWS * plan.warmup.window_s, plan.warmup.at_most_s / 2)
    starts = restarts_before(plan.rounds, plan.restarts)
    stows = sum(
        times * (plan.batch_size if operation == "stow-batch" else 1)
        for operation, times in plan.writes.items()
    )
    seconds: list[float] = []
    for phase in plan.phases():
        writes = stows if phase.share_of_capacity is None else 0
        for _ in range(phase.rounds):
            block_s = phase.block_s + BLOCK_S + writes * STOW_INSTANCE_S
            before = START_S + arms * warm_s + plan.calibration_s if len(seconds) in starts else 0.0
            if len(seconds) == plan.rounds:
                before = arms * len(plan.capacity.clients) * plan.capacity.window_s
            seconds.append(before + arms * block_s)
    return Forecast(tuple(seconds))


def told_duration(seconds: float) -> str:
    """Return a duration as people say it: "42 s", "12 min" or "2.5 h"."""
    if seconds < MINUTES_FROM_S:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < HOURS_FROM_S else f"{seconds / 3600:.1f} h"


def describe(plan: Plan, data: Path | None, instances: int) -> None:
    """Say what the campaign would do, round by round, and how long it will take."""
    source = str(data) if data else f"recipe {plan.data.recipe}, seed {plan.data.seed}"
    tell(f"campaign {plan.name}: {plan.rounds} rounds of {len(plan.arms)} arms, blocks of {plan.block_s:g} s")
    tell(f"  data: {source}")
    for arm in plan.arms:
        tell(f"  arm {arm.name}: {arm.description}, injected delay {arm.delay_us} us")
    names, number = [arm.name for arm in plan.arms], 0
    for phase in plan.phases():
        rate = f", {phase.share_of_capacity:.0%} of capacity" if phase.share_of_capacity else ""
        tell(f"  phase {phase.name}: {phase.rounds} rounds, {phase.loop} loop{rate}")
        for order in orders(names, phase.rounds, phase.seed(plan.seed)):
            number += 1
            tell(f"  round {number}: {' '.join(order)}")
    total_s = sum(forecast(plan).rounds) + COMPARE_S + instances * FILL_INSTANCE_S
    tell(f"  time: about {told_duration(total_s)} on two cores, filling included")
