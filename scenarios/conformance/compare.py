"""Several results side by side: the table of vendors or versions, and the lines where they differ."""

from collections.abc import Sequence
from pathlib import Path

from scenarios.conformance.clauses import all_clauses
from scenarios.conformance.families import state_by_requirement
from scenarios.conformance.results import Run, read_results
from scenarios.conformance.verdict import State

ABSENT = "-"


def read_all(paths: Sequence[Path]) -> list[Run]:
    """Return the runs of these results.json files, or of the folders that hold one."""
    return [read_results(path / "results.json" if path.is_dir() else path) for path in paths]


def matrix(runs: Sequence[Run]) -> str:
    """Return a Markdown table: the counts, then one line for each requirement on which the runs differ."""
    states = [state_by_requirement(run) for run in runs]
    rows = [["", *(f"{run.target} ({run.started[:10]})" for run in runs)]]
    rows.append(["verdict", *(run.verdict.value for run in runs)])
    rows += [
        [f"checks: {state}", *(str(run.counts[state]) for run in runs)]
        for state in State
        if any(run.counts[state] for run in runs)
    ]
    for name, clause in all_clauses().items():
        cells = [found[name].value if name in found else ABSENT for found in states]
        if len(set(cells)) > 1:
            rows.append([f"{name} {clause.requirement}", *cells])
    return _table(rows)


def moved(before: Run, after: Run) -> list[str]:
    """Return a sentence for each check that changed its state, appeared or went."""
    old = {result.name: result for result in before.results}
    new = {result.name: result for result in after.results}
    lines = []
    for name in sorted(old.keys() | new.keys()):
        was = old[name].state.value if name in old else ABSENT
        is_now = new[name].state.value if name in new else ABSENT
        if was != is_now:
            reason = new[name].reason if name in new else ""
            lines.append(f"{name}: {was} -> {is_now}" + (f" ({reason})" if reason else ""))
    return lines


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in body]
    return "\n".join(lines)
