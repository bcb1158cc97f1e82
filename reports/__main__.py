"""The report of a run: tables, figures, verdicts.json and report.html, written beside the raw results.

    python -m reports latest [--baseline off] [--margin 10%] [--margin-ms 0.2]

Exit codes: 0 done; 2 the command line or the folder cannot be used; 3 the run is incomplete or holds nothing
to report; 4 the run is invalid and says by which rule. A report of what is there is written for 3 and 4 too.
"""

import argparse
import math
import sys
from collections.abc import Sequence

from reports.analysis import Analysis, analyse_run
from reports.gallery import draw_gallery, write_figures
from reports.page import write_page
from reports.prose import details, headline, twin_sentence, warnings
from reports.run import NothingMeasuredError, RunError
from reports.tables import write_tables
from reports.verdict_document import write_verdicts
from reports.verdicts import Margin

OK, USAGE, INCOMPLETE, INVALID = 0, 2, 3, 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report of the run on the command line and return the exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if math.isinf(chosen.margin) and math.isinf(chosen.margin_ms):
        parser.error("without --margin and --margin-ms there is nothing to exceed; switch off one at most")
    try:
        analysis = analyse_run(chosen.run, Margin(chosen.margin, chosen.margin_ms), chosen.baseline)
    except NothingMeasuredError as error:
        sys.stderr.write(f"nothing to report: {error}\n")
        return INCOMPLETE
    except RunError as error:
        sys.stderr.write(f"error: {error}\n")
        return USAGE
    write_verdicts(analysis)
    write_tables(analysis, analysis.run.path / "tables")
    drawings = draw_gallery(analysis)
    write_figures(drawings, analysis.run.path / "figures")
    write_page(analysis, drawings)
    _tell(analysis)
    return exit_code(analysis)


def exit_code(analysis: Analysis) -> int:
    """Return what the run's own status and content amount to."""
    if analysis.run.faults or analysis.run.status in ("invalid", "failed"):
        return INVALID
    return OK if analysis.run.status == "complete" and analysis.main else INCOMPLETE


def fraction(text: str) -> float:
    """Return a margin such as `10%` or `0.1` as a fraction; `inf` switches it off."""
    value = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    return _above_zero(value)


def milliseconds(text: str) -> float:
    """Return a margin such as `0.2`; `inf` switches it off."""
    return _above_zero(float(text))


def _above_zero(value: float) -> float:
    if not value > 0:
        raise ValueError
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reports", description=(__doc__ or "").split("\n", maxsplit=1)[0], allow_abbrev=False
    )
    parser.add_argument("run", help="a run folder, its name in reports/runs, or latest")
    parser.add_argument(
        "--baseline", help="the arm that others are compared with (default: off, else the first)"
    )
    parser.add_argument(
        "--margin",
        type=fraction,
        default=Margin().fraction,
        metavar="10%",
        help="as a fraction or in percent",
    )
    parser.add_argument(
        "--margin-ms", type=milliseconds, default=Margin().absolute_ms, metavar="0.2", help="in milliseconds"
    )
    return parser


def _tell(analysis: Analysis) -> None:
    """Print the answer, and where the report is."""
    for sentence in [*warnings(analysis), *analysis.missing]:
        print(f"! {sentence}")
    print(headline(analysis))
    if analysis.main:
        print("\n".join(details(analysis.main)))
    print(twin_sentence(analysis))
    print(f"report: {analysis.run.path / 'report.html'}")


if __name__ == "__main__":
    sys.exit(main())
