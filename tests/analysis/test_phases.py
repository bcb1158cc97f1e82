"""A run with several phases is analysed phase by phase; arms may bear any names; clients have a price."""

import itertools
import json
import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.__main__ import main
from reports.analysis import analyse_run
from reports.effects import Pair
from reports.figures.canvas import log_ticks
from reports.gallery import draw_gallery
from reports.page import render_page
from reports.prose import client_sentence, phase_sentence
from reports.tables import comparison_table, round_table, verdict_table
from tests.analysis.synthetic_run import Truth, write_phases, write_run

CLIENT = {
    "calibrations": [
        {
            "restart": start,
            "arm": "off",
            "operation": "qido-series",
            "raw_socket_ms": 0.30,
            "harness_ms": time,
        }
        for start, time in ((0, 0.36), (1, 0.40), (2, 0.44))
    ],
    "capacity_per_s": 9000.0,
    "capacity_operation": "health",
}


@pytest.fixture(scope="module")
def phased_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of 8 closed rounds and twice 4 open ones, in which requests of open-80 wait for 3 ms."""
    folder = write_run(
        tmp_path_factory.mktemp("runs") / "phased",
        Truth(rounds=16, requests=40),
        client=CLIENT,
        capacity=[{"arm": "on", "requests_per_s": 300.0, "method": "two clients"}],
    )
    write_phases(folder, ("closed", 8), ("open-30", 4), ("open-80", 4))
    blocks = pd.read_parquet(folder / "blocks.parquet")
    for number in blocks.loc[blocks["phase"] == "open-80", "block"]:
        path = folder / "samples" / f"block-{number:05d}.parquet"
        samples = pd.read_parquet(path)
        samples.assign(due_ns=samples["due_ns"] - 3_000_000).to_parquet(path)
    return folder


def test_phases_are_analysed_alone_and_open_ones_by_latency(phased_run: Path) -> None:
    phases = analyse_run(phased_run).phases
    assert [(each.run.phase.name, each.run.clock) for each in phases] == [
        ("closed", "service_ms"),
        ("open-30", "latency_ms"),
        ("open-80", "latency_ms"),
    ]
    effects = [each.main.findings[0].effect for each in phases if each.main]
    assert [each.n for each in effects] == [8, 4, 4]
    assert effects[2].baseline_ms == pytest.approx(effects[1].baseline_ms + 3, abs=0.1)
    assert [each.missing for each in phases] == [(), (), ()]


def test_tables_tell_phases_apart(phased_run: Path) -> None:
    analysis = analyse_run(phased_run)
    assert list(verdict_table(analysis)["phase"].unique()) == ["closed", "open-30", "open-80"]
    assert round_table(analysis).groupby("phase")["round"].nunique().to_dict() == {
        "closed": 8,
        "open-30": 4,
        "open-80": 4,
    }


def test_page_shows_load_and_client(phased_run: Path) -> None:
    analysis = analyse_run(phased_run)
    page = render_page(analysis, draw_gallery(analysis))
    for text in ("open-30: 90 arrivals per second, 30", "Arm on answered at most 300", 'id="load"'):
        assert text in page
    assert "25.0" in client_sentence(analysis)
    assert "9,000 requests per second" in client_sentence(analysis)
    assert phase_sentence(analysis.phases[2]).startswith("open-80: 240 arrivals per second")


def test_a_run_of_one_closed_loop_has_no_load_figure(quiet_run: Path) -> None:
    assert "load" not in [each.exhibit.name for each in draw_gallery(analyse_run(quiet_run))]


def test_arms_of_any_name_are_compared_with_the_first(tmp_path: Path) -> None:
    arms = ("orthanc", "ours", "guarded")
    truth = Truth(arms=arms, overheads_ms={"ours": -0.1, "guarded": 0.3})
    folder = write_run(tmp_path / "run", truth)
    analysis = analyse_run(folder)
    assert (analysis.baseline, analysis.arms) == ("orthanc", arms)
    assert [each.pair for each in analysis.pairs] == [Pair("ours", "orthanc"), Pair("guarded", "orthanc")]
    table = comparison_table(analysis).set_index("operation")
    assert (table["ours_ratio"] < 1).all()
    assert set(table["guarded_verdict"]) == {"exceeds"}
    assert main([str(folder)]) == 0
    assert "All arms beside each other" in (folder / "report.html").read_text(encoding="utf-8")


def test_cpu_and_round_trips_stand_per_request(quiet_run: Path) -> None:
    loads = {load.arm: load for load in analyse_run(quiet_run).loads}
    on = loads["on"]
    assert on.server_cpu_ms_per_request == pytest.approx(500 / 90)
    assert on.generator_cpu_ms_per_request == pytest.approx(200 / 90)
    assert (on.server_cpu_ratio, on.server_cpu_low, on.server_cpu_high) == (1, 1, 1)
    assert loads["off"].server_cpu_ratio is None
    assert on.sql_per_request == 1


def test_a_ratio_that_restarts_change_is_noted(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Truth(rounds=30))
    blocks = pd.read_parquet(folder / "blocks.parquet")
    blocks["restart"] = blocks["round"] // 10
    blocks.to_parquet(folder / "blocks.parquet")
    steady = analyse_run(folder).main
    assert steady
    assert not [note for finding in steady.findings for note in finding.notes if "starts" in note]
    for row in blocks[(blocks["arm"] == "on") & (blocks["restart"] == 1)].itertuples():
        path = folder / "samples" / f"block-{row.block:05d}.parquet"
        samples = pd.read_parquet(path)
        samples.assign(end_ns=samples["end_ns"] + 500_000).to_parquet(path)
    changed = analyse_run(folder).main
    assert changed
    finding = next(each for each in changed.findings if each.effect.operation == "qido-series")
    effect = finding.effect
    assert effect.interval
    assert effect.restart_interval
    assert effect.restart_interval.half_width > 3 * effect.interval.half_width
    assert "differs between starts" in " ".join(finding.notes)


def test_further_spans_of_a_server_are_parts(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Truth(rounds=6))
    for path in (folder / "samples").iterdir():
        samples = pd.read_parquet(path)
        samples.assign(server_encode_us=samples["server_app_us"] / 2).to_parquet(path)
    main_pair = analyse_run(folder).main
    assert main_pair
    assert "encode" in [part.span for part in main_pair.decompositions[0].parts]


def test_verdicts_of_phases_are_data(phased_run: Path) -> None:
    assert main([str(phased_run)]) == 0
    rows = json.loads((phased_run / "verdicts.json").read_text(encoding="utf-8"))["rows"]
    assert {(row["phase"], row["clock"]) for row in rows} == {
        ("closed", "service_ms"),
        ("open-30", "latency_ms"),
        ("open-80", "latency_ms"),
    }


@given(st.floats(1e-3, 1e3), st.floats(1.05, 1e4))
def test_ticks_are_round_and_have_room(low: float, factor: float) -> None:
    ticks = log_ticks(low, low * factor)
    assert all(low <= tick <= low * factor for tick in ticks)
    assert 1 <= len(ticks) <= 5 or factor < 1.2
    steps = [math.log(later / earlier) for earlier, later in itertools.pairwise(ticks)]
    assert all(step >= math.log(factor) / 4 * 0.999 for step in steps)
