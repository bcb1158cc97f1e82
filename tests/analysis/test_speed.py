"""Rates, ratios and goals of archives side by side, on samples whose truth is known."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from reports import speed
from reports.goals import goal_of
from reports.run import read_run
from reports.stats import Interval
from tests.analysis.synthetic_run import Truth, write_run

ARMS = ("orthanc", "off", "grants")


@pytest.fixture
def turns(tmp_path: Path) -> Path:
    """A run of six rounds; each request of Orthanc takes 10 ms, of ours 5 ms and 4 ms."""
    folder = write_run(tmp_path / "run", Truth(arms=ARMS, rounds=6, operations_ms={"wado-frame": 1.0}))
    step_ns = {"orthanc": 10_000_000, "off": 4_000_000, "grants": 5_000_000}
    for path in (folder / "samples").glob("*.parquet"):
        frame = pd.read_parquet(path)
        step = step_ns[frame["arm"].iloc[0]]
        frame["due_ns"] = frame["seq"].astype("int64") * step
        frame["sent_ns"] = frame["due_ns"] + step // 2  # connecting anew
        frame["end_ns"] = frame["due_ns"] + step
        frame.to_parquet(path)
    blocks = pd.read_parquet(folder / "blocks.parquet").assign(phase="closed-4")
    blocks.to_parquet(folder / "blocks.parquet")
    return folder


def test_rates_count_from_the_first_due_to_the_last_end(turns: Path) -> None:
    (line,) = speed.lines_of(speed.turns_of(read_run(turns)), "peers-small")
    assert {arm: round(rates.median) for arm, rates in line.rates.items()} == {
        "orthanc": 100,
        "off": 250,
        "grants": 200,
    }
    assert math.isclose(line.rates["orthanc"].median_ms, 5.0)  # without the connecting
    ratio = line.ratio("grants", "orthanc")
    assert ratio is not None
    assert ratio.rounds == 6
    assert ratio.text == "2.00 (2.00 to 2.00)"
    assert line.ratio("grants", "none") is None


def test_the_table_has_rates_ratios_and_goals(
    turns: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert speed.main([str(turns), "--out", str(tmp_path / "out")]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("| wado-frame"))
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells[1:4] == ["100", "250", "200"]
    assert cells[-2:] == ["1.5", "reached"]
    written = pd.read_csv(tmp_path / "out" / "speed.csv")
    assert written.set_index("arm")["ratio"].to_dict() == {"orthanc": 1.0, "off": 2.5, "grants": 2.0}


def test_a_block_that_is_not_valid_does_not_count(turns: Path) -> None:
    blocks = pd.read_parquet(turns / "blocks.parquet")
    blocks.loc[blocks["round"] == 0, "valid"] = False
    blocks.to_parquet(turns / "blocks.parquet")
    (line,) = speed.lines_of(speed.turns_of(read_run(turns)), "x")
    ratio = line.ratio("grants", "orthanc")
    assert ratio is not None
    assert (ratio.rounds, ratio.interval) == (5, None)
    assert ratio.text == "2.00"


def test_a_folder_that_is_no_run_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"schema": "other"}), encoding="utf-8")
    assert speed.main([str(tmp_path)]) == 2


@pytest.mark.parametrize(
    ("data", "phase", "operation", "least"),
    [
        ("peers-scale", "closed-1", "qido-studies-first-page", 30.0),
        ("peers-small", "closed-1", "qido-studies-first-page", 1.0),
        ("peers-small", "closed-1", "stow-small", 1.0),
        ("peers-small", "closed-4", "stow-small", 1.2),
        ("peers-small", "closed-16", "stow-batch", 1.0),
        ("peers-small", "closed-16", "qido-series", 1.0),
    ],
)
def test_goals(data: str, phase: str, operation: str, least: float) -> None:
    assert goal_of(data, phase, operation).least == least


@pytest.mark.parametrize(
    ("ratio", "interval", "word"),
    [
        (1.6, Interval(1.55, 1.7), "reached"),
        (1.6, Interval(1.4, 1.7), "inconclusive"),
        (1.2, Interval(1.1, 1.3), "missed"),
        (1.6, None, "inconclusive"),
    ],
)
def test_an_interval_that_holds_the_goal_decides_nothing(
    ratio: float, interval: Interval | None, word: str
) -> None:
    assert goal_of("peers-small", "closed-1", "wado-rendered").word(ratio, interval) == word
