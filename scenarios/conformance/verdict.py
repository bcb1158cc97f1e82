"""A check ends in one of ten states, and a run in one of three verdicts.

A skip is never a pass: what could not run makes the run incomplete. An error is ours and counts neither for
nor against the archive, so it makes the run incomplete too.
"""

from collections.abc import Collection
from enum import IntEnum, StrEnum


class State(StrEnum):
    """How one check ended."""

    PASS = "pass"  # noqa: S105 - a state, not a password
    FAIL = "fail"  # a SHALL is broken
    WARN = "warn"  # a SHOULD is broken, or the standard can be read in two ways
    INFO = "info"  # observed and reported, not judged
    UNSUPPORTED = "unsupported"  # a valid "no"
    NOT_APPLICABLE = "not-applicable"  # declared off in target.toml
    COULD_NOT_RUN = "could-not-run"  # a fixture or a precondition is missing
    ERROR = "error"  # the check itself is wrong
    XFAIL = "xfail"  # the deviation that expectations.toml announces
    XPASS = "xpass"  # expectations.toml announces a deviation that is gone


class Severity(StrEnum):
    """What a deviation from a requirement is called; a column of clauses.tsv."""

    FAIL = "FAIL"
    WARN = "WARN"
    INFO = "INFO"

    @property
    def state(self) -> State:
        """The state of a check that found a deviation of this severity."""
        return State(self.value.lower())


class Verdict(StrEnum):
    """What a whole run says about an archive."""

    CONFORMING = "conforming"
    NON_CONFORMING = "non-conforming"
    INCOMPLETE = "incomplete"


class ExitCode(IntEnum):
    """What the command line says to its caller; the same codes as every other command of this project."""

    OK = 0
    NON_CONFORMING = 1
    USAGE = 2
    INCOMPLETE = 3
    UNREACHABLE = 5


def roll_up(states: Collection[State], *, allow_xpass: bool = False) -> Verdict:
    """Return the worst that the states of a run amount to.

    A run without a single pass or expected failure says nothing about an archive, so it is incomplete.
    """
    red = {State.FAIL} if allow_xpass else {State.FAIL, State.XPASS}
    if red & set(states):
        return Verdict.NON_CONFORMING
    if {State.ERROR, State.COULD_NOT_RUN} & set(states):
        return Verdict.INCOMPLETE
    if {State.PASS, State.XFAIL, State.XPASS, State.WARN} & set(states):
        return Verdict.CONFORMING
    return Verdict.INCOMPLETE


EXIT_CODES = {
    Verdict.CONFORMING: ExitCode.OK,
    Verdict.NON_CONFORMING: ExitCode.NON_CONFORMING,
    Verdict.INCOMPLETE: ExitCode.INCOMPLETE,
}
