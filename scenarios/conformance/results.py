"""The results of a run, and results.json, from which every other report is derived.

The JSON form is versioned and described by results.schema.json: a change that breaks a reader raises the
number in `SCHEMA`.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from scenarios.conformance.evidence import Evidence, Payload
from scenarios.conformance.findings import HarnessError
from scenarios.conformance.verdict import State, Verdict, roll_up

SCHEMA = "dicomweb-phantom/conformance/1"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check ended, and why."""

    name: str
    title: str
    description: str
    requirements: tuple[str, ...]  # ids of clauses.tsv
    profile: str
    severity: str
    state: State
    expected: str = ""
    got: str = ""
    reason: str = ""  # of a state other than pass, in words
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    evidence_left_out: int = 0
    duration_ms: float = 0.0
    expectation: str = ""  # the reason that expectations.toml gives


@dataclass(frozen=True, slots=True)
class Run:
    """One run against one archive."""

    target: str
    base_url: str
    edition: str
    profile: str
    selectors: tuple[str, ...]
    seed: str
    harness_version: str
    started: str  # ISO 8601, UTC
    duration_s: float
    results: tuple[CheckResult, ...]
    allow_xpass: bool = False

    @property
    def verdict(self) -> Verdict:
        """The worst that the results amount to."""
        return roll_up([result.state for result in self.results], allow_xpass=self.allow_xpass)

    @property
    def counts(self) -> dict[State, int]:
        """The number of checks in each state, every state included."""
        counted = Counter(result.state for result in self.results)
        return {state: counted[state] for state in State}


def write_results(run: Run, path: Path) -> None:
    """Write the run as results.json."""
    document = {
        "schema": SCHEMA,
        "verdict": run.verdict,
        "counts": run.counts,
        **asdict(run),
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_results(path: Path) -> Run:
    """Return the run that a results.json holds; what is not one is a HarnessError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HarnessError(f"{path} is not a results.json: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise HarnessError(f"{path} does not say that its schema is {SCHEMA}")
    values = {key: value for key, value in document.items() if key not in {"schema", "verdict", "counts"}}
    results = tuple(_result(entry) for entry in values.pop("results"))
    return Run(**{**values, "selectors": tuple(values["selectors"])}, results=results)


def _result(entry: dict[str, Any]) -> CheckResult:
    evidence = tuple(_evidence(found) for found in entry["evidence"])
    lists = {name: tuple(entry[name]) for name in ("requirements", "warnings", "notes")}
    return CheckResult(**{**entry, **lists, "evidence": evidence, "state": State(entry["state"])})


def _evidence(entry: dict[str, Any]) -> Evidence:
    found = Evidence(**entry)
    return replace(
        found,
        request_headers=tuple((name, value) for name, value in found.request_headers),
        response_headers=tuple((name, value) for name, value in found.response_headers),
        request_body=Payload(**entry["request_body"]),
        response_body=Payload(**entry["response_body"]),
    )
