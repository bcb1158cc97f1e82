"""A run carries out the selected checks in a thread pool and gives one result for each.

Checks share the connections and the fixtures of a run and nothing else: each has its own recorder, its own
identifiers and its own deadline.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata

from scenarios.conformance.absent import Absences
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import Check
from scenarios.conformance.ending import Ending, ending_of, ending_of_tally, passed, result_of
from scenarios.conformance.findings import Finding
from scenarios.conformance.fixtures.identifiers import Identifiers
from scenarios.conformance.observers import Observers
from scenarios.conformance.results import CheckResult, Run
from scenarios.conformance.stockroom import Stockroom
from scenarios.conformance.target import Target
from scenarios.conformance.transport import Recorder, Transport
from scenarios.conformance.verdict import State

SEED_BYTES = 8

Progress = Callable[[CheckResult], None]


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
        self.absences = Absences(Archive(target, recorder, self.names), self.stockroom)

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
        except Finding as finding:
            ending = self._without_blame(check, recorder) or ending_of(finding, check.severity)
        except Exception as error:  # noqa: BLE001 - every end of a check is a result
            ending = ending_of(error, check.severity)
        else:
            ending = passed(archive, check.severity)
        return result_of(check, ending, archive, (time.monotonic() - start) * 1000)

    def _without_blame(self, check: Check, recorder: Recorder) -> Ending | None:
        """Return how a check ended that could not read what it judges, since there is no such thing."""
        missed = self.absences.behind(check.name, recorder.evidence[-1]) if recorder.evidence else ""
        return Ending(State.COULD_NOT_RUN, reason=missed) if missed else None

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
    runner = Runner(target, seed, [check for check in checks if check.observes], stockroom)
    try:
        results = carry_out(runner, checks, progress)
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
        results=results,
    )


def carry_out(runner: Runner, checks: Sequence[Check], progress: Progress) -> tuple[CheckResult, ...]:
    """Return the results of the checks in their order; those that observe end when all others have acted."""

    def act(check: Check) -> CheckResult:
        result = runner.run(check)
        progress(result)
        return result

    acting = [check for check in checks if not check.observes]
    with ThreadPoolExecutor(max_workers=runner.target.concurrency) as pool:
        results = {result.name: result for result in pool.map(act, acting)}
    works = any(result.state is State.PASS for result in results.values())
    for check in checks:
        if check.observes:
            results[check.name] = runner.observed(check, works=works)
            progress(results[check.name])
    return tuple(results[check.name] for check in checks)


def harness_version() -> str:
    """Return the version of this project, as installed or as it stands in the checkout."""
    try:
        return metadata.version("dicomweb-phantom")
    except metadata.PackageNotFoundError:
        return "checkout"
