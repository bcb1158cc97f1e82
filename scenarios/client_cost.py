"""What the client itself costs in a run: its share of each latency, and how much one core of it can ask for.

The share is measured once per start of the servers, against a bare socket on the first arm. The capacity is
measured once per session against a responder that answers with the same few bytes at once: small requests
per second of the generator's CPU time.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

from scenarios.generator_process import GeneratorProcess
from scenarios.machine import pin, split_cpus

ROOT = Path(__file__).resolve().parent.parent
CAPACITY_S = 1.0
CAPACITY_CLIENTS = 8
CAPACITY_OPERATION = "a search answered with 45 bytes by a responder without an archive"


def client_capacity(generator: GeneratorProcess) -> dict[str, Any]:
    """Return what run.json says about the capacity of one core of the generator."""
    command = [sys.executable, "-m", "scenarios.load.responder"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as responder:
        assert responder.stdin is not None
        assert responder.stdout is not None
        port = int(responder.stdout.readline())
        pin(responder.pid, split_cpus()[0])
        url = f"http://127.0.0.1:{port}"
        found = generator.ask(do="capacity", url=url, clients=CAPACITY_CLIENTS, seconds=CAPACITY_S)
        responder.stdin.close()
    return {
        "capacity_per_s": round(found["requests"] / found["cpu_s"], 1),
        "capacity_operation": CAPACITY_OPERATION,
        "capacity_clients": CAPACITY_CLIENTS,
        "small_requests_per_s": round(found["requests"] / found["seconds"], 1),
    }


def calibration(generator: GeneratorProcess, arm: str, restart: int, seconds: float) -> list[dict[str, Any]]:
    """Return a row per read operation; none for an archive that a bare socket cannot talk to (TLS)."""
    found = generator.ask(do="calibrate", arm=arm, seconds=seconds)
    return [{"restart": restart, "arm": arm, **row} for row in found["rows"]]
