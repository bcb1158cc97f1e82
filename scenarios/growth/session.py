"""A growth session: size by size the archives are made, served, measured and recorded."""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from scenarios.arm_plan import ArmPlan
from scenarios.arms.process import free_port
from scenarios.arms.reference import ReferenceArm
from scenarios.environment import describe_environment
from scenarios.growth.archives import Archives, make_archives
from scenarios.growth.kinds import kinds_of
from scenarios.growth.measuring import GrowthMeasuring
from scenarios.growth.plan import GrowthPlan
from scenarios.growth.samples import GrowthSample, write_growth
from scenarios.machine import split_cpus, take_reading
from scenarios.run_folder import RunFolder
from scenarios.telling import tell


@dataclass(slots=True)
class GrowthSession:
    """One run: what is measured goes to the run folder after each size, so that an interrupted run has it."""

    plan: GrowthPlan
    work: Path
    folder: RunFolder
    samples: list[GrowthSample] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def run(self) -> list[str]:
        """Measure all sizes and return why the run is invalid."""
        server_cpu, own_cpu = split_cpus()
        environment = describe_environment() | {"server_cpu": server_cpu, "generator_cpu": own_cpu}
        self.folder.record({"kind": "growth", "plan": asdict(self.plan), "environment": environment})
        for studies in self.plan.studies:
            archives = make_archives(self.plan, studies, self.work)
            with contextlib.ExitStack() as stack:
                arms, start_s = {}, {}
                for name, made in archives.by_arm.items():
                    arms[name] = ReferenceArm(ArmPlan(name, accounting=name), made.folder, server_cpu)
                    arms[name].origin = f"http://127.0.0.1:{free_port()}"
                    stack.callback(arms[name].stop)
                    started = time.monotonic()
                    arms[name].start()
                    start_s[name] = round(time.monotonic() - started, 2)
                with _pinned(own_cpu):
                    self._measure(archives, arms, start_s)
            write_growth(self.samples, self.folder.path)
            self.folder.record({"archives": self.facts})
        return self.faults

    def _measure(self, archives: Archives, arms: dict[str, ReferenceArm], start_s: dict[str, float]) -> None:
        """Measure one size, and add its samples, facts and faults to those so far."""
        head, plan = archives.head, self.plan
        tell(f"{head.studies} studies, {head.instances} instances: {plan.rounds} rounds")
        measuring = GrowthMeasuring(plan, archives, arms, kinds_of(head, plan.page_limit), tell)
        before = take_reading(None, os.getpid())
        measuring.run()
        steal = take_reading(None, os.getpid()).steal_since(before)
        self.samples += measuring.samples
        self.faults += sorted(measuring.faults)
        if steal > plan.steal:
            self.faults.append(f"steal: {steal:.1%} of CPU time was stolen, {plan.steal:.1%} allowed")
        readers = [{"user": r.user, "selectivity": r.selectivity, "studies": r.studies} for r in head.readers]
        size = {"studies": head.studies, "instances": head.instances}
        people = {"users": len(head.users), "shares": head.shares, "readers": readers}
        served = {
            name: {
                "load_s": made.load_s,
                "start_s": start_s[name],
                "index_bytes": made.index_bytes,
                "rss_bytes": psutil.Process(arms[name].pid).memory_info().rss,
            }
            for name, made in archives.by_arm.items()
        }
        self.facts.append(size | people | {"steal": steal, "arms": served})


@contextlib.contextmanager
def _pinned(cpu: int | None) -> Iterator[None]:
    """Bind this process to a CPU for a while; None leaves it free."""
    if cpu is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
