"""What must not be measured away: a stall, a generator at its limit, a body cut short, a missing principal.

Each claim is put to real processes: the campaign engine with its generator, the conformance suite, and the
reference archive or a server that fails on demand.
"""

import contextlib
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from geventhttpclient.client import HTTPClient

from scenarios.arm_plan import ArmPlan
from scenarios.arms import Arm, new_arm
from scenarios.load.exchange import Exchange
from scenarios.load.operations import DICOM_PARTS, Operation, Request
from scenarios.load.samples import Sample
from scenarios.machine import split_cpus
from tests.conformance.guarded_archive import guarded_archive
from tests.conformance.reference_archive import ROOT
from tests.harness.faulty_server import FaultyServer
from tests.selftest.outcome import Outcome

UNSETTLED = Path(__file__).with_name("unsettled.toml")
STALL_S, PERIOD_S = 0.5, 3.0
RATE_PER_S = 100
SEEN_MS, UNSEEN_MS = 250, 50
TRUNCATED_REQUESTS = 100
BEYOND_PER_S, ALLOWED_CPU = 1_000_000, 0.02
INVALID, INCOMPLETE = 4, 3


def outcomes() -> Sequence[Outcome]:
    """Return what became of the four claims."""
    return (*stopped_server(), *saturated_generator(), truncated_body(), missing_principal())


def stopped_server() -> tuple[Outcome, Outcome]:
    """Stop the archive for half a second in every three, in open and in closed loop."""
    with _archive() as (arm, work), _stalling(arm):
        open_ms = _p99_ms(arm, work / "open", ["--set", f"rate_per_s={RATE_PER_S}.0"])
        closed_ms = _p99_ms(arm, work / "closed", [])
    how = (
        f"The archive's process is stopped (SIGSTOP) for {STALL_S:g} s in every {PERIOD_S:g} s of a campaign"
    )
    return (
        Outcome(
            "a server that stands still for 0.5 s is seen in the open loop",
            f"p99 of at least {SEEN_MS} ms",
            f"p99 {open_ms:.0f} ms",
            open_ms >= SEEN_MS,
            f"{how} of {RATE_PER_S} arrivals per second; latency counts from the arrival.",
        ),
        Outcome(
            "the same is not seen in the closed loop, whose client waits too",
            f"p99 of at most {UNSEEN_MS} ms",
            f"p99 {closed_ms:.2f} ms",
            closed_ms <= UNSEEN_MS,
            f"{how} in closed loop: why there is an open one.",
        ),
    )


def saturated_generator() -> tuple[Outcome, Outcome]:
    """Ask for more than one core can send, and let a generator use more of its core than it may."""
    with _archive() as (arm, work):
        beyond = _campaign(arm, work / "beyond", ["--set", f"rate_per_s={BEYOND_PER_S}.0"])
        busy = _campaign(arm, work / "busy", ["--set", f"validity.generator_cpu={ALLOWED_CPU}"])
    return (
        _invalid(
            "a rate beyond what one core of the generator can send makes the run invalid",
            beyond,
            f"generator: {BEYOND_PER_S} requests/s asked",
            "An open loop of a million arrivals per second; nothing is measured.",
        ),
        _invalid(
            "a generator that uses more of its core than allowed makes the run invalid",
            busy,
            "generator saturated",
            f"A closed loop in which {ALLOWED_CPU:.0%} of the core are allowed, which it surpasses.",
        ),
    )


def _invalid(claim: str, done: subprocess.CompletedProcess[str], sentence: str, how: str) -> Outcome:
    named = sentence in done.stderr
    return Outcome(
        claim,
        f"exit code {INVALID}, and the rule is named",
        f"exit code {done.returncode}, {'named' if named else 'not named'}",
        done.returncode == INVALID and named,
        how,
    )


