"""The schedule: in each round every arm once, in a random order that is balanced over rounds.

Orders are rows of a Williams square (Williams 1949, Austral. J. Sci. Res. A 2): over each n rounds (2n for
an odd number of arms) every arm stands equally often in each position and follows every other arm equally
often, so that neither drift within a round nor what a predecessor leaves behind favours an arm. Which arm
takes which row and column is drawn from the seed. For two arms the result is AB BA in random order.
"""

from collections.abc import Sequence
from random import Random


def williams_square(size: int) -> list[list[int]]:
    """Return a Williams design of the numbers below size: `size` rows if it is even, else twice as many."""
    zigzag = [(step + 1) // 2 if step % 2 else (size - step // 2) % size for step in range(size)]
    rows = [[(number + shift) % size for number in zigzag] for shift in range(size)]
    return rows if size % 2 == 0 else rows + [row[::-1] for row in rows]


def orders(arms: Sequence[str], rounds: int, seed: int | str) -> list[tuple[str, ...]]:
    """Return the order of the arms in each round; the same seed gives the same orders."""
    random = Random(f"{seed}/schedule")  # noqa: S311  an experiment's order, not a secret
    chosen: list[tuple[str, ...]] = []
    while len(chosen) < rounds:
        labels = list(arms)
        random.shuffle(labels)
        rows = williams_square(len(arms))
        random.shuffle(rows)
        chosen.extend(tuple(labels[number] for number in row) for row in rows)
    return chosen[:rounds]


def restarts_before(rounds: int, restarts: int) -> dict[int, int]:
    """Return the rounds (from 0) that begin with newly started servers, each with the number of its start."""
    return {start * rounds // restarts: start for start in range(restarts)}
