"""A campaign measures arms of an archive against each other and writes one run folder.

    python -m scenarios.campaign scenarios/campaigns/smoke.toml [--set arms.on.delay_us=500] [--dry-run]

Exit codes: 0 done; 2 the command line, the campaign file or the data cannot be used; 3 interrupted, the run
is incomplete; 4 the run is invalid and says by which rule; 5 an archive does not start or does not answer.
"""

import argparse
import datetime as dt
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import httpx
import psutil

from datasets.manifest import Manifest, ManifestError
from scenarios.arms import ArmUnreachableError
from scenarios.data_set import open_data_set
from scenarios.filling import FillError
from scenarios.forecast import describe
from scenarios.generator_process import GeneratorError
from scenarios.load.workload import Workload, WorkloadError, build_workload
from scenarios.plan import Plan, PlanError, read_plan
from scenarios.preparation import expected_instances, made_data
from scenarios.run_folder import RunFolder
from scenarios.session import measure
from scenarios.telling import tell

OK, USAGE, INCOMPLETE, INVALID, UNREACHABLE = 0, 2, 3, 4, 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the campaign of the command line and return its exit code."""
    chosen = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        plan = read_plan(chosen.campaign, chosen.set)
        if chosen.dry_run:
            describe(plan, chosen.data, expected_instances(plan.data, chosen.data))
            return OK
        data = chosen.data or made_data(plan.data)
        manifest = open_data_set(data)
        workload = build_workload(manifest, plan.targets, plan.page_limit)
    except (PlanError, ManifestError, WorkloadError, FileNotFoundError) as error:
        tell(f"error: {error}")
        return USAGE
    except KeyboardInterrupt:
        tell("interrupted before the run began")
        return INCOMPLETE
    folder = RunFolder(chosen.out, dt.datetime.now(dt.UTC))
    tell(f"run {folder.id} in {folder.path}")
    exit_code = _carry_out(plan, data, manifest, workload, folder)
    tell(f"run {folder.id} ended with exit code {exit_code}")
    return exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scenarios.campaign", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("campaign", type=Path, help="TOML file, for example scenarios/campaigns/smoke.toml")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override a value of the file"
    )
    parser.add_argument("--data", type=Path, help="folder with a manifest.json, or of your own DICOM files")
    parser.add_argument("--out", type=Path, default=Path("reports/runs"), help="where run folders go")
    parser.add_argument(
        "--dry-run", action="store_true", help="check the campaign and print what it would do"
    )
    return parser


def _interrupt(_number: int, _frame: object) -> NoReturn:
    """Treat a request to terminate as an interrupt, so that servers are stopped and the run says so."""
    raise KeyboardInterrupt


def _carry_out(plan: Plan, data: Path, manifest: Manifest, workload: Workload, folder: RunFolder) -> int:
    """Measure, and close the run folder whatever happens."""
    status, code = "failed", INVALID
    try:
        faults = measure(plan, data, manifest, workload, folder)
        status, code = ("invalid", INVALID) if faults else ("complete", OK)
        for fault in faults:
            tell(f"invalid: {fault}")
    except KeyboardInterrupt:
        status, code = "incomplete", INCOMPLETE
        tell("interrupted; what was measured so far is kept")
    except ArmUnreachableError as error:
        status, code = "unreachable", UNREACHABLE
        tell(f"error: {error}")
        folder.record({"validity": {"faults": [str(error)]}})
    except (httpx.TransportError, psutil.NoSuchProcess) as error:
        status, code = "unreachable", UNREACHABLE
        tell(f"error: an archive stopped to answer: {error!r}")
        folder.record({"validity": {"faults": [f"an archive stopped to answer: {error!r}"]}})
    except (FillError, GeneratorError) as error:
        tell(f"error: {error}")
        folder.record({"validity": {"faults": [str(error)]}})
    except PlanError as error:
        code = USAGE
        tell(f"error: {error}")
    finally:
        folder.close(status, code, dt.datetime.now(dt.UTC))
    return code


if __name__ == "__main__":
    sys.exit(main())
