"""Readings of the machine and of processes, taken before and after a block."""

import os
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Reading:
    """Counters at one moment; differences of two readings are facts about the time between them."""

    ticks: int
    stolen_ticks: int
    server_cpu_ms: float | None
    involuntary_switches: int
    rss_bytes: int | None
    load1: float

    def steal_since(self, earlier: "Reading") -> float:
        """Return the share of CPU time that the hypervisor gave to others."""
        ticks = self.ticks - earlier.ticks
        return (self.stolen_ticks - earlier.stolen_ticks) / ticks if ticks else 0.0

    def server_cpu_since(self, earlier: "Reading") -> float | None:
        """Return the CPU time of the server, all threads, in milliseconds."""
        if self.server_cpu_ms is None or earlier.server_cpu_ms is None:
            return None
        return self.server_cpu_ms - earlier.server_cpu_ms


def take_reading(server_pid: int | None, generator_pid: int) -> Reading:
    """Read the counters now; an archive that is not our process has no server facts."""
    total, stolen = _cpu_ticks()
    switches = psutil.Process(generator_pid).num_ctx_switches().involuntary
    cpu_ms = rss = None
    if server_pid is not None:
        servers = _family(server_pid)
        times = [each.cpu_times() for each in servers]
        cpu_ms = sum(each.user + each.system for each in times) * 1000
        switches += sum(each.num_ctx_switches().involuntary for each in servers)
        rss = sum(each.memory_info().rss for each in servers)
    return Reading(total, stolen, cpu_ms, switches, rss, os.getloadavg()[0])


def _family(pid: int) -> list[psutil.Process]:
    """Return a process and what it has started: the workers of a server are the server."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _cpu_ticks() -> tuple[int, int]:
    """Return all ticks and the stolen ones of /proc/stat (proc(5)); zeros on systems without it."""
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
    except OSError:
        return 0, 0
    ticks = [int(each) for each in first.split()[1:9]]
    return sum(ticks), ticks[7]


def pin(pid: int, cpu: int | None) -> None:
    """Bind all threads of a process and its children, and what they will start; None leaves them free."""
    if cpu is not None:
        for thread in [thread for each in _family(pid) for thread in each.threads()]:
            os.sched_setaffinity(thread.id, {cpu})


def split_cpus() -> tuple[int | None, int | None]:
    """Return the CPUs of servers and generator; both None where fewer than two may be used."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    cpus = sorted(os.sched_getaffinity(0))
    return (cpus[0], cpus[1]) if len(cpus) > 1 else (None, None)
