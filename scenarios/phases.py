"""Phases: the ways of asking that a run goes through, each with rounds of its own.

The closed loop comes first: one client without pauses, which tells what one request pays. Where the
campaign asks for it, an open loop follows at parts of the capacity of the slowest arm, which tells what users
see. Rounds are numbered through all phases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scenarios.turns_plan import TurnsPlan


class Loop(StrEnum):
    """Who decides when the next request is sent: the client, once it has its answer, or the clock."""

    CLOSED = "closed"
    OPEN = "open"
    TURNS = "turns"  # closed, and one operation at a time


@dataclass(frozen=True, slots=True)
class OpenLoopPlan:
    """Poisson arrivals at these parts of the capacity of the slowest arm, one phase each."""

    fractions: Sequence[float] = (0.3, 0.6, 0.8)
    rounds: int = 4
    block_s: float = 2.0


@dataclass(frozen=True, slots=True)
class CapacityPlan:
    """Closed loops of ever more clients, until one more step brings less than this gain."""

    clients: Sequence[int] = (1, 2, 4, 8)
    window_s: float = 1.0
    gain: float = 0.05


@dataclass(frozen=True, slots=True)
class Phase:
    """One way of asking. A rate of None is not known before the capacity is."""

    name: str
    loop: Loop
    rounds: int
    block_s: float
    rate_per_s: float | None = None
    connections: int = 1
    share_of_capacity: float | None = None

    def seed(self, seed: int) -> int | str:
        """Return the seed of the phase's schedule: the campaign's own in the first phase."""
        plain = self.share_of_capacity is None and self.loop is not Loop.TURNS
        return seed if plain else f"{seed}/{self.name}"

    def facts(self) -> dict[str, Any]:
        """Return what run.json says about the phase."""
        return {
            "name": self.name,
            "loop": str(self.loop),
            "rounds": self.rounds,
            "block_s": self.block_s,
            "rate_per_s": self.rate_per_s,
            "connections": self.connections,
            "share_of_capacity": self.share_of_capacity,
        }


def turn_phases(plan: TurnsPlan, rounds: int) -> tuple[Phase, ...]:
    """Return a phase for each number of clients; what a block takes depends on the archive."""
    return tuple(
        Phase(
            f"closed-{clients}", Loop.TURNS, rounds, plan.read_s * len(plan.operations), connections=clients
        )
        for clients in plan.clients
    )


def open_phases(plan: OpenLoopPlan, connections: int) -> tuple[Phase, ...]:
    """Return a phase for each part of the capacity, the least first; rates are still to be found."""
    return tuple(
        Phase(
            name=f"open-{fraction * 100:g}",
            loop=Loop.OPEN,
            rounds=plan.rounds,
            block_s=plan.block_s,
            connections=connections,
            share_of_capacity=fraction,
        )
        for fraction in sorted(plan.fractions)
    )
