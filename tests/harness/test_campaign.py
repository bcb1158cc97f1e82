"""Campaigns against real processes: complete, interrupted, invalid, unreachable, and not even begun."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from scenarios.arm_plan import ArmPlan
from scenarios.arms import new_arm
from scenarios.data_set import open_data_set
from scenarios.filling import fill
from scenarios.load.operations import READS, WRITES, Operation
from scenarios.resuming import UNFINISHED

ROOT = Path(__file__).resolve().parents[2]
SMOKE = ROOT / "scenarios" / "campaigns" / "smoke.toml"
SCHEMA = json.loads((ROOT / "scenarios" / "run.schema.json").read_text(encoding="utf-8"))
ARMS = ("off", "off2", "null", "on")
DELAY_US = 3000
# Short, and without a rule that a busy machine could break.
BRIEF = [
    *("--set", "rounds=2"),
    *("--set", "restarts=2"),
    *("--set", "block_s=0.3"),
    *("--set", "warmup.window_s=0.1"),
    *("--set", "warmup.at_most_s=0.3"),
    *("--set", "writes.stow-instance=2"),
    *("--set", "writes.stow-batch=1"),
    *("--set", "calibration_s=0.1"),
    *("--set", "validity.steal=1.0"),
    *("--set", "validity.lag_p99_ms=10000.0"),
    *("--set", "validity.generator_cpu=2.0"),
    *("--set", "validity.aa_bias=1000.0"),
]
# A closed loop of two rounds, then one round of arrivals.
PHASES = [
    *("--set", "open_loop={fractions=[0.5],rounds=1,block_s=0.4}"),
    *("--set", "capacity={clients=[1,2],window_s=0.2}"),
    *("--set", "validity.errors=100000"),
]

VIEWER = [
    *("--set", "rounds=1"),
    *("--set", "warmup={window_s=0.1,at_most_s=0.3}"),
    *("--set", "calibration_s=0.1"),
    *("--set", "open_loop={fractions=[0.3],rounds=1,block_s=0.5}"),
    *("--set", "validity={steal=1.0,lag_p99_ms=10000.0,generator_cpu=2.0,aa_bias=1000.0,errors=0}"),
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


@dataclass(frozen=True, slots=True)
class Finished:
    """One brief campaign that every test below looks at from another side."""

    folder: Path
    document: dict[str, Any]
    samples: pa.Table


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    out = tmp_path_factory.mktemp("runs")
    done = run(SMOKE, *BRIEF, "--set", f"arms.on.delay_us={DELAY_US}", "--data", data, "--out", out)
    assert done.returncode == 0, done.stderr
    folder, document = only_run(out)
    return Finished(folder, document, ds.dataset(folder / "samples").to_table())


@pytest.mark.slow
def test_a_campaign_measures_every_operation_in_every_arm_and_round(finished: Finished) -> None:
    columns = (finished.samples[name].to_pylist() for name in ("round", "arm", "operation"))
    cells = Counter(zip(*columns, strict=True))
    assert set(cells) == {
        (number, arm, str(operation)) for number in (0, 1) for arm in ARMS for operation in Operation
    }
    assert {count for (_, _, operation), count in cells.items() if operation == "stow-instance"} == {2}
    assert {count for (_, _, operation), count in cells.items() if operation == "stow-batch"} == {1}
    assert finished.samples["error"].null_count == finished.samples.num_rows
    assert finished.samples["server_total_us"].null_count == finished.samples["sql_n"].null_count == 0


@pytest.mark.slow
def test_run_json_says_how_the_run_was_carried_out(finished: Finished) -> None:
    document = finished.document
    assert document["status"] == "complete"
    assert {name: arm["delay_us"] for name, arm in document["arms"].items()} == dict(
        zip(ARMS, (0, 0, 0, DELAY_US), strict=True)
    )
    assert [len(arm["hash_seeds"]) for arm in document["arms"].values()] == [2, 2, 2, 2]
    seen = document["data_set"]["selectivity"]
    assert all(each["visible_instances"] == each["instances"] > 0 for each in seen.values())
    assert [seen[arm]["shares"] > 0 for arm in ARMS] == [False, False, True, True]


@pytest.mark.slow
def test_run_json_holds_neither_folders_nor_secrets(finished: Finished, data: Path) -> None:
    text = (finished.folder / "run.json").read_text(encoding="utf-8")
    assert not [secret for secret in (str(data), str(ROOT), "Bearer", socket.gethostname()) if secret in text]


@pytest.mark.slow
def test_an_injected_delay_is_in_every_sample_of_its_arm(finished: Finished) -> None:
    columns = (finished.samples[name].to_pylist() for name in ("arm", "sent_ns", "first_byte_ns"))
    waits_ns = [first - sent for arm, sent, first in zip(*columns, strict=True) if arm == "on"]
    assert min(waits_ns) >= DELAY_US * 1000


@pytest.mark.slow
def test_what_the_client_costs_is_known_at_every_start(finished: Finished) -> None:
    client = finished.document["client"]
    rows = {(row["restart"], row["operation"]): row for row in client["calibrations"]}
    assert set(rows) == {(restart, str(operation)) for restart in (0, 1) for operation in READS}
    assert all(row["requests"] >= 5 and row["raw_socket_ms"] > 0 for row in rows.values())
    assert client["capacity_per_s"] > 1000


@pytest.mark.slow
def test_blocks_account_for_all_samples(finished: Finished) -> None:
    blocks = pq.read_table(finished.folder / "blocks.parquet")
    assert blocks["valid"].to_pylist() == [True] * 8
    assert blocks["restart"].to_pylist() == [0] * 4 + [1] * 4
    counts = Counter(finished.samples["block"].to_pylist())
    assert dict(zip(blocks["block"].to_pylist(), blocks["requests"].to_pylist(), strict=True)) == counts
    assert all(cpu is not None and cpu >= 0 for cpu in blocks["server_cpu_ms"].to_pylist())


def test_an_open_loop_counts_from_the_arrival(data: Path, tmp_path: Path) -> None:
    rate = ["--set", "rate_per_s=100", "--set", "rounds=1", "--set", "restarts=1", "--set", "block_s=0.5"]
    done = run(SMOKE, *BRIEF, *rate, "--data", data, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    folder, document = only_run(tmp_path)
    assert document["generator"]["mode"] == "open loop"
    samples = ds.dataset(folder / "samples").to_table(
        filter=~ds.field("operation").isin([str(each) for each in WRITES])
    )
    by_arm: dict[str, list[int]] = {arm: [] for arm in ARMS}
    for arm, due in zip(samples["arm"].to_pylist(), samples["due_ns"].to_pylist(), strict=True):
        by_arm[arm].append(due)
    gaps = [[due - min(dues) for due in sorted(dues)] for dues in by_arm.values()]
    assert 20 < len(gaps[0]) < 90
    assert gaps.count(gaps[0]) == len(ARMS)


def test_a_saturated_generator_makes_the_run_invalid(data: Path, tmp_path: Path) -> None:
    done = run(SMOKE, *BRIEF, "--set", "validity.generator_cpu=0.0001", "--data", data, "--out", tmp_path)
    assert done.returncode == 4
    assert "invalid: round 1" in done.stderr
    assert "generator saturated" in done.stderr
    folder, document = only_run(tmp_path)
    assert document["status"] == "invalid"
    assert document["validity"]["repeated_blocks"] == 2
    assert pq.read_table(folder / "blocks.parquet")["valid"].to_pylist() == [False, False]


def test_a_viewer_is_timed_to_the_first_image_and_over_the_whole_study(data: Path, tmp_path: Path) -> None:
    workload = [*("--set", "journeys=8"), *("--set", "restarts=1"), *("--set", "capacity={clients=[1]}")]
    done = run(SMOKE.with_name("workload.toml"), *VIEWER, *workload, "--data", data, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    folder, document = only_run(tmp_path)
    assert document["generator"]["unit"] == "journeys"
    samples = ds.dataset(folder / "samples").to_table().to_pylist()
    spans = [row for row in samples if row["operation"] == "viewer-first-image"]
    assert {row["arm"] for row in spans} == {"off", "off2", "on"}
    assert all(row["error"] is None and row["server_total_us"] is None for row in spans)
    frames = [row for row in samples if row["operation"] == "viewer-frame"]
    for span in spans:
        ends = [row["end_ns"] for row in frames if row["block"] == span["block"]]
        assert span["end_ns"] in ends
        assert span["end_ns"] > span["first_byte_ns"] > span["sent_ns"]


def test_a_rate_beyond_the_generator_is_invalid_before_anything_is_measured(
    data: Path, tmp_path: Path
) -> None:
    done = run(SMOKE, *BRIEF, "--set", "rate_per_s=10000000.0", "--data", data, "--out", tmp_path)
    assert done.returncode == 4
    assert "invalid: generator: 10000000 requests/s asked" in done.stderr
    folder, document = only_run(tmp_path)
    assert document["status"] == "invalid"
    assert pq.read_table(folder / "blocks.parquet").num_rows == 0


def stopped(data: Path, out: Path, last: str, number: signal.Signals) -> list[psutil.Process]:
    """Send a campaign that signal once it has told this, and return the processes that it had."""
    # Tests that a shell runs in the background were told to ignore SIGINT, and so would be their children.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        campaign(SMOKE, *BRIEF, *PHASES, "--data", data, "--out", out),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, inherited)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(last):
            break
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 6  # four servers, the generator and the guard
    _, before = only_run(out)
    assert (before["status"], before["exit_code"]) == ("incomplete", None)
    process.send_signal(number)
    assert process.wait(60) == (-signal.SIGKILL if number is signal.SIGKILL else 3)
    process.stderr.close()
    return children


def test_an_interrupted_campaign_leaves_a_readable_incomplete_run(data: Path, tmp_path: Path) -> None:
    children = stopped(data, tmp_path, "round 1 closed", signal.SIGINT)
    folder, document = only_run(tmp_path)
    assert (document["status"], document["exit_code"]) == ("incomplete", 3)
    assert pq.read_table(folder / "blocks.parquet").num_rows >= 1
    assert not [child for child in children if child.is_running()]


def test_a_killed_run_goes_on_after_its_last_finished_round(data: Path, tmp_path: Path) -> None:
    finished_rounds = 2
    children = stopped(data, tmp_path, "round 3 open-50", signal.SIGKILL)
    _, still_running = psutil.wait_procs(children, timeout=10)
    assert still_running == []
    folder, document = only_run(tmp_path)
    assert (document["status"], document["exit_code"]) == ("incomplete", None)
    begun = pq.read_table(folder / "blocks.parquet").to_pylist()
    kept = [block for block in begun if block["round"] < finished_rounds]
    assert len(kept) == finished_rounds * len(ARMS) < len(begun)

    done = run("--resume", folder, "--data", data)
    assert done.returncode == 0, done.stderr
    folder, document = only_run(tmp_path)
    assert document["status"] == "complete"
    assert [session["first_round"] for session in document["sessions"]] == [0, finished_rounds]
    blocks = pq.read_table(folder / "blocks.parquet").to_pylist()
    assert blocks[: len(kept)] == kept
    assert Counter((block["round"], block["arm"]) for block in blocks if block["valid"]) == Counter(
        (number, arm) for number in range(3) for arm in ARMS
    )
    assert {block["reason"] for block in blocks if not block["valid"]} == {UNFINISHED}
    assert [block["block"] for block in blocks] == list(range(len(blocks)))
    assert {phase["name"]: phase["rate_per_s"] is not None for phase in document["phases"]} == {
        "closed": False,
        "open-50": True,
    }
    assert {len(arm["hash_seeds"]) for arm in document["arms"].values()} == {
        len({block["restart"] for block in blocks})
    }


def test_a_complete_run_is_not_continued(finished: Finished, data: Path) -> None:
    done = run("--resume", finished.folder, "--data", data)
    assert done.returncode == 2
    assert "only an incomplete run can be continued" in done.stderr
    assert json.loads((finished.folder / "run.json").read_text(encoding="utf-8")) == finished.document


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
        (["--resume", "no/such/run"], "holds no readable run.json"),
        ([SMOKE, "--resume", "no/such/run"], "name a campaign file, or a run with --resume"),
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
    assert "time: about" in done.stderr
    assert list(tmp_path.iterdir()) == []


VIEWS = ("worklist", "series", "priors", "metadata", "frame", "first-image", "whole-study")


@pytest.mark.parametrize(
    ("with_data", "further", "expected"),
    [
        (False, [], set(READS)),
        (True, [], set(Operation)),
        (False, ["--workload", "viewer"], {f"viewer-{view}" for view in VIEWS}),
    ],
    ids=["discovered", "with data", "a named workload"],
)
def test_the_locustfile_runs_by_hand(
    data: Path, tmp_path: Path, *, with_data: bool, further: list[str], expected: set[str]
) -> None:
    arm = new_arm(ArmPlan("off", accounting="off"), tmp_path / "archive", None)
    arm.prepare()
    arm.start()
    try:
        fill(arm, open_data_set(data))
        command = [sys.executable, "-m", "locust", "-f", "scenarios/load/locustfile.py", "--headless"]
        command += ["--users", "2", "--run-time", "4s", "--host", arm.base_url, "--json", *further]
        environment = {**os.environ, **({"PHANTOM_LOAD_DATA": str(data)} if with_data else {})}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
    finally:
        arm.stop()
    assert done.returncode == 0, done.stderr[-2000:]
    entries = json.loads(done.stdout)
    assert {entry["name"] for entry in entries} == expected
    assert all(entry["num_failures"] == 0 and entry["num_requests"] > 0 for entry in entries)


def test_the_locustfile_says_when_there_is_nothing_to_aim_at() -> None:
    command = [sys.executable, "-m", "locust", "-f", "scenarios/load/locustfile.py", "--headless"]
    command += ["--run-time", "20s", "--host", "http://127.0.0.1:9/dicom-web"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "was not answered with DICOM JSON" in done.stderr
