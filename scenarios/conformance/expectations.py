"""expectations.toml belongs to a vendor: the deviations that are known, each with its reason.

An announced deviation that is still there is `xfail`; one that is gone is `xpass`, and red, so that the
file cannot rot. An entry that matches no check of the run, or that has expired, is an error.

    [[expect]]
    check = "qido/paging/limit_zero*"
    state = "fail"
    reason = "limit=0 means unlimited until 2.0"
    issue = "https://example.org/issues/12"
    expires = 2027-01-01
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from scenarios.conformance.check import Check
from scenarios.conformance.findings import HarnessError
from scenarios.conformance.results import CheckResult, Run
from scenarios.conformance.verdict import State

ANNOUNCED = frozenset({State.FAIL, State.WARN, State.UNSUPPORTED, State.COULD_NOT_RUN})
GONE = frozenset({State.PASS, State.INFO, State.WARN})


@dataclass(frozen=True, slots=True)
class Expectation:
    """One announced deviation."""

    check: str
    state: State
    reason: str
    issue: str = ""
    expires: date | None = None

    def __post_init__(self) -> None:
        """Refuse an entry that announces nothing or gives no reason."""
        if self.state not in ANNOUNCED:
            raise HarnessError(
                f"expectation {self.check!r}: state {self.state} is not one of {sorted(ANNOUNCED)}"
            )
        if not self.reason.strip():
            raise HarnessError(f"expectation {self.check!r} gives no reason")

    def matches(self, name: str) -> bool:
        """Tell whether the entry means the check of this name."""
        return fnmatchcase(name, self.check)


def load_expectations(path: Path, today: date) -> tuple[Expectation, ...]:
    """Return the entries of the file; a malformed or expired one is a HarnessError."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        entries = tuple(
            Expectation(**{**entry, "state": State(entry["state"])}) for entry in document.get("expect", ())
        )
    except (OSError, tomllib.TOMLDecodeError, TypeError, ValueError, KeyError) as error:
        raise HarnessError(f"{path}: {error!r}") from error
    for entry in entries:
        if entry.expires is not None and entry.expires < today:
            raise HarnessError(f"{path}: the expectation of {entry.check!r} expired on {entry.expires}")
    return entries


def refuse_unmatched(entries: Sequence[Expectation], checks: Sequence[Check]) -> None:
    """Raise a HarnessError for an entry that means no check at all."""
    unmatched = [entry.check for entry in entries if not any(entry.matches(check.name) for check in checks)]
    if unmatched:
        raise HarnessError(f"expectations match no check: {', '.join(unmatched)}")


def apply(entries: Sequence[Expectation], run: Run, *, allow_xpass: bool) -> Run:
    """Return the run with announced deviations turned into xfail, and those that are gone into xpass."""
    results = tuple(applied(entries, result) for result in run.results)
    return replace(run, results=results, allow_xpass=allow_xpass)


def applied(entries: Sequence[Expectation], result: CheckResult) -> CheckResult:
    """Return the result as xfail or xpass if an entry announces a deviation of its check."""
    for entry in entries:
        if not entry.matches(result.name):
            continue
        text = f"{entry.reason} {entry.issue}".strip()
        if result.state is entry.state:
            return replace(result, state=State.XFAIL, expectation=text)
        if result.state in GONE:
            return replace(result, state=State.XPASS, expectation=text)
    return result


def write_expectations(run: Run, path: Path) -> None:
    """Write the deviations of a run as entries; the reasons say what was seen."""
    lines = ["# Known deviations. Replace each reason by your own and name the issue.", ""]
    for result in run.results:
        if result.state in ANNOUNCED:
            lines += [
                "[[expect]]",
                f"check = {_toml(result.name)}",
                f"state = {_toml(result.state)}",
                f"reason = {_toml(result.reason or 'observed')}",
                "",
            ]
    path.write_text("\n".join(lines), encoding="utf-8")


def _toml(text: str) -> str:
    """Return a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in escaped) + '"'
