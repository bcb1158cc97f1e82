"""Every check of the suite is an item here when `--target` names an archive."""

from typing import TYPE_CHECKING

import pytest

from scenarios.conformance.verdict import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenarios.conformance.check import Check
    from scenarios.conformance.runner import Runner

SKIPPED = {State.UNSUPPORTED, State.NOT_APPLICABLE, State.COULD_NOT_RUN}


def test_check(
    conformance_check: "Check", conformance_runner: "Runner", record_property: "Callable[[str, object], None]"
) -> None:
    result = conformance_runner.run(conformance_check)
    record_property("requirements", " ".join(result.requirements))
    record_property("state", result.state)
    if result.state in SKIPPED:
        pytest.skip(f"{result.state}: {result.reason}")
    if result.state in {State.FAIL, State.ERROR}:
        curl = "\n".join(evidence.curl for evidence in result.evidence[-3:])
        pytest.fail(f"{result.reason}\n{result.description}\n{curl}\n{result.got}", pytrace=False)
