"""Archives of growing size are compared design by design, and one run folder says what each request took.

    python -m scenarios.growth scale-short [--set 'studies=[100, 1000]'] [--work build/growth]

Exit codes are those of `scenarios.campaign`: 0 done; 2 it cannot be carried out as written; 3 interrupted;
4 the run is invalid and says why; 5 an archive does not start.
"""

import argparse
import contextlib
import datetime as dt
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from datasets.manifest import ManifestError
from scenarios.arms import ArmUnreachableError
from scenarios.growth.plan import PROFILES, GrowthPlan, read_growth_plan
from scenarios.growth.session import GrowthSession
from scenarios.plan import PlanError
from scenarios.run_folder import RunFolder
from scenarios.telling import tell

OK, USAGE, INCOMPLETE, INVALID, UNREACHABLE = 0, 2, 3, 4, 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the growth campaign of the command line and return its exit code."""
    chosen = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        path = PROFILES / f"{chosen.profile}.toml"
        plan = read_growth_plan(path if path.is_file() else Path(chosen.profile), chosen.set)
    except PlanError as error:
        tell(f"error: {error}")
        return USAGE
    folder = RunFolder(chosen.out, dt.datetime.now(dt.UTC))
    tell(f"run {folder.id} in {folder.path}")
    with contextlib.ExitStack() as stack:
        work = chosen.work or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phantom-growth-")))
        code = _carry_out(plan, work, folder)
    tell(f"run {folder.id} ended with exit code {code}")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scenarios.growth", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    names = ", ".join(sorted(path.stem for path in PROFILES.glob("*.toml")))
    parser.add_argument("profile", help=f"{names}, or a TOML file")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override a value, in TOML"
    )
    parser.add_argument("--work", type=Path, help="keep the archives there and use them again")
    parser.add_argument("--out", type=Path, default=Path("reports/runs"), help="where run folders go")
    return parser


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _carry_out(plan: GrowthPlan, work: Path, folder: RunFolder) -> int:
    """Measure size by size, and close the run folder whatever happens."""
    status, code = "failed", INVALID
    faults: list[str] = []
    try:
        faults = GrowthSession(plan, work, folder).run()
        status, code = ("invalid", INVALID) if faults else ("complete", OK)
    except KeyboardInterrupt:
        status, code = "incomplete", INCOMPLETE
    except ArmUnreachableError as error:
        status, code, faults = "unreachable", UNREACHABLE, [str(error)]
    except (PlanError, ManifestError) as error:
        code, faults = USAGE, [str(error)]
    finally:
        for fault in faults:
            tell(f"invalid: {fault}")
        folder.record({"validity": {"faults": faults}})
        folder.close(status, code, dt.datetime.now(dt.UTC))
    return code


if __name__ == "__main__":
    sys.exit(main())
