"""What moved between the committed expectations of a peer and a run against it: every line is red."""

from collections.abc import Sequence

from scenarios.conformance.expectations import Expectation
from scenarios.conformance.results import Run
from scenarios.conformance.verdict import State

UNREMARKABLE = frozenset({State.PASS, State.INFO, State.NOT_APPLICABLE})


def moved_lines(entries: Sequence[Expectation], run: Run) -> list[str]:
    """Return a sentence for each check whose state is not one that was announced.

    This is stricter than the exit code of the suite: a warning, or a "no" that is new, moves a line as well.
    A peer whose answer differs from run to run has an entry for each of its states.
    """
    lines = []
    for result in run.results:
        announced = sorted({entry.state for entry in entries if entry.matches(result.name)})
        if result.state in announced or (not announced and result.state in UNREMARKABLE):
            continue
        expected = " or ".join(announced) or "no deviation"
        reason = f" ({result.reason})" if result.reason else ""
        lines.append(f"{result.name}: expected {expected}, got {result.state}{reason}")
    return lines
