"""Turns ask each operation by itself, by so many clients, and all archives grow alike."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from scenarios.load.further import TURNS, Further
from scenarios.load.operations import Operation
from scenarios.phases import Loop
from scenarios.plan import PlanError, read_plan
from scenarios.turns_plan import TurnsPlan

ROOT = Path(__file__).resolve().parents[2]
CAMPAIGN = """
name = "turns"
seed = 1
rounds = 1
block_s = 1.0
page_limit = 5
pin = false
[reads]
qido-studies-uid = 1
[warmup]
window_s = 0.1
at_most_s = 0.3
[turns]
operations = {operations}
clients = [1, 3]
read_s = 0.05
stows = 4
batches = 1
[validity]
generator_cpu = 2.0
lag_p99_ms = 10000.0
steal = 1.0
[arms.off]
accounting = "off"
[arms.grants]
accounting = "grants"
"""


def test_every_operation_is_asked_by_itself_and_archives_grow_alike(tmp_path: Path) -> None:
    campaign = tmp_path / "turns.toml"
    campaign.write_text(CAMPAIGN.format(operations=json.dumps(TURNS)), encoding="utf-8")
    command = [sys.executable, "-m", "scenarios.campaign", str(campaign), "--out", str(tmp_path / "runs")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    blocks = ds.dataset(folder / "blocks.parquet").to_table().to_pandas()
    assert set(blocks["phase"]) == {"closed-1", "closed-3"}
    samples = ds.dataset(folder / "samples").to_table().to_pandas().merge(blocks[["block", "phase"]])
    for _, block in samples.groupby("block"):
        turns = block.groupby("operation").agg(first=("due_ns", "min"), last=("end_ns", "max"))
        assert list(turns.sort_values("first").index) == list(TURNS)
        ordered = turns.sort_values("first")
        assert (ordered["first"].iloc[1:].to_numpy() >= ordered["last"].iloc[:-1].to_numpy()).all()
    stows = samples[samples["operation"] == Further.STOW_SMALL].groupby(["phase", "arm"]).size()
    assert stows.to_dict() == {
        (phase, arm): 4 + clients
        for phase, clients in (("closed-1", 1), ("closed-3", 3))
        for arm in ("off", "grants")
    }
    usual = samples[samples["operation"] == Operation.STOW_INSTANCE]["request_bytes"].median()
    assert samples[samples["operation"] == Further.STOW_SMALL]["request_bytes"].median() < usual
    report = [sys.executable, "-m", "reports.speed", str(folder), "--baseline", "off", "--out", str(tmp_path)]
    subprocess.run(report, cwd=ROOT, check=True, capture_output=True)
    text = (tmp_path / "speed.md").read_text(encoding="utf-8")
    assert [f"| {operation} |" in text for operation in TURNS] == [True] * len(TURNS)
    assert "turns, 3 clients" in text


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        (TurnsPlan([]), "operations is empty"),
        (TurnsPlan(["qido"]), "operations has no 'qido'; there are stow-instance"),
        (TurnsPlan(["wado-frame"], clients=[0]), "clients is"),
        (TurnsPlan(["wado-frame"], clients=[]), "clients is"),
        (TurnsPlan(["wado-frame"], read_s=0), "read_s has to be above 0"),
        (TurnsPlan(["wado-frame"], stows=-1), "cannot be negative"),
        (TurnsPlan(["wado-frame"]), None),
    ],
)
def test_turns_that_cannot_be_taken_are_refused(plan: TurnsPlan, fault: str | None) -> None:
    assert (fault is None and plan.fault is None) or (fault or "?") in (plan.fault or "")


@pytest.mark.parametrize("name", ["small", "scale"])
def test_the_shipped_comparisons_take_turns_with_orthanc(name: str) -> None:
    plan = read_plan(ROOT / "scenarios" / "campaigns" / "peers" / f"{name}.toml")
    assert {phase.loop for phase in plan.phases()} == {Loop.TURNS}
    assert [arm.name for arm in plan.arms if arm.orthanc] == ["orthanc"]
    with pytest.raises(PlanError, match="turns: operations has no 'speed'"):
        read_plan(ROOT / "scenarios" / "campaigns" / "peers" / f"{name}.toml", ['turns.operations=["speed"]'])
