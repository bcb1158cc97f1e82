"""Requirements and checks cover each other, and the published table says so."""

from collections.abc import Mapping

import pytest

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import Check, all_checks, check
from scenarios.conformance.clauses import Clause, all_clauses
from scenarios.conformance.coverage import TABLE, checks_by_requirement, coverage_table
from scenarios.conformance.findings import HarnessError

FAMILIES = sorted({clause.family for clause in all_clauses().values()})


@pytest.fixture(scope="module")
def checks() -> tuple[Check, ...]:
    return all_checks()


def uncovered(checks: tuple[Check, ...], family: str) -> Mapping[str, Clause]:
    covered = checks_by_requirement(checks)
    return {
        name: clause
        for name, clause in all_clauses().items()
        if clause.family == family and not covered[name] and not clause.not_checked_because
    }


def test_every_row_is_complete() -> None:
    for clause in all_clauses().values():
        assert clause.transaction
        assert clause.clause
        assert clause.read_in
        assert clause.strength
        assert clause.requirement.endswith((".", ")")), clause.id


def test_an_unknown_id_fails_when_the_check_is_imported() -> None:
    def something_is_true(_: Archive) -> None:
        """Something is true."""

    with pytest.raises(HarnessError, match="QIDO-999"):
        check("QIDO-999")(something_is_true)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_requirement_has_a_check_or_a_reason(family: str, checks: tuple[Check, ...]) -> None:
    assert sorted(uncovered(checks, family)) == []


def test_a_covered_row_gives_no_reason_for_not_being_checked(checks: tuple[Check, ...]) -> None:
    covered = checks_by_requirement(checks)
    assert [
        name for name, clause in all_clauses().items() if covered[name] and clause.not_checked_because
    ] == []


def test_the_published_table_is_current(checks: tuple[Check, ...]) -> None:
    """`python -m scenarios.conformance coverage --write` makes it so."""
    assert TABLE.read_text(encoding="utf-8") == coverage_table(checks)


def test_every_dual_reading_is_explained() -> None:
    """clauses.tsv names rows of the table in docs/conformance.md."""
    text = TABLE.with_name("conformance.md").read_text(encoding="utf-8")
    named = {name for clause in all_clauses().values() for name in clause.dual_reading.split(",") if name}
    assert named
    assert [name for name in sorted(named) if f"\n| {name} | " not in text] == []
