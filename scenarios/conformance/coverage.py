"""Which requirements have checks: docs/conformance-coverage.md, which a test holds against the code."""

from collections.abc import Sequence
from pathlib import Path

from scenarios.conformance.check import Check
from scenarios.conformance.clauses import all_clauses

TABLE = Path(__file__).resolve().parents[2] / "docs" / "conformance-coverage.md"
PENDING = "no check yet"


def checks_by_requirement(checks: Sequence[Check]) -> dict[str, list[str]]:
    """Return the names of the checks of each requirement, in the order of clauses.tsv."""
    found: dict[str, list[str]] = {name: [] for name in all_clauses()}
    for check in checks:
        for clause in check.clauses:
            found[clause.id].append(check.name)
    return found


def coverage_table(checks: Sequence[Check]) -> str:
    """Return the coverage as Markdown."""
    by_requirement = checks_by_requirement(checks)
    covered = sum(bool(names) for names in by_requirement.values())
    lines = [
        "# Requirements and their checks",
        "",
        "Written by `python -m scenarios.conformance coverage --write`; do not edit.",
        "",
        f"{covered} of {len(by_requirement)} requirements are checked, by {len(checks)} checks.",
    ]
    transaction = ""
    for name, clause in all_clauses().items():
        if clause.transaction != transaction:
            transaction = clause.transaction
            lines += ["", f"## {transaction}", ""]
            lines += ["| id | clause | profile | requirement | checks |", "|---|---|---|---|---|"]
        names = by_requirement[name]
        shown = "<br>".join(f"`{found}`" for found in names) or f"*{clause.not_checked_because or PENDING}*"
        lines.append(f"| {name} | {clause.clause} | {clause.profile} | {clause.requirement} | {shown} |")
    return "\n".join(lines) + "\n"
