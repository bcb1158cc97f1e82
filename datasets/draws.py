"""Draws are the only source of chance: a named stream of numbers that is the same on every machine.

They rest on `random.Random.random`, whose sequence for a seed Python promises to keep between versions;
the other methods of that class carry no such promise and are not used.
"""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Draws:
    """A stream of draws that follows from its names alone."""

    def __init__(self, *names: str | int) -> None:
        self._random = Random("/".join(map(str, names)))  # noqa: S311  synthetic data, not secrets

    def fraction(self) -> float:
        """Return a number in [0, 1)."""
        return self._random.random()

    def below(self, limit: int) -> int:
        """Return an integer in [0, limit)."""
        return int(self._random.random() * limit)

    def between(self, lowest: int, highest: int) -> int:
        """Return an integer in [lowest, highest]."""
        return lowest + self.below(highest - lowest + 1)

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices, each as likely as the others."""
        return choices[self.below(len(choices))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in a random order (Fisher and Yates)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order
