"""report.html: one file without outside references, readable on a phone, in light and in dark."""

from pathlib import Path

import jinja2

from scenarios.conformance.clauses import all_clauses
from scenarios.conformance.families import transactions_of
from scenarios.conformance.results import Run
from scenarios.conformance.verdict import State

# The order in which a reader looks for results.
SHOWN = (
    State.FAIL,
    State.XPASS,
    State.WARN,
    State.COULD_NOT_RUN,
    State.ERROR,
    State.UNSUPPORTED,
    State.INFO,
    State.PASS,
    State.XFAIL,
    State.NOT_APPLICABLE,
)


def write_page(run: Run, path: Path) -> None:
    """Write report.html."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("scenarios.conformance"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.jinja")
    text = template.render(
        run=run,
        transactions=transactions_of(run),
        clauses=all_clauses(),
        shown=[state for state in SHOWN if run.counts[state]],
    )
    path.write_text(text, encoding="utf-8")
