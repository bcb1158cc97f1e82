"""statement.md: a conformance statement of what was observed, to hold against a vendor's own.

A vendor's statement says what a product is built to do; this one says what one installation did on one day.
"""

from pathlib import Path

from scenarios.conformance.clauses import all_clauses
from scenarios.conformance.families import state_by_requirement
from scenarios.conformance.results import Run
from scenarios.conformance.verdict import State

WORDS = {
    State.PASS: "observed",
    State.INFO: "observed",
    State.WARN: "observed, by one reading of the standard or with a lapse",
    State.FAIL: "observed to deviate",
    State.XFAIL: "observed to deviate, as announced",
    State.XPASS: "observed, although a deviation was announced",
    State.UNSUPPORTED: "not offered",
    State.NOT_APPLICABLE: "not claimed",
    State.COULD_NOT_RUN: "not examined",
    State.ERROR: "not examined",
}


def write_statement(run: Run, path: Path) -> None:
    """Write statement.md."""
    states = state_by_requirement(run)
    clauses = [clause for clause in all_clauses().values() if clause.id in states]
    lines = [
        f"# Observed DICOMweb conformance of {run.target}",
        "",
        f"Observed at {run.base_url} on {run.started}, held against PS3.18 edition {run.edition}.",
        "This statement is made from outside: it tells what the archive did with synthetic objects,",
        "not what it is built to do.",
    ]
    for transaction in dict.fromkeys(clause.transaction for clause in clauses):
        lines += ["", f"## {transaction}", ""]
        lines += ["| clause | requirement | behaviour | remark |", "|---|---|---|---|"]
        for clause in clauses:
            if clause.transaction == transaction:
                requirement = f"{clause.id}: {clause.requirement}"
                lines.append(
                    _row(clause.clause, requirement, WORDS[states[clause.id]], _remark(run, clause.id))
                )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _remark(run: Run, requirement: str) -> str:
    """Return what the checks of a requirement had to say beside their state."""
    found = [result for result in run.results if requirement in result.requirements]
    texts = [text for result in found for text in (result.reason, *result.notes) if text]
    return "; ".join(dict.fromkeys(texts))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
