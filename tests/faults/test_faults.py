"""Every check bites: what it is named for by a fault, it notices; and nothing passes where nothing works."""

import pytest

from scenarios.conformance.check import all_checks
from scenarios.conformance.selection import matches
from scenarios.conformance.verdict import State
from tests.faults.controls import CONTROLS
from tests.faults.fault import NO_FAULT, Fault
from tests.faults.kill_matrix import Laboratory, killed, named, with_acting
from tests.faults.zoo import FAULTS

CHECKS = all_checks()
SPEAKERS = [
    check for check in CHECKS if check.name.startswith(("qido/paging/", "http/parameters/an_invalid"))
]


def by_name(fault: Fault) -> str:
    return fault.name


@pytest.mark.parametrize("fault", FAULTS, ids=by_name)
def test_those_who_must_notice_exist(fault: Fault) -> None:
    for selector in fault.caught_by:
        assert any(matches(check, selector) for check in CHECKS), selector


@pytest.mark.parametrize("fault", FAULTS, ids=by_name)
def test_a_fault_is_noticed(lab: Laboratory, fault: Fault) -> None:
    checks = with_acting(named(fault, CHECKS), SPEAKERS)
    noticed = killed(lab.states(NO_FAULT, checks), lab.states(fault, checks))
    for selector in fault.caught_by:
        assert any(check.name in noticed for check in checks if matches(check, selector)), selector


@pytest.mark.parametrize("control", CONTROLS, ids=by_name)
def test_nothing_passes_where_nothing_works(lab: Laboratory, control: Fault) -> None:
    states = lab.states(control, CHECKS, own_stock=True)
    assert [name for name, state in states.items() if state is State.PASS] == []
