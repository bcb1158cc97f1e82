"""Conformance results as a frame: what a results.json of the conformance harness says about an archive."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reports.run import RunError

SCHEMA = "dicomweb-phantom/conformance/1"
COLUMNS = ("name", "title", "requirements", "state", "expected", "got", "reason")
# What a reader looks for first.
STATES = (
    "fail", "xpass", "could-not-run", "error", "warn", "xfail", "unsupported", "info", "pass",
    "not-applicable",
)  # fmt: skip
DEVIATIONS = ("fail", "xpass", "warn", "xfail")


@dataclass(frozen=True, slots=True)
class Conformance:
    """One conformance run; `checks` has a row per check, with the transaction that it belongs to."""

    target: str
    edition: str
    verdict: str
    started: str
    checks: pd.DataFrame

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        counts = self.checks["state"].value_counts()
        parts = ", ".join(f"{counts[state]} {state}" for state in STATES if state in counts)
        return f"{self.target} against PS3.18 {self.edition} is {self.verdict}: {parts}."

    @property
    def states(self) -> pd.DataFrame:
        """The number of checks by transaction and state."""
        counts = pd.crosstab(self.checks["transaction"], self.checks["state"])
        return counts[[state for state in STATES if state in counts]]

    @property
    def deviations(self) -> pd.DataFrame:
        """The checks that found a deviation, with what was expected and what came."""
        rows = self.checks[self.checks["state"].isin(DEVIATIONS)]
        return rows[["name", "state", "title", "expected", "got", "reason"]].reset_index(drop=True)


def read_conformance(path: Path) -> Conformance:
    """Read a results.json; RunError says what keeps it from being read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise RunError(f"{path} is not JSON: {error}") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise RunError(f"{path} does not say that its schema is {SCHEMA}")
    checks = pd.DataFrame(document["results"], columns=list(COLUMNS))
    # A check belongs to the transaction of its first requirement, which is the id's first part.
    checks["transaction"] = [requirements[0].partition("-")[0] for requirements in checks["requirements"]]
    return Conformance(
        target=str(document["target"]),
        edition=str(document["edition"]),
        verdict=str(document["verdict"]),
        started=str(document["started"]),
        checks=checks,
    )
