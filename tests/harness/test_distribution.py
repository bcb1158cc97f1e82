"""Several processes of Locust generate one load: samples merge, UIDs are disjoint, and the archive agrees."""

import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from datasets.__main__ import main as make_data
from scenarios.arm_plan import ArmPlan
from scenarios.arms import Arm, new_arm
from scenarios.data_set import open_data_set
from scenarios.filling import fill

ROOT = Path(__file__).resolve().parents[2]
LOCUST = (sys.executable, "-m", "locust", "-f", "scenarios/load/locustfile.py", "--headless")
OPERATIONS = ("stow-instance", "stow-batch", "qido-studies-uid", "wado-instance")
GIVEN = 13  # studies of the data set


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    assert make_data(["tiny", "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def arm(data: Path, tmp_path: Path) -> Iterator[Arm]:
    """A plain archive that holds the data set."""
    arm = new_arm(ArmPlan("off", accounting="off"), tmp_path / "archive", None)
    arm.prepare()
    arm.start()
    fill(arm, open_data_set(data))
    yield arm
    arm.stop()


def load(data: Path, samples: Path) -> dict[str, str]:
    """Return the environment of a load."""
    return {
        **os.environ,
        "PHANTOM_LOAD_DATA": str(data),
        "PHANTOM_LOAD_OPERATIONS": ",".join(OPERATIONS),
        "PHANTOM_LOAD_SAMPLES": str(samples),
    }


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def options(arm: Arm) -> list[str]:
    """Return a load of four users for two seconds, in which every request that has begun ends."""
    return ["--users", "4", "--run-time", "2s", "--stop-timeout", "10", "--host", arm.base_url]


def held(arm: Arm) -> list[dict[str, Any]]:
    """Return all studies of the archive, with the number of their instances."""
    answer = httpx.get(f"{arm.base_url}/studies?limit=10000&includefield=00201208", timeout=60.0)
    found: list[dict[str, Any]] = answer.json()
    return found


def check(arm: Arm, samples: Path) -> None:
    """Hold the samples of two workers against each other and against the archive."""
    rows = [row for path in samples.glob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert {row["error"] for row in rows} == {None}
    assert {row["operation"] for row in rows} == set(OPERATIONS)
    assert {row["block"] for row in rows} == {0, 1}
    numbers = Counter((row["block"], row["round"], row["seq"]) for row in rows)
    assert set(numbers.values()) == {1}
    done = Counter(row["operation"] for row in rows)
    studies = held(arm)
    assert len(studies) - GIVEN == done["stow-instance"] + done["stow-batch"]
    new = sum(study["00201208"]["Value"][0] for study in studies[GIVEN:])
    assert new == done["stow-instance"] + 10 * done["stow-batch"]
    summary = subprocess.run(
        [sys.executable, "-m", "scenarios.load.parts", str(samples)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    told = {line.split()[0]: line.split()[1:4] for line in summary.stdout.splitlines()[1:]}
    assert told == {name: [str(done[name]), "0", "2"] for name in OPERATIONS}


def test_two_forked_workers_are_one_load(arm: Arm, data: Path, tmp_path: Path) -> None:
    port = str(free_port())
    command = [*LOCUST, *options(arm), "--processes", "2", "--master-bind-port", port, "--master-port", port]
    done = subprocess.run(
        command, cwd=ROOT, env=load(data, tmp_path / "samples"), capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    check(arm, tmp_path / "samples")


def test_a_master_and_two_workers_are_one_load(arm: Arm, data: Path, tmp_path: Path) -> None:
    port = str(free_port())
    environment = load(data, tmp_path / "samples")
    master = [*LOCUST, *options(arm), "--master", "--expect-workers", "2"]
    master += ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    worker = [*LOCUST[:-1], "--worker", "--master-host", "127.0.0.1", "--master-port", port]
    processes = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        for command in (master, worker, worker)
    ]
    try:
        said = [process.communicate(timeout=120)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0, 0], said
    check(arm, tmp_path / "samples")


def test_samples_of_two_loads_are_not_mixed(arm: Arm, data: Path, tmp_path: Path) -> None:
    samples = tmp_path / "samples"
    samples.mkdir()
    (samples / "worker-000-1-00000.parquet").touch()
    done = subprocess.run(
        [*LOCUST, *options(arm)], cwd=ROOT, env=load(data, samples), capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "choose a new folder" in done.stderr


def test_a_folder_without_samples_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scenarios.load.parts", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "holds no samples" in done.stderr
