"""What a terminal shows while a run goes on: one line for each check that did not pass, and a counter."""

import sys
import threading
from typing import TextIO

from scenarios.conformance.results import CheckResult, Run
from scenarios.conformance.verdict import State

QUIET = frozenset({State.PASS, State.NOT_APPLICABLE, State.XFAIL})


class Progress:
    """Counts results and prints those that a reader wants to see at once."""

    def __init__(self, total: int, stream: TextIO = sys.stderr) -> None:
        """Expect this many results."""
        self._total = total
        self._stream = stream
        self._done = 0
        self._lock = threading.Lock()

    def __call__(self, result: CheckResult) -> None:
        """Take notice of a result; may be called by several threads."""
        with self._lock:
            self._done += 1
            counter = f"{self._done}/{self._total}"
            if result.state not in QUIET:
                ids = " ".join(result.requirements)
                reason = f": {result.reason}" if result.reason else ""
                self._line(f"{result.state:14} {ids:9} {result.title}{reason}")
            if self._stream.isatty():
                self._stream.write(f"\r{counter} ")
                self._stream.flush()

    def _line(self, text: str) -> None:
        self._stream.write(f"\r{text}\n" if self._stream.isatty() else f"{text}\n")


def summary_line(run: Run) -> str:
    """Return the run in one line: verdict, counts, time."""
    counts = ", ".join(f"{number} {state}" for state, number in run.counts.items() if number)
    return f"{run.target}: {run.verdict} ({counts}) in {run.duration_s:.1f} s, seed {run.seed}"
