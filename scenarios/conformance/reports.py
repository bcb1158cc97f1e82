"""All reports of one run, written into one folder."""

from pathlib import Path

from scenarios.conformance.junit import write_junit
from scenarios.conformance.page import write_page
from scenarios.conformance.results import Run, write_results
from scenarios.conformance.statement import write_statement
from scenarios.conformance.summary import write_badge, write_summary


def write_reports(run: Run, folder: Path) -> None:
    """Write results.json, junit.xml, report.html, summary.md, badge.json and statement.md."""
    folder.mkdir(parents=True, exist_ok=True)
    write_results(run, folder / "results.json")
    write_junit(run, folder / "junit.xml")
    write_page(run, folder / "report.html")
    write_summary(run, folder / "summary.md")
    write_badge(run, folder / "badge.json")
    write_statement(run, folder / "statement.md")
