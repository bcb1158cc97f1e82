"""The self-tests of the harness can fail, their groups are disjoint, and their page says what was found."""

import pytest

from tests.selftest.delays import groups
from tests.selftest.judging import DELAYED, TWINS, tally
from tests.selftest.outcome import Outcome, outcome_of_rarity, outcome_of_share, render_page
from tests.selftest.simulated import DELAY_MS, OPERATIONS_MS, campaigns

OPERATIONS = list(OPERATIONS_MS)


def test_simulated_delays_are_covered_and_a_wrong_truth_is_not() -> None:
    medians = list(campaigns(10))
    right = tally(medians, OPERATIONS, DELAYED, DELAY_MS, family=4)
    assert right.effects == 40
    assert right.covered >= 36
    assert right.exceeding >= 36
    wrong = tally(medians, OPERATIONS, DELAYED, DELAY_MS + 0.2, family=4)
    assert wrong.covered <= 10
    twins = tally(medians, OPERATIONS, TWINS, 0.0, family=4)
    assert (twins.covered >= 36, twins.exceeding) == (True, 0)


def test_groups_of_rounds_share_no_round_and_drop_the_rest() -> None:
    medians = next(campaigns(1))
    found = [set(each.index.get_level_values("round")) for each in groups(medians, 5)]
    assert found == [set(range(5)), set(range(5, 10))]


@pytest.mark.parametrize(
    ("outcome", "held"),
    [
        (outcome_of_share("x", (95, 100), 0.95, ""), True),
        (outcome_of_share("x", (94, 100), 0.95, ""), False),
        (outcome_of_rarity("x", (5, 100), 0.05, ""), True),
        (outcome_of_rarity("x", (6, 100), 0.05, ""), False),
    ],
)
def test_limits_are_inclusive(outcome: Outcome, held: bool) -> None:  # noqa: FBT001  a column of the table
    assert outcome.held is held


def test_the_page_names_every_claim_and_what_does_not_hold() -> None:
    page = render_page([outcome_of_share("it is found", (9, 100), 0.95, "By looking.")], "a machine")
    assert "| it is found | at least 95% | 9 of 100 | **no** |" in page
    assert "* **it is found**: By looking." in page
