"""Capacity: how many reads per second an arm answers at most, found by closed loops of ever more clients.

Each arm is read by 1, 2, 4, ... clients without pauses for one window each; the search ends when a step
brings less than the stated gain, and the best window is the capacity. The rate of the open loop is a part of
the capacity of the slowest arm, so that every arm is asked the same and none is asked the impossible.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scenarios.phases import CapacityPlan

METHOD = "closed loops of ever more clients, one window each, until a step gains too little; the best window"


@dataclass(frozen=True, slots=True)
class Window:
    """What so many clients got answered, and which share of its core the generator needed for it."""

    clients: int
    requests_per_s: float
    generator_cpu: float
    errors: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """The search for the capacity of one arm; `windows` in the order of the search."""

    arm: str
    windows: tuple[Window, ...]

    @property
    def best(self) -> Window:
        """The window with the highest rate."""
        return max(self.windows, key=lambda window: window.requests_per_s)

    def facts(self) -> dict[str, Any]:
        """Return what run.json says about the search."""
        best = self.best
        return {
            "arm": self.arm,
            "requests_per_s": round(best.requests_per_s, 1),
            "clients": best.clients,
            "generator_cpu": round(best.generator_cpu, 3),
            "errors": sum(window.errors for window in self.windows),
            "windows": {str(each.clients): round(each.requests_per_s, 1) for each in self.windows},
            "method": METHOD,
        }


def find_capacity(arm: str, plan: CapacityPlan, saturate: Callable[..., Mapping[str, Any]]) -> Capacity:
    """Return the capacity of an arm; `saturate(arm=, clients=, seconds=)` lets the generator try."""
    windows: list[Window] = []
    for clients in sorted(plan.clients):
        answer = saturate(arm=arm, clients=clients, seconds=plan.window_s)
        window = Window(
            clients=clients,
            requests_per_s=answer["requests"] / answer["seconds"],
            generator_cpu=answer["cpu_s"] / answer["seconds"],
            errors=sum(answer["errors"].values()),
        )
        best = max((each.requests_per_s for each in windows), default=0.0)
        windows.append(window)
        if window.requests_per_s < best * (1 + plan.gain):
            break
    return Capacity(arm, tuple(windows))


def slowest(facts: Sequence[Mapping[str, Any]]) -> float:
    """Return the capacity of the slowest arm, from what run.json says."""
    return min(float(each["requests_per_s"]) for each in facts)
