"""Every check of the suite is an item here, run against `--target` or the reference archive."""

from collections.abc import Callable

import pytest

from scenarios.conformance.check import Check, all_checks
from scenarios.conformance.expectations import Expectation, applied, refuse_unmatched
from scenarios.conformance.runner import Runner
from scenarios.conformance.verdict import State

SKIPPED = {State.UNSUPPORTED, State.NOT_APPLICABLE, State.COULD_NOT_RUN}
RED = {State.FAIL, State.XPASS, State.ERROR}


def test_check(
    conformance_check: Check,
    conformance_runner: Runner,
    announced: tuple[Expectation, ...],
    record_property: Callable[[str, object], None],
) -> None:
    check, runner = conformance_check, conformance_runner
    result = applied(announced, runner.observed(check, works=True) if check.observes else runner.run(check))
    record_property("requirements", " ".join(result.requirements))
    record_property("state", str(result.state))
    if result.state in SKIPPED:
        pytest.skip(f"{result.state}: {result.reason}")
    if result.state in RED:
        curl = "\n".join(evidence.curl for evidence in result.evidence[-3:])
        why = f"{result.state}: {result.reason} {result.expectation}"
        pytest.fail(f"{why}\n{result.description}\n{curl}\n{result.got}", pytrace=False)


def test_every_announcement_means_a_check(announced: tuple[Expectation, ...]) -> None:
    refuse_unmatched(announced, all_checks())
