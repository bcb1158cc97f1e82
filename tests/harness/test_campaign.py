"""Campaigns against real processes: complete, interrupted, invalid, unreachable, and not even begun."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from scenarios.arms import Arm
from scenarios.data_set import open_data_set
from scenarios.filling import fill
from scenarios.load.operations import READS, Operation
from scenarios.plan import ArmPlan

ROOT = Path(__file__).resolve().parents[2]
SMOKE = ROOT / "scenarios" / "campaigns" / "smoke.toml"
SCHEMA = json.loads((ROOT / "scenarios" / "run.schema.json").read_text(encoding="utf-8"))
# Short, and without a rule that a busy machine could break.
BRIEF = [
    *("--set", "rounds=2"),
    *("--set", "restarts=2"),
    *("--set", "block_s=0.3"),
    *("--set", "warmup.window_s=0.1"),
    *("--set", "warmup.at_most_s=0.3"),
    *("--set", "writes.stow-instance=2"),
    *("--set", "writes.stow-batch=1"),
    *("--set", "validity.steal=1.0"),
    *("--set", "validity.lag_p99_ms=10000.0"),
    *("--set", "validity.generator_cpu=2.0"),
    *("--set", "validity.aa_bias=1000.0"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "tiny"
    command = [sys.executable, "-m", "datasets", "tiny", "--seed", "1", "--out", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


def campaign(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "scenarios.campaign", *map(str, arguments)]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        campaign(*arguments), cwd=ROOT, capture_output=True, text=True, check=False, timeout=240
    )


def only_run(parent: Path) -> tuple[Path, dict[str, Any]]:
    (folder,) = parent.iterdir()
    document = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, SCHEMA)
    return folder, document


@pytest.mark.slow
def test_a_campaign_measures_every_operation_in_every_arm_and_round(data: Path, tmp_path: Path) -> None:
    done = run(SMOKE, *BRIEF, "--set", "arms.on.delay_us=3000", "--data", data, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    folder, document = only_run(tmp_path)
    assert document["status"] == "complete"
    assert document["arms"]["on"]["delay_us"] == 3000
    assert [len(arm["hash_seeds"]) for arm in document["arms"].values()] == [2, 2, 2, 2]
    assert len({json.dumps(each) for each in document["data_set"]["selectivity"].values()}) == 2
    sizes = {
        (each["visible_instances"], each["instances"])
        for each in document["data_set"]["selectivity"].values()
    }
    assert {visible - held for visible, held in sizes} == {0}
    samples = ds.dataset(folder / "samples").to_table()
    assert samples["error"].null_count == samples.num_rows
    columns = (samples[name].to_pylist() for name in ("round", "arm", "operation"))
    cells = Counter(zip(*columns, strict=True))
    assert set(cells) == {
        (number, arm, str(operation))
        for number in (0, 1)
        for arm in ("off", "off2", "null", "on")
        for operation in Operation
    }
    assert {count for (_, _, operation), count in cells.items() if operation == "stow-instance"} == {2}
    assert {count for (_, _, operation), count in cells.items() if operation == "stow-batch"} == {1}
    service_ns = [
        end - sent
        for end, sent, arm in zip(
            *(samples[name].to_pylist() for name in ("end_ns", "sent_ns", "arm")), strict=True
        )
        if arm == "on"
    ]
    assert min(service_ns) >= 3_000_000
    assert samples["server_total_us"].null_count == samples["sql_n"].null_count == 0
    blocks = pq.read_table(folder / "blocks.parquet")
    assert blocks["valid"].to_pylist() == [True] * 8
    assert blocks["restart"].to_pylist() == [0] * 4 + [1] * 4
    assert blocks["requests"].to_pylist() == [
        samples["block"].to_pylist().count(number) for number in blocks["block"].to_pylist()
    ]
    everything = (folder / "run.json").read_text(encoding="utf-8")
    assert str(Path.home()) not in everything
    assert str(data) not in everything
    assert "Bearer" not in everything


def test_a_saturated_generator_makes_the_run_invalid(data: Path, tmp_path: Path) -> None:
    done = run(SMOKE, *BRIEF, "--set", "validity.generator_cpu=0.0001", "--data", data, "--out", tmp_path)
    assert done.returncode == 4
    assert "invalid: round 1" in done.stderr
    assert "generator saturated" in done.stderr
    folder, document = only_run(tmp_path)
    assert document["status"] == "invalid"
    assert document["validity"]["repeated_blocks"] == 2
    assert pq.read_table(folder / "blocks.parquet")["valid"].to_pylist() == [False, False]


def test_an_interrupted_campaign_leaves_a_readable_incomplete_run(data: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        campaign(SMOKE, *BRIEF, "--set", "rounds=500", "--data", data, "--out", tmp_path),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("round 1/500"):
            break
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 5
    _, before = only_run(tmp_path)
    assert (before["status"], before["exit_code"]) == ("incomplete", None)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 3
    process.stderr.close()
    folder, document = only_run(tmp_path)
    assert (document["status"], document["exit_code"]) == ("incomplete", 3)
    assert pq.read_table(folder / "blocks.parquet").num_rows >= 1
    assert not [child for child in children if child.is_running()]


def test_an_archive_that_does_not_answer_is_unreachable(data: Path, tmp_path: Path) -> None:
    text = SMOKE.read_text(encoding="utf-8").partition("[arms.off]")[0]
    path = tmp_path / "external.toml"
    path.write_text(
        text + '[arms.off]\ntarget = "http://127.0.0.1:9/dicom-web"\n[arms.on]\naccounting = "off"\n',
        encoding="utf-8",
    )
    done = run(path, *BRIEF, "--data", data, "--out", tmp_path / "runs")
    assert done.returncode == 5
    assert "arm off does not answer at http://127.0.0.1:9/dicom-web" in done.stderr
    assert only_run(tmp_path / "runs")[1]["status"] == "unreachable"


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["none.toml"], "campaigns lie in scenarios/campaigns"),
        ([SMOKE, "--set", "arms.onn.delay_us=1"], "here are off, off2, null, on"),
        ([SMOKE, "--set", "delay"], "write it as table.key=value"),
        ([SMOKE, "--data", "no/such/folder"], "is not a folder"),
        ([SMOKE, "--sett", "x"], "unrecognized arguments"),
    ],
)
def test_a_campaign_that_cannot_begin_says_why_and_leaves_nothing(
    tmp_path: Path, arguments: list[str | Path], advice: str
) -> None:
    done = run(*arguments, "--out", tmp_path)
    assert done.returncode == 2
    assert advice in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_prints_the_schedule_and_starts_nothing(tmp_path: Path) -> None:
    done = run(SMOKE, "--dry-run", "--out", tmp_path)
    assert done.returncode == 0
    assert done.stderr.count("  round ") == 32
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("with_data", [False, True], ids=["discovered", "with-data"])
def test_the_locustfile_runs_by_hand(data: Path, tmp_path: Path, *, with_data: bool) -> None:
    arm = Arm(ArmPlan("off", accounting="off"), tmp_path / "archive", None)
    arm.prepare()
    arm.start()
    try:
        fill(arm, open_data_set(data))
        command = [sys.executable, "-m", "locust", "-f", "scenarios/load/locustfile.py", "--headless"]
        command += ["--users", "2", "--run-time", "4s", "--host", arm.base_url, "--json"]
        environment = {**os.environ, **({"PHANTOM_LOAD_DATA": str(data)} if with_data else {})}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
    finally:
        arm.stop()
    assert done.returncode == 0, done.stderr[-2000:]
    entries = json.loads(done.stdout)
    assert {entry["name"] for entry in entries} == set(Operation if with_data else READS)
    assert all(entry["num_failures"] == 0 and entry["num_requests"] > 0 for entry in entries)


def test_the_locustfile_says_when_there_is_nothing_to_aim_at() -> None:
    command = [sys.executable, "-m", "locust", "-f", "scenarios/load/locustfile.py", "--headless"]
    command += ["--run-time", "20s", "--host", "http://127.0.0.1:9/dicom-web"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "was not answered with DICOM JSON" in done.stderr