def truncated_body() -> Outcome:
    """Retrieve bodies that end early, of known length and chunked."""
    failed = 0
    with FaultyServer() as server:
        client = HTTPClient.from_url(server.url, network_timeout=2.0)
        for number in range(TRUNCATED_REQUESTS):
            path = ("/truncated", "/truncated-chunked")[number % 2]
            request = Request(Operation.WADO_INSTANCE, path, DICOM_PARTS)
            exchange = Exchange()
            exchange.perform(client, request.wire("", "localhost", {}), "GET", keep=False, spin_ns=0)
            failed += "truncated" in (Sample(number, request, 0, 0, exchange).error or "")
        client.close()
    return Outcome(
        "a truncated WADO body is a failed request",
        f"{TRUNCATED_REQUESTS} of {TRUNCATED_REQUESTS}",
        f"{failed} of {TRUNCATED_REQUESTS}",
        failed == TRUNCATED_REQUESTS,
        "A server closes the connection within the body, of known length and chunked in turn.",
    )


def missing_principal() -> Outcome:
    """Check the access control of an archive of which only one principal is known."""
    with guarded_archive() as target, tempfile.TemporaryDirectory() as folder:
        owner = target.principals["owner"]["Authorization"]
        described = Path(folder) / "target.toml"
        described.write_text(
            f'name = "archive"\nbase_url = "{target.base_url}"\n'
            f'[principals.owner.headers]\nAuthorization = "{owner}"\n'
            "[capabilities]\naccess-control = true\n"
        )
        command = [sys.executable, "-m", "scenarios.conformance", "run", "acc", "--target", str(described)]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    return Outcome(
        "access control that could not be checked makes a verdict incomplete",
        f"exit code {INCOMPLETE}",
        f"exit code {done.returncode}",
        done.returncode == INCOMPLETE,
        "The conformance suite checks an archive that guards; its target.toml names the owner alone.",
    )


@contextlib.contextmanager
def _archive() -> Iterator[tuple[Arm, Path]]:
    """Run an empty archive without accounting, and give it with a folder to work in."""
    with tempfile.TemporaryDirectory() as folder:
        arm = new_arm(ArmPlan("off", accounting="off"), Path(folder) / "archive", split_cpus()[0])
        arm.prepare()
        arm.start()
        try:
            yield arm, Path(folder)
        finally:
            arm.stop()


@contextlib.contextmanager
def _stalling(arm: Arm) -> Iterator[None]:
    """Stop the archive's process again and again until the block ends."""
    process, ended = psutil.Process(arm.pid), threading.Event()

    def stall() -> None:
        while not ended.wait(PERIOD_S - STALL_S):
            process.send_signal(signal.SIGSTOP)
            ended.wait(STALL_S)
            process.send_signal(signal.SIGCONT)

    thread = threading.Thread(target=stall)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _campaign(arm: Arm, out: Path, further: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Carry out a campaign whose arms are all this archive."""
    targets = [f"arms.{name}.target={arm.base_url}" for name in ("off", "on")]
    command = [sys.executable, "-m", "scenarios.campaign", str(UNSETTLED), "--out", str(out)]
    command += [word for setting in targets for word in ("--set", setting)]
    command += further
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def _p99_ms(arm: Arm, out: Path, further: Sequence[str]) -> float:
    """Return the 99th percentile of the latency of a campaign, from the moment a request was due."""
    done = _campaign(arm, out, further)
    if done.returncode:
        raise RuntimeError(f"the campaign ended with {done.returncode}: {done.stderr[-800:]}")
    (run,) = out.iterdir()
    assert all(pq.read_table(run / "blocks.parquet")["valid"].to_pylist())
    samples = ds.dataset(run / "samples").to_table(columns=["due_ns", "end_ns"])
    times = zip(samples["due_ns"].to_pylist(), samples["end_ns"].to_pylist(), strict=True)
    latencies = sorted(end - due for due, end in times)
    return float(latencies[len(latencies) * 99 // 100]) / 1e6
