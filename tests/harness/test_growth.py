"""A growth campaign on real archives: every reader asks every arm the same, and the run says what it took."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from scenarios.growth.__main__ import main
from scenarios.growth.plan import PROFILES, read_growth_plan
from scenarios.plan import PlanError

ARMS = ("off", "grants", "materialised")
SMALL = (
    "studies=[100]", "users=27", "grants=12", "rounds=2", "requests=2", "shares=1", "warm_rounds=1",
    "page_limit=4", "instances=1", "steal=1.0",
)  # fmt: skip


def campaign(folder: Path, *overrides: str) -> int:
    options = [each for override in (*SMALL, *overrides) for each in ("--set", override)]
    work, out = str(folder / "work"), str(folder / "runs")
    return main(["scale-short", *options, "--work", work, "--out", out])


def run_of(folder: Path) -> Path:
    """Return the run that was written last."""
    return max((folder / "runs").iterdir(), key=lambda path: path.stat().st_mtime_ns)


def document(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "run.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the archives and the run of one campaign."""
    folder = tmp_path_factory.mktemp("growth")
    assert campaign(folder) == 0
    return folder


def test_every_kind_is_asked_of_every_arm_in_every_round(folder: Path) -> None:
    run = run_of(folder)
    assert document(run)["status"] == "complete"
    points = pq.read_table(run / "growth.parquet").to_pylist()
    reads = {
        (point["operation"], point["selectivity"], point["arm"], point["round"])
        for point in points
        if point["selectivity"] is not None
    }
    kinds = {(operation, selectivity) for operation, selectivity, _, _ in reads}
    assert kinds == {
        *((operation, 0.01) for operation in ("qido-first", "qido-uid", "wado-instance")),
        *(
            (operation, selectivity)
            for operation in ("qido-first", "qido-deep", "qido-uid", "wado-instance")
            for selectivity in (0.5, 1.0)
        ),
    }
    assert len(reads) == len(kinds) * len(ARMS) * 2
    changes = {(point["operation"], point["arm"]) for point in points if point["selectivity"] is None}
    assert changes == {(name, arm) for name in ("share", "revoke") for arm in ("grants", "materialised")}
    assert {point["requests"] for point in points} == {1, 2}


def test_the_samples_bear_the_medians(folder: Path) -> None:
    run = run_of(folder)
    samples = pq.read_table(run / "samples" / "growth.parquet").to_pylist()
    points = pq.read_table(run / "growth.parquet").to_pylist()
    assert len(samples) == sum(point["requests"] for point in points)
    assert {sample["error"] for sample in samples} == {None}
    assert all(sample["sql_n"] >= 1 for sample in samples if sample["operation"] != "revoke")


def test_archives_that_are_there_are_used_again(folder: Path) -> None:
    assert campaign(folder) == 0
    assert {arm["load_s"] for arm in document(run_of(folder))["archives"][0]["arms"].values()} == {None}


def test_an_arm_that_answers_otherwise_makes_the_run_invalid(folder: Path) -> None:
    (tokens,) = (folder / "work").glob("*/grants.tokens.json")
    held = json.loads(tokens.read_text(encoding="utf-8"))
    try:
        tokens.write_text(json.dumps(held | {"reader-of-half": held["reader-of-district"]}), encoding="utf-8")
        assert campaign(folder) == 4
    finally:
        tokens.write_text(json.dumps(held), encoding="utf-8")
    faults = document(run_of(folder))["validity"]["faults"]
    assert any(fault.startswith("qido-first at 50.00%: answers differ in length") for fault in faults)
    assert "100 studies, arm grants, wado-instance: status 404" in faults


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_profiles_compare_both_designs_with_the_plain_archive(path: Path) -> None:
    plan = read_growth_plan(path)
    assert plan.name == path.stem
    assert plan.arms == ARMS


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["round=3"], "no use for round"),
        (["rounds=0"], "rounds is 0"),
        (["rounds=2.5"], "rounds is 2.5"),
        (["shares=-1"], "shares is -1"),
        (["arms=['grants']"], "arms has to name 'off'"),
        (["studies=[]"], "studies has to list"),
        (["studies=["], "not TOML"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(overrides: Sequence[str], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        read_growth_plan(PROFILES / "scale-short.toml", overrides)
    assert main(["scale-short", *(each for name in overrides for each in ("--set", name))]) == 2
