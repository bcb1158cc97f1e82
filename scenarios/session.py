"""One session of a campaign: arms are started, filled, compared and measured; facts go to the run folder."""

import contextlib
import dataclasses
import datetime as dt
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.manifest import Manifest
from scenarios.arms import Arm, new_arm
from scenarios.comparability import compare_answers
from scenarios.environment import describe_environment
from scenarios.generator_process import GeneratorProcess
from scenarios.guard import Guard
from scenarios.load.further import turn_requests
from scenarios.load.named import NAMED
from scenarios.load.operations import Request
from scenarios.load.workload import Workload
from scenarios.machine import split_cpus
from scenarios.measuring import Measuring, repeated
from scenarios.plan import Plan
from scenarios.preparation import describe_data, fill_all, start_all
from scenarios.resuming import Earlier
from scenarios.run_folder import RunFolder
from scenarios.schedule import orders
from scenarios.telling import tell
from scenarios.validity import compare_twins, twin_faults


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: the plan, the data set and the requests that aim at it."""

    plan: Plan
    data: Path
    manifest: Manifest
    workload: Workload


def _cpus(plan: Plan) -> tuple[int | None, int | None]:
    """Return the CPUs of servers and generator, None where they are free."""
    return split_cpus() if plan.pin else (None, None)


def environment_of_run(plan: Plan) -> dict[str, Any]:
    """Return what a run is carried out on, with the CPUs of servers and generator."""
    server_cpu, generator_cpu = _cpus(plan)
    return describe_environment() | {"server_cpu": server_cpu, "generator_cpu": generator_cpu}


def measure(subject: Subject, folder: RunFolder, earlier: Earlier) -> list[str]:
    """Start, fill, compare and measure the arms; return why the run is invalid."""
    plan, workload = subject.plan, subject.workload
    server_cpu, generator_cpu = _cpus(plan)
    data_set = describe_data(subject.data, subject.manifest)
    folder.record(
        {
            "campaign": plan.facts(),
            "schedule": _schedule(plan),
            "operations": {str(name): {"targets": len(each)} for name, each in workload.reads.items()},
            "environment": environment_of_run(plan),
            "sessions": [*earlier.document.get("sessions", []), _begun(earlier)],
        }
    )
    with contextlib.ExitStack() as stack:
        guard = stack.enter_context(Guard())
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phantom-campaign-")))
        guard.watch_folder(work)
        arms = {each.name: new_arm(each, work / each.name, server_cpu) for each in plan.arms}
        for arm in arms.values():
            stack.callback(arm.stop)
        for assumption in NAMED[plan.workload].assumptions if plan.workload else ():
            tell(f"workload {plan.workload}: {assumption}")
        if data_set["instances_scale"]:
            tell(f"data: {data_set['instances_scale']} of the instances of a real archive per series")
        start_all(arms, guard)
        folder.record({"data_set": data_set | fill_all(arms, subject.manifest)})
        compared = compare_answers(list(arms.values()), _distinct_reads(subject))
        folder.record({"not_compared": compared.notes})
        if compared.faults:
            folder.record({"validity": {"faults": compared.faults}})
            return compared.faults
        session = session_document(plan, subject.data, arms, folder, generator_cpu)
        generator = stack.enter_context(GeneratorProcess(session, work))
        measuring = Measuring(plan, arms, subject.manifest, generator, guard, folder, earlier)
        with _recording(folder, measuring):
            measuring.run()
        return measuring.faults


def _begun(earlier: Earlier) -> dict[str, Any]:
    """Return what run.json says about a session: a run that was never interrupted has one."""
    return {"started": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "first_round": earlier.rounds}


@contextlib.contextmanager
def _recording(folder: RunFolder, measuring: Measuring) -> Iterator[None]:
    """Record validity and the arms when the measuring ends, interrupted or not."""
    started = time.monotonic()
    try:
        yield
        twins = (
            compare_twins(measuring.medians, "off", "off2") if {"off", "off2"} <= set(measuring.arms) else []
        )
        if not measuring.faults:
            measuring.faults += twin_faults(twins, measuring.plan.validity)
        folder.record({"twins": [dataclasses.asdict(each) for each in twins]})
    finally:
        folder.record(
            {
                "measured_s": round(time.monotonic() - started, 1),
                "generator": _generator_facts(measuring.plan),
                "phases": measuring.phase_facts(),
                "validity": {
                    "faults": measuring.faults,
                    "notes": measuring.notes,
                    "blocks": len(measuring.blocks),
                    "repeated_blocks": repeated(measuring.blocks),
                },
            }
        )


def _distinct_reads(subject: Subject) -> list[Request]:
    """Return every read that will be measured."""
    plan, reads = subject.plan, subject.workload.reads.values()
    if plan.turns:
        asked = turn_requests(subject.manifest, plan.turns.operations, plan.targets, plan.page_limit)
        return [request for each in asked.values() for request in each]
    return [request for each in reads for request in each]


def _schedule(plan: Plan) -> list[tuple[str, ...]]:
    """Return the order of the arms in each round of all phases."""
    names = [arm.name for arm in plan.arms]
    return [order for phase in plan.phases() for order in orders(names, phase.rounds, phase.seed(plan.seed))]


def _generator_facts(plan: Plan) -> dict[str, Any]:
    return {
        "client": "locust.FastHttpUser",
        "gc_in_blocks": "disabled",
        "unit": "journeys" if plan.workload else "requests",  # of rates and capacities
        "workload": plan.workload or None,
        "assumptions": NAMED[plan.workload].assumptions if plan.workload else (),
        "mode": "open loop" if plan.rate_per_s else "closed loop",
        "connections": plan.connections if plan.rate_per_s else 1,
    }


def session_document(
    plan: Plan, data: Path, arms: dict[str, Arm], folder: RunFolder, cpu: int | None
) -> dict[str, Any]:
    """Return what the generator has to know; it holds tokens and never goes into the run folder."""
    endpoints = {
        name: {
            "base_url": arm.base_url,
            "headers": arm.headers,
            "delay_us": arm.plan.delay_us,
            "pause_us": arm.plan.pause_us,
        }
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
        "workload": plan.workload,
        "journeys": plan.journeys,
        "connections": plan.most_connections(),
        "cpu": cpu,
        "turns": dataclasses.asdict(plan.turns) if plan.turns else None,
    }
