"""The short reports of a run: summary.md for the page of a CI job, and badge.json for a README."""

import json
from pathlib import Path

from scenarios.conformance.results import CheckResult, Run
from scenarios.conformance.verdict import State, Verdict

COLORS = {
    Verdict.CONFORMING: "brightgreen",
    Verdict.NON_CONFORMING: "red",
    Verdict.INCOMPLETE: "lightgrey",
}
SECTIONS = (
    (State.FAIL, "Failures"),
    (State.XPASS, "Expected deviations that are gone"),
    (State.ERROR, "Errors of the harness"),
    (State.COULD_NOT_RUN, "Could not run"),
    (State.WARN, "Warnings"),
    (State.UNSUPPORTED, "Unsupported"),
    (State.XFAIL, "Expected deviations"),
    (State.INFO, "Observations"),
)


def write_summary(run: Run, path: Path) -> None:
    """Write summary.md: the verdict, the counts, and a table for each state that needs a look."""
    counts = " | ".join(str(number) for number in run.counts.values())
    lines = [
        f"# DICOMweb conformance of {run.target}: {run.verdict}",
        "",
        f"Edition {run.edition}, profile {run.profile or 'as selected'}, seed `{run.seed}`:",
        f"{len(run.results)} checks in {run.duration_s:.1f} s.",
        "",
        "| " + " | ".join(run.counts) + " |",
        "|" + "---|" * len(run.counts),
        f"| {counts} |",
    ]
    for state, title in SECTIONS:
        found = [result for result in run.results if result.state is state]
        if found:
            lines += ["", f"## {title}", "", "| requirement | check | what was seen |", "|---|---|---|"]
            lines += [_row(result) for result in found]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _row(result: CheckResult) -> str:
    cells = (" ".join(result.requirements), result.title, result.expectation or result.reason)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def write_badge(run: Run, path: Path) -> None:
    """Write badge.json in the form that badge services read."""
    counts = run.counts
    message = f"{counts[State.PASS]} pass, {counts[State.WARN]} warn, {counts[State.FAIL]} fail"
    if run.verdict is Verdict.INCOMPLETE:
        message += ", incomplete"
    badge = {"schemaVersion": 1, "label": "DICOMweb", "message": message, "color": COLORS[run.verdict]}
    path.write_text(json.dumps(badge, indent=1) + "\n", encoding="utf-8")
