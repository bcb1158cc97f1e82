"""A campaign measures arms of an archive against each other and writes one run folder.

    python -m scenarios.campaign scenarios/campaigns/smoke.toml [--set arms.on.delay_us=500] [--dry-run]

Exit codes: 0 done; 2 the command line, the campaign file or the data cannot be used; 3 interrupted, the run
is incomplete; 4 the run is invalid and says by which rule; 5 an archive does not start or does not answer.
"""

import argparse
import contextlib
import dataclasses
import datetime as dt
import hashlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import httpx
import psutil

from datasets.manifest import Manifest, ManifestError
from scenarios.arms import Arm, ArmUnreachableError
from scenarios.comparability import unlike_answers
from scenarios.data_set import open_data_set
from scenarios.environment import describe_environment
from scenarios.filling import FillError, fill
from scenarios.generator_process import GeneratorError, GeneratorProcess
from scenarios.load.workload import Workload, WorkloadError, build_workload
from scenarios.machine import split_cpus
from scenarios.measuring import Measuring, repeated
from scenarios.plan import DataPlan, Plan, PlanError, read_plan
from scenarios.run_folder import RunFolder
from scenarios.schedule import orders
from scenarios.validity import compare_twins, twin_faults

OK, USAGE, INCOMPLETE, INVALID, UNREACHABLE = 0, 2, 3, 4, 5
ROOT = Path(__file__).resolve().parent.parent
MADE_DATA = ROOT / "build" / "data"


def tell(line: str) -> None:
    """Say on stderr what the campaign does."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the campaign of the command line and return its exit code."""
    chosen = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        plan = read_plan(chosen.campaign, chosen.set)
        if chosen.dry_run:
            _describe(plan, chosen.data)
            return OK
        data = chosen.data or _made_data(plan.data)
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


def _describe(plan: Plan, data: Path | None) -> None:
    source = str(data) if data else f"recipe {plan.data.recipe}, seed {plan.data.seed}"
    tell(f"campaign {plan.name}: {plan.rounds} rounds of {len(plan.arms)} arms, blocks of {plan.block_s:g} s")
    tell(f"  data: {source}")
    for arm in plan.arms:
        tell(f"  arm {arm.name}: {arm.accounting or arm.target}, injected delay {arm.delay_us} us")
    for number, order in enumerate(orders([arm.name for arm in plan.arms], plan.rounds, plan.seed), start=1):
        tell(f"  round {number}: {' '.join(order)}")


def _made_data(data: DataPlan) -> Path:
    """Return the folder of a generated data set, making it where it is missing."""
    folder = MADE_DATA / f"{data.recipe}-{data.seed}"
    if not (folder / "manifest.json").is_file():
        tell(f"making data set {data.recipe}, seed {data.seed}")
        command = [
            sys.executable,
            "-m",
            "datasets",
            data.recipe,
            "--seed",
            str(data.seed),
            "--out",
            str(folder),
        ]
        done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        if done.returncode:
            raise PlanError(f"data set {data.recipe!r} could not be made; see above")
    return folder


def _carry_out(plan: Plan, data: Path, manifest: Manifest, workload: Workload, folder: RunFolder) -> int:
    """Measure, and close the run folder whatever happens."""
    status, code = "failed", INVALID
    try:
        faults = _measured(plan, data, manifest, workload, folder)
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


def _measured(plan: Plan, data: Path, manifest: Manifest, workload: Workload, folder: RunFolder) -> list[str]:
    """Start, fill, compare and measure the arms; return why the run is invalid."""
    server_cpu, generator_cpu = split_cpus()
    folder.record(
        {
            "campaign": plan.facts(),
            "schedule": orders([arm.name for arm in plan.arms], plan.rounds, plan.seed),
            "operations": {str(name): {"targets": len(each)} for name, each in workload.reads.items()},
            "environment": describe_environment()
            | {"server_cpu": server_cpu, "generator_cpu": generator_cpu},
        }
    )
    with contextlib.ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phantom-campaign-")))
        arms = {each.name: Arm(each, work / each.name, server_cpu) for each in plan.arms}
        for arm in arms.values():
            stack.callback(arm.stop)
        _start_all(arms)
        _fill_all(arms, data, manifest, folder)
        requests = [request for each in workload.reads.values() for request in each]
        if faults := unlike_answers(list(arms.values()), requests):
            folder.record({"validity": {"faults": faults}})
            return faults
        session = _session(plan, data, arms, folder, generator_cpu)
        generator = stack.enter_context(GeneratorProcess(session, work))
        measuring = Measuring(plan, arms, manifest, generator, folder, tell)
        with _recording(folder, measuring, arms):
            measuring.run()
        return measuring.faults


