"""A campaign measures arms of an archive against each other and writes one run folder.

    python -m scenarios.campaign scenarios/campaigns/smoke.toml [--set arms.on.delay_us=500] [--dry-run]
    python -m scenarios.campaign --resume reports/runs/ID

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

from datasets.manifest import ManifestError
from scenarios.arms import ArmUnreachableError
from scenarios.data_set import open_data_set
from scenarios.filling import FillError
from scenarios.forecast import describe
from scenarios.generator_process import GeneratorError
from scenarios.load.workload import WorkloadError, build_workload
from scenarios.plan import Plan, PlanError, plan_of, read_plan
from scenarios.preparation import describe_data, expected_instances, made_data
from scenarios.resuming import Earlier, earlier_of
from scenarios.run_folder import RunFolder, RunFolderError
from scenarios.session import Subject, environment_of_run, measure
from scenarios.telling import tell

OK, USAGE, INCOMPLETE, INVALID, UNREACHABLE = 0, 2, 3, 4, 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the campaign of the command line and return its exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if bool(chosen.campaign) == bool(chosen.resume) or (chosen.resume and (chosen.set or chosen.dry_run)):
        parser.error("name a campaign file, or a run with --resume, which takes neither --set nor --dry-run")
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if chosen.dry_run:
            plan = read_plan(chosen.campaign, chosen.set)
            describe(plan, chosen.data, expected_instances(plan.data, chosen.data))
            return OK
        subject, folder, earlier = _continued(chosen) if chosen.resume else _begun(chosen)
    except (PlanError, ManifestError, WorkloadError, RunFolderError, FileNotFoundError) as error:
        tell(f"error: {error}")
        return USAGE
    except KeyboardInterrupt:
        tell("interrupted before the run began")
        return INCOMPLETE
    exit_code = _carry_out(subject, folder, earlier)
    tell(f"run {folder.id} ended with exit code {exit_code}")
    return exit_code


def _begun(chosen: argparse.Namespace) -> tuple[Subject, RunFolder, Earlier]:
    """Return a new run of the campaign file."""
    subject = _subject(read_plan(chosen.campaign, chosen.set), chosen.data)
    folder = RunFolder(chosen.out, dt.datetime.now(dt.UTC))
    tell(f"run {folder.id} in {folder.path}")
    return subject, folder, Earlier()


def _continued(chosen: argparse.Namespace) -> tuple[Subject, RunFolder, Earlier]:
    """Return an interrupted run, with what it has measured already."""
    run: Path = chosen.resume.resolve()
    folder = RunFolder(run.parent, dt.datetime.now(dt.UTC), continued=run.name)
    if "data_set" not in folder.document:
        raise RunFolderError(f"{run} was interrupted before anything was measured; start a new run")
    subject = _subject(plan_of(folder.document["campaign"]), chosen.data)
    earlier = earlier_of(folder, subject.plan, environment_of_run(subject.plan))
    found = describe_data(subject.data, subject.manifest)["content_sha256"]
    if found != folder.document["data_set"]["content_sha256"]:
        raise RunFolderError(f"{run} was measured with other data; name its folder with --data")
    tell(f"run {folder.id} goes on after {earlier.rounds} finished rounds")
    return subject, folder, earlier


def _subject(plan: Plan, data: Path | None) -> Subject:
    folder = data or made_data(plan.data)
    manifest = open_data_set(folder)
    return Subject(plan, folder, manifest, build_workload(manifest, plan.targets, plan.page_limit))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scenarios.campaign", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "campaign", type=Path, nargs="?", help="TOML file, for example scenarios/campaigns/smoke.toml"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override a value of the file"
    )
    parser.add_argument("--data", type=Path, help="folder with a manifest.json, or of your own DICOM files")
    parser.add_argument("--resume", type=Path, metavar="RUN", help="continue an interrupted run folder")
    parser.add_argument("--out", type=Path, default=Path("reports/runs"), help="where run folders go")
    parser.add_argument(
        "--dry-run", action="store_true", help="check the campaign and print what it would do"
    )
    return parser


def _interrupt(_number: int, _frame: object) -> NoReturn:
    """Treat a request to terminate as an interrupt, so that servers are stopped and the run says so."""
    raise KeyboardInterrupt


def _carry_out(subject: Subject, folder: RunFolder, earlier: Earlier) -> int:
    """Measure, and close the run folder whatever happens."""
    status, code = "failed", INVALID
    try:
        faults = measure(subject, folder, earlier)
        status, code = ("invalid", INVALID) if faults else ("complete", OK)
        for fault in faults:
            tell(f"invalid: {fault}")
    except KeyboardInterrupt:
        status, code = "incomplete", INCOMPLETE
        tell(f"interrupted; finished rounds are kept, and --resume {folder.path} goes on")
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
