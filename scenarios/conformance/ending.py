"""How the function of a check ended, and the result that this makes."""

import traceback
from dataclasses import dataclass

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import Check
from scenarios.conformance.findings import Finding, Unsupported, Violation
from scenarios.conformance.observers import Tally
from scenarios.conformance.results import CheckResult
from scenarios.conformance.verdict import Severity, State

KEPT_OF_A_PASS = 3  # exchanges


@dataclass(frozen=True, slots=True)
class Ending:
    """How the function of a check ended."""

    state: State
    expected: str = ""
    got: str = ""
    reason: str = ""


def passed(archive: Archive, severity: Severity) -> Ending:
    """Return how a check that returned ended: with a warning, a mere observation, or a pass."""
    if archive.remarks.warnings:
        return Ending(State.WARN, reason="; ".join(archive.remarks.warnings))
    if archive.remarks.notes and severity is Severity.INFO:
        return Ending(State.INFO, reason="; ".join(archive.remarks.notes))
    return Ending(State.PASS)


def ending_of(error: Exception, severity: Severity) -> Ending:
    """Return how a check that raised ended."""
    match error:
        case Violation():
            return Ending((error.severity or severity).state, error.expected, error.got, str(error))
        case Unsupported():
            return Ending(State.UNSUPPORTED, reason=str(error))
        case Finding():
            return Ending(State.COULD_NOT_RUN, reason=str(error))
    where = "".join(traceback.format_exception(error)[-2:])
    return Ending(State.ERROR, reason=f"{type(error).__name__}: {error}", got=where)


def ending_of_tally(tally: Tally, severity: Severity) -> Ending:
    """Return how an observing check ended."""
    if tally.error:
        return Ending(State.ERROR, reason=tally.error)
    if tally.first is not None:
        return ending_of(tally.first, severity)
    if not tally.seen:
        return Ending(State.NOT_APPLICABLE, reason="no exchange of this run is one that it judges")
    return Ending(State.PASS)


def result_of(
    check: Check, ending: Ending, archive: Archive | None = None, duration_ms: float = 0.0
) -> CheckResult:
    """Return the result of a check that ended like this; of a pass a few exchanges are evidence enough."""
    evidence = tuple(archive.recorder.evidence) if archive else ()
    recorded = len(evidence) + archive.recorder.left_out if archive else 0
    kept = evidence[-KEPT_OF_A_PASS:] if ending.state is State.PASS else evidence
    return CheckResult(
        name=check.name,
        title=check.title,
        description=check.description,
        requirements=tuple(clause.id for clause in check.clauses),
        profile=check.profile,
        severity=check.severity,
        state=ending.state,
        expected=ending.expected,
        got=ending.got,
        reason=ending.reason,
        warnings=tuple(archive.remarks.warnings) if archive else (),
        notes=tuple(archive.remarks.notes) if archive else (),
        evidence=kept,
        evidence_left_out=recorded - len(kept),
        duration_ms=round(duration_ms, 3),
    )
