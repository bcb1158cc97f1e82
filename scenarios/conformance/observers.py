"""Some requirements bind every response; their judges look at each exchange of a run, whatever caused it."""

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from scenarios.conformance.check import Check
from scenarios.conformance.evidence import Evidence, evidence_of
from scenarios.conformance.findings import Unsupported, Violation
from scenarios.conformance.message import Exchange

KEPT_EVIDENCE = 5


@dataclass(slots=True)
class Tally:
    """What one judge has seen so far."""

    seen: int = 0
    violations: int = 0
    first: Violation | None = None
    error: str = ""
    evidence: list[Evidence] = field(default_factory=list)


class Observers:
    """The judges of a run and what they found; `see` may be called by several threads."""

    def __init__(self, checks: Sequence[Check], secrets: Collection[str]) -> None:
        """Judge with these observing checks."""
        self._secrets = secrets
        self._lock = threading.Lock()
        self.tallies = {check.name: Tally() for check in checks}
        self._checks = checks

    def see(self, exchange: Exchange) -> None:
        """Let every judge look at an exchange; one that raises Unsupported has nothing to say about it."""
        for check in self._checks:
            try:
                check.function(exchange)
            except Unsupported:
                continue
            except Violation as violation:
                self._count(check, exchange, violation)
            except Exception as error:  # noqa: BLE001 - a judge's error is a result of that judge
                self.tallies[check.name].error = f"{type(error).__name__}: {error}"
            else:
                self._count(check, exchange, None)

    def _count(self, check: Check, exchange: Exchange, violation: Violation | None) -> None:
        with self._lock:
            tally = self.tallies[check.name]
            tally.seen += 1
            if violation is None:
                return
            tally.violations += 1
            tally.first = tally.first or violation
            if len(tally.evidence) < KEPT_EVIDENCE:
                tally.evidence.append(evidence_of(exchange, self._secrets))
