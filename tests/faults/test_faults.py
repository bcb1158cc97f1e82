"""Every check bites: what it is named for by a fault, it notices; and nothing passes where nothing works."""

import psutil
import pytest

from scenarios.conformance.check import Check, all_checks
from scenarios.conformance.message import Request
from scenarios.conformance.selection import matches
from scenarios.conformance.verdict import State
from scenarios.conformance.wire import IDLE_CONNECTIONS
from tests.faults.controls import CONTROLS
from tests.faults.fault import NO_FAULT, Fault, unchanged_response
from tests.faults.kill_matrix import BrokenFaultError, KillMatrix, Laboratory, can_fail
from tests.faults.unkilled import UNKILLED
from tests.faults.zoo import FAULTS

CHECKS = all_checks()
SPEAKERS = [check for check in CHECKS if check.name.startswith("qido/paging/")]


def by_name(fault: Fault) -> str:
    return fault.name


@pytest.mark.parametrize("fault", FAULTS, ids=by_name)
def test_those_who_must_notice_exist(fault: Fault) -> None:
    for selector in fault.caught_by:
        assert any(matches(check, selector) for check in CHECKS), selector


@pytest.mark.parametrize("fault", FAULTS, ids=by_name)
def test_a_fault_is_noticed(matrix: KillMatrix, fault: Fault) -> None:
    noticed = matrix.kills(fault)
    for selector in fault.caught_by:
        assert any(check.name in noticed for check in CHECKS if matches(check, selector)), selector


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if can_fail(check)], ids=lambda check: check.name
)
def test_a_check_bites(matrix: KillMatrix, check: Check) -> None:
    """Every check that can fail is killed by a fault, or says why none can do that here."""
    assert bool(matrix.killers()[check.name]) != (check.name in UNKILLED)


@pytest.mark.parametrize("control", CONTROLS, ids=by_name)
def test_nothing_passes_where_nothing_works(lab: Laboratory, control: Fault) -> None:
    states = lab.states(control, CHECKS, own_stock=True)
    assert [name for name, state in states.items() if state is State.PASS] == []


def test_a_fault_that_raises_is_no_kill(lab: Laboratory) -> None:
    def raises(_: Request) -> Request:
        raise KeyError("label")

    fault = Fault("raises", "It is broken itself.", ("*",), raises, unchanged_response)
    with pytest.raises(BrokenFaultError, match="raises"):
        lab.states(fault, SPEAKERS)


def test_connections_do_not_pile_up(lab: Laboratory) -> None:
    """Each store opens a connection; what is kept of them is bounded on both sides of the proxy."""
    before = psutil.Process().num_fds()
    writers = [check for check in CHECKS if check.writes and check.capability is None]
    for _ in range(3):
        lab.states(NO_FAULT, writers)
    assert psutil.Process().num_fds() - before < 3 * IDLE_CONNECTIONS
