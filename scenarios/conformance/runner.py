"""A run carries out the selected checks in a thread pool and gives one result for each.

Checks share the connections and the fixtures of a run and nothing else: each has its own recorder, its own
identifiers and its own deadline.
"""

import secrets
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import Check
from scenarios.conformance.findings import CouldNotRun, Finding, Unsupported, Violation
from scenarios.conformance.fixtures.identifiers import Identifiers
from scenarios.conformance.observers import Observers, Tally
from scenarios.conformance.results import CheckResult, Run
from scenarios.conformance.stockroom import Stockroom
from scenarios.conformance.target import Target
from scenarios.conformance.transport import Recorder, Transport
from scenarios.conformance.verdict import Severity, State

SEED_BYTES = 8
KEPT_OF_A_PASS = 3

Progress = Callable[[CheckResult], None]


@dataclass(frozen=True, slots=True)
class Ending:
    """How the function of a check ended."""

    state: State
    expected: str = ""
    got: str = ""
    reason: str = ""


def new_seed() -> str:
    """Return a seed for one run."""
    return secrets.token_hex(SEED_BYTES)


class Runner:
    """Everything that the checks of one run share.

    Fixtures are stored at the target, unless a stockroom is given that has them already: a test that puts a
    fault between the harness and the archive stores them around the fault.
    """

    def __init__(
        self,
        target: Target,
        seed: str,
        observing: Sequence[Check] = (),
        stockroom: Stockroom | None = None,
    ) -> None:
        """Prepare a run of this seed; nothing is sent yet."""
        self.target = target
        self.names = Identifiers(seed, uid_root=target.uid_root)
        self.observers = Observers(observing, target.secrets)
        self.transport = Transport(target)
        recorder = Recorder(self.transport, target.secrets, self.observers.see)
        own = Stockroom(Archive(target, recorder, self.names), preloaded=target.read_only)
        self.stockroom = stockroom or own

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()

    def run(self, check: Check) -> CheckResult:
        """Carry out one check; whatever happens is in the result."""
        refusal = self._not_applicable(check)
        if refusal:
            return result_of(check, Ending(State.NOT_APPLICABLE, reason=refusal))
        start = time.monotonic()
        deadline_s = start + self.target.timeouts.check_s
        recorder = Recorder(self.transport, self.target.secrets, self.observers.see, deadline_s)
        archive = Archive(self.target, recorder, self.names.within(check.name))
        try:
            stocks = [self.stockroom.get(fixture) for fixture in check.needs]
            check.function(archive, *stocks)
        except Exception as error:  # noqa: BLE001 - every end of a check is a result
            ending = ending_of(error, check.severity)
        else:
            ending = passed(archive, check.severity)
        return result_of(check, ending, archive, (time.monotonic() - start) * 1000)

    def _not_applicable(self, check: Check) -> str:
        if check.capability is not None and not self.target.offers(check.capability):
            return f"target.toml does not claim {check.capability}"
        if check.writes and self.target.read_only:
            return "the target is read-only"
        return ""

    def observed(self, check: Check, *, works: bool) -> CheckResult:
        """Return the result of an observing check from what it has seen.

        What has no service at all breaks no rule about its responses: unless some check passed, neither do
        they.
        """
        tally = self.observers.tallies[check.name]
        ending = ending_of_tally(tally, check.severity)
        if ending.state is State.PASS and not works:
            ending = Ending(State.COULD_NOT_RUN, reason="no check of this run passed")
        notes = (f"{tally.seen} exchanges judged, {tally.violations} violate the requirement",)
        return replace(result_of(check, ending), notes=notes, evidence=tuple(tally.evidence))


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
        case CouldNotRun() | Finding():
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


def run_checks(
    checks: Sequence[Check],
    target: Target,
    *,
    profile: str = "",
    selectors: Sequence[str] = (),
    progress: Progress = lambda _: None,
    stockroom: Stockroom | None = None,
) -> Run:
    """Carry out the checks against the target and return the run; `progress` hears of each result."""
    started, start = datetime.now(UTC), time.monotonic()
    seed = target.seed or new_seed()
    acting = [check for check in checks if not check.observes]
    observing = [check for check in checks if check.observes]
    runner = Runner(target, seed, observing, stockroom)

    def carry_out(check: Check) -> CheckResult:
        result = runner.run(check)
        progress(result)
        return result

    try:
        with ThreadPoolExecutor(max_workers=target.concurrency) as pool:
            results = {result.name: result for result in pool.map(carry_out, acting)}
        works = any(result.state in {State.PASS, State.WARN} for result in results.values())
        for check in observing:
            results[check.name] = runner.observed(check, works=works)
            progress(results[check.name])
    finally:
        runner.close()
    return Run(
        target=target.name or target.base_url,
        base_url=target.base_url,
        edition=target.edition,
        profile=profile,
        selectors=tuple(selectors),
        seed=seed,
        harness_version=harness_version(),
        started=started.isoformat(timespec="seconds"),
        duration_s=round(time.monotonic() - start, 3),
        results=tuple(results[check.name] for check in checks),
    )


def harness_version() -> str:
    """Return the version of this project, as installed or as it stands in the checkout."""
    try:
        return metadata.version("dicomweb-phantom")
    except metadata.PackageNotFoundError:
        return "checkout"
