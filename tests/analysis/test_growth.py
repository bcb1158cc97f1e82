"""Growth curves: the exponent of known growth is found and covered, and stands in table, figure and page."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reports.growth import main
from reports.growth_curves import curves_of, growth_table, read_growth
from reports.run import RunError

SIZES = (1_000, 10_000, 100_000)
EXPONENTS = {"off": 0.0, "grants": 0.5, "post-filter": 1.0}


def growth_rows(rounds: int = 8) -> pd.DataFrame:
    """Return rows of a growth run whose exponents are known, with 3 % noise."""
    random = np.random.default_rng(5)
    rows = [
        {
            "instances": size, "studies": size // 10, "arm": arm, "selectivity": selectivity,
            "operation": operation, "round": number, "requests": 50,
            "median_ms": 0.5 * (size / 1_000) ** exponent * float(np.exp(random.normal(0, 0.03))),
        }
        for operation, selectivities in (("qido-first", (0.01, 1.0)), ("share", (None,)))
        for selectivity in selectivities
        for arm, exponent in EXPONENTS.items()
        for size in SIZES
        for number in range(rounds)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_known_exponents_are_found() -> None:
    curves = curves_of(growth_rows())
    assert len(curves) == 9
    assert [curve.panel for curve in curves[::3]] == [
        "qido-first, 1 % seen",
        "qido-first, 100 % seen",
        "share",
    ]
    for curve in curves:
        assert curve.exponent == pytest.approx(EXPONENTS[curve.arm], abs=0.02)
        assert curve.last_exponent == pytest.approx(EXPONENTS[curve.arm], abs=0.05)
        assert curve.interval
        assert curve.interval.half_width < 0.02
    covered = [curve.interval.contains(EXPONENTS[curve.arm]) for curve in curves if curve.interval]
    assert sum(covered) >= 8


def test_what_begins_to_rise_shows_in_the_last_step() -> None:
    rows = growth_rows()
    rows.loc[rows["instances"] == SIZES[-1], "median_ms"] *= 10
    assert all(c.last_exponent > EXPONENTS[c.arm] + 0.9 > c.exponent for c in curves_of(rows))


def test_few_rounds_give_no_interval_and_one_size_gives_no_curve() -> None:
    assert {curve.interval for curve in curves_of(growth_rows(rounds=5))} == {None}
    rows = growth_rows()
    assert curves_of(rows[rows["instances"] == 1_000]) == []


def test_command_writes_table_figure_and_page(tmp_path: Path) -> None:
    growth_rows().to_parquet(tmp_path / "growth.parquet")
    assert main([str(tmp_path)]) == 0
    table = pd.read_csv(tmp_path / "tables" / "growth.csv")
    expected = growth_table(curves_of(read_growth(tmp_path)))
    assert table["exponent"].tolist() == pytest.approx(expected["exponent"].tolist())
    assert {f"ms_at_{size}" for size in SIZES} <= set(table.columns)
    assert sorted(path.suffix for path in (tmp_path / "figures").iterdir()) == [".pdf", ".png", ".svg"]
    page = (tmp_path / "growth.html").read_text(encoding="utf-8")
    assert "post-filter: 0.5" in page
    assert "<script" not in page


def test_folders_without_growth_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "holds no growth.parquet" in capsys.readouterr().err
    growth_rows().drop(columns="median_ms").to_csv(tmp_path / "growth.csv", index=False)
    with pytest.raises(RunError, match="lacks the columns median_ms"):
        read_growth(tmp_path)
