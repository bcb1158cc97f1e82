"""A growth run is held against the bounds: what the interval allows is said, and no more."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reports.bounds import hold, main

ROUNDS = 20


def points(ratio: float, operation: str = "qido-first", noise: float = 0.02) -> pd.DataFrame:
    """Return a run in which an arm takes that many times what the baseline takes, with noise."""
    random = np.random.default_rng(5)
    rows = []
    for number in range(ROUNDS):
        slow = random.uniform(0.8, 1.6)  # of the machine, in both arms
        for arm, factor in (("off", 1.0), ("grants", ratio * np.exp(random.normal(0, noise)))):
            row = {"instances": 1000, "studies": 100, "arm": arm, "selectivity": 0.5, "operation": operation}
            rows.append(row | {"round": number, "median_ms": 2.0 * slow * factor, "requests": 8})
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("operation", "ratio", "verdict"),
    [
        ("qido-first", 1.2, "within"),
        ("qido-deep", 1.5, "exceeds"),
        ("wado-instance", 1.05, "within"),
        ("wado-instance", 1.2, "exceeds"),
        ("qido-uid", 1.3, "inconclusive"),
    ],
)
def test_the_verdict_follows_from_the_interval(operation: str, ratio: float, verdict: str) -> None:
    (held,) = hold(points(ratio, operation))
    assert held.low < ratio < held.high
    assert held.ratio == pytest.approx(ratio, rel=0.03)
    assert held.verdict == verdict


def test_what_has_no_bound_is_left_out() -> None:
    assert list(hold(points(9.0, "share"))) == []


def test_few_rounds_decide_nothing() -> None:
    few = points(5.0)
    (held,) = hold(few[few["round"] < 4])
    assert held.verdict == "inconclusive"


@pytest.mark.parametrize(("ratio", "code"), [(1.1, 0), (2.0, 1), (1.3, 3)])
def test_the_command_writes_the_table_and_says_the_outcome(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ratio: float, code: int
) -> None:
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    points(ratio).to_parquet(tmp_path / "growth.parquet")
    assert main([str(tmp_path)]) == code
    assert "| 100 | qido-first | 0.5 | grants |" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "tables" / "bounds.csv")) == 1


def test_a_folder_without_growth_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    assert main([str(tmp_path)]) == 2
    assert "growth.parquet" in capsys.readouterr().err
