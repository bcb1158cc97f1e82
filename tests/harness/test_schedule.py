"""The schedule gives every arm the same chances."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.schedule import orders, restarts_before, williams_square

ARMS = st.lists(st.text("abcdefgh", min_size=1, max_size=3), min_size=2, max_size=7, unique=True)


@given(size=st.integers(2, 9))
def test_a_williams_square_balances_positions_and_predecessors(size: int) -> None:
    rows = williams_square(size)
    assert len(rows) == (size if size % 2 == 0 else 2 * size)
    positions = Counter((place, number) for row in rows for place, number in enumerate(row))
    neighbours = Counter(pair for row in rows for pair in pairwise(row))
    assert len(positions) == size * size
    assert len(neighbours) == size * (size - 1)
    assert len(set(positions.values())) == len(set(neighbours.values())) == 1


@given(arms=ARMS, rounds=st.integers(1, 40), seed=st.integers(0, 2**32))
def test_every_round_holds_every_arm_once(arms: list[str], rounds: int, seed: int) -> None:
    schedule = orders(arms, rounds, seed)
    assert len(schedule) == rounds
    assert all(sorted(order) == sorted(arms) for order in schedule)
    assert schedule == orders(arms, rounds, seed)


@given(arms=ARMS, squares=st.integers(1, 3), seed=st.integers(0, 2**32))
def test_whole_squares_put_every_arm_equally_often_into_each_position(
    arms: list[str], squares: int, seed: int
) -> None:
    schedule = orders(arms, squares * len(williams_square(len(arms))), seed)
    counts = Counter((place, arm) for order in schedule for place, arm in enumerate(order))
    assert len(counts) == len(arms) ** 2
    assert len(set(counts.values())) == 1


def test_the_order_depends_on_the_seed() -> None:
    arms = ["off", "off2", "null", "on"]
    assert len({tuple(orders(arms, 8, seed)) for seed in range(10)}) > 5


@pytest.mark.parametrize(
    ("rounds", "restarts", "expected"),
    [(10, 1, {0: 0}), (10, 2, {0: 0, 5: 1}), (12, 3, {0: 0, 4: 1, 8: 2}), (3, 3, {0: 0, 1: 1, 2: 2})],
)
def test_restarts_are_spread_over_the_rounds(rounds: int, restarts: int, expected: dict[int, int]) -> None:
    assert restarts_before(rounds, restarts) == expected
