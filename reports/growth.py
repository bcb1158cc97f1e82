"""The report of a growth run: how times rise with the archive, as table, figure and page.

    python -m reports.growth RUN

Exit codes: 0 done; 2 the command line or the folder cannot be used.
"""

import argparse
import sys
from collections.abc import Sequence

from reports.growth_curves import curves_of, read_growth
from reports.growth_page import write_growth
from reports.run import RunError, find_run


def main(arguments: Sequence[str] | None = None) -> int:
    """Write table, figure and page of the growth run on the command line and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m reports.growth", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("run", help="a run folder, its name in reports/runs, or latest")
    chosen = parser.parse_args(arguments)
    try:
        folder = find_run(chosen.run)
        curves = curves_of(read_growth(folder))
    except RunError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    if not curves:
        sys.stderr.write(f"error: {folder} holds no operation that was measured at two sizes\n")
        return 2
    write_growth(folder, curves)
    sys.stdout.write(f"report: {folder / 'growth.html'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