@contextlib.contextmanager
def _recording(folder: RunFolder, measuring: Measuring, arms: dict[str, Arm]) -> Iterator[None]:
    """Record validity and the arms when the measuring ends, interrupted or not."""
    started = time.monotonic()
    try:
        yield
        twins = compare_twins(measuring.medians, "off", "off2") if "off2" in arms and "off" in arms else []
        if not measuring.faults:
            measuring.faults += twin_faults(twins, measuring.plan.validity)
        folder.record({"twins": [dataclasses.asdict(each) for each in twins]})
    finally:
        folder.record(
            {
                "arms": {name: arm.facts() for name, arm in arms.items()},
                "measured_s": round(time.monotonic() - started, 1),
                "generator": _generator_facts(measuring.plan),
                "validity": {
                    "faults": measuring.faults,
                    "notes": measuring.notes,
                    "blocks": len(measuring.blocks),
                    "repeated_blocks": repeated(measuring.blocks),
                },
            }
        )


def _generator_facts(plan: Plan) -> dict[str, Any]:
    return {
        "client": "locust.FastHttpUser",
        "gc_in_blocks": "disabled",
        "mode": "open loop" if plan.rate_per_s else "closed loop",
        "connections": plan.connections if plan.rate_per_s else 1,
    }


def _start_all(arms: dict[str, Arm]) -> None:
    """Start all arms at the same time."""

    def start(arm: Arm) -> None:
        arm.prepare()
        arm.start()

    with ThreadPoolExecutor(len(arms)) as pool:
        for started in [pool.submit(start, arm) for arm in arms.values()]:
            started.result()


def _fill_all(arms: dict[str, Arm], data: Path, manifest: Manifest, folder: RunFolder) -> None:
    """Fill all arms at the same time and record what went in."""
    started = time.monotonic()
    tell(f"filling {len(arms)} arms with {len(manifest.studies)} studies")
    with ThreadPoolExecutor(len(arms)) as pool:
        filled = {name: pool.submit(fill, arm, manifest) for name, arm in arms.items()}
        selectivity = {name: dataclasses.asdict(future.result()) for name, future in filled.items()}
    instances = [i for study in manifest.studies for series in study.series for i in series.instances]
    listing = "".join(sorted(f"{each.sop_instance_uid} {each.sha256}\n" for each in instances))
    facts: dict[str, Any] = {
        "recipe": manifest.recipe,
        "seed": manifest.seed,
        "own_files": not (data / "manifest.json").is_file(),
        "studies": len(manifest.studies),
        "series": sum(len(study.series) for study in manifest.studies),
        "instances": len(instances),
        "bytes": sum(each.size_bytes for each in instances),
        "content_sha256": hashlib.sha256(listing.encode()).hexdigest(),
        "selectivity": selectivity,
        "fill_s": round(time.monotonic() - started, 1),
    }
    folder.record({"data_set": facts})


def _session(
    plan: Plan, data: Path, arms: dict[str, Arm], folder: RunFolder, cpu: int | None
) -> dict[str, Any]:
    """Return what the generator has to know; it holds tokens and never goes into the run folder."""
    endpoints = {
        name: {"base_url": arm.base_url, "headers": arm.headers, "delay_us": arm.plan.delay_us}
        for name, arm in arms.items()
    }
    return {
        "run": folder.id,
        "seed": plan.seed,
        "data": str(data.resolve()),
        "targets": plan.targets,
        "page_limit": plan.page_limit,
        "batch_size": plan.batch_size,
        "reads": plan.reads,
        "writes": plan.writes,
        "endpoints": endpoints,
        "rate_per_s": plan.rate_per_s,
        "connections": plan.connections,
        "cpu": cpu,
    }


if __name__ == "__main__":
    sys.exit(main())
