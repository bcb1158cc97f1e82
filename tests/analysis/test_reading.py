"""A run folder is read as it is: failed requests, invalid blocks and missing parts are left out and named."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reports.analysis import Analysis, analyse, analyse_run
from reports.frames import round_medians
from reports.metrics import counts_of, failures_of, percentile
from reports.run import NothingMeasuredError, RunError, find_run, read_run
from reports.verdicts import Margin
from tests.analysis.synthetic_run import RUN_ID, Truth, change_blocks, change_samples, write_run

SMALL = Truth(rounds=6, requests=5)


def test_durations_are_differences_of_clocks_in_milliseconds(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", SMALL)
    change_samples(folder, 0, due_ns=1_000_000, sent_ns=1_500_000, first_byte_ns=3_000_000, end_ns=4_500_000)
    first = read_run(folder).samples.query("block == 0")
    assert set(first["latency_ms"]) == {3.5}
    assert set(first["service_ms"]) == {3.0}
    assert set(first["first_byte_ms"]) == {1.5}


def test_round_medians_are_medians_of_good_requests_of_one_block(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Truth(rounds=6, requests=3, operations_ms={"qido-series": 1.0}))
    change_samples(
        folder, 0, sent_ns=0, end_ns=[1_000_000, 9_000_000, 100_000_000],
        error=pd.Series([None, None, "status 500"], dtype="string"),
    )  # fmt: skip
    run = read_run(folder)
    assert round_medians(run).loc[("qido-series", "off", 0), "service_ms"] == 5.0
    failure = failures_of(run)[0]
    assert (failure.operation, failure.arm, failure.error, failure.requests) == (
        "qido-series", "off", "status 500", 1,
    )  # fmt: skip
    count = counts_of(run)[0]
    assert (count.requests, count.errors) == (18, 1)


def test_only_valid_blocks_count(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", SMALL)
    change_blocks(folder, 0, valid=False, reason="steal")
    run = read_run(folder)
    assert 0 not in set(run.samples["block"])
    assert run.missing == ()
    analysis = analyse(run, Margin(), "off")
    assert analysis.main is not None
    assert {finding.effect.n for finding in analysis.main.findings} == {5}
    assert next(load for load in analysis.loads if load.arm == "off").invalid_blocks == 1


def test_requests_of_unlisted_blocks_are_left_out_and_counted(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", SMALL)
    path = folder / "blocks.parquet"
    pd.read_parquet(path).query("block != 3").to_parquet(path)
    assert "15 requests" in read_run(folder).missing[0]


def test_without_blocks_all_requests_count_and_the_report_says_so(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", SMALL)
    (folder / "blocks.parquet").unlink()
    analysis = analyse_run(folder)
    assert len(read_run(folder).samples) == 6 * 4 * 15
    assert "blocks.parquet" in analysis.missing[0]
    assert analysis.loads == ()


def test_a_run_without_a_twin_has_no_noise_floor(tmp_path: Path) -> None:
    analysis = analyse_run(write_run(tmp_path / "run", Truth(rounds=6, requests=5, arms=("off", "on"))))
    assert analysis.twin is None
    assert analysis.main is not None
    assert {finding.noise_floor for finding in analysis.main.findings} == {None}
    assert {each.agrees for each in analysis.main.decompositions} == {None}
    assert "There is no twin of the baseline, so the noise floor is unknown." in analysis.missing


def test_what_was_planned_and_not_measured_is_named(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", SMALL)
    for path in sorted((folder / "samples").glob("*.parquet"))[-8:]:
        path.unlink()
    document = json.loads((folder / "run.json").read_text())
    document["campaign"]["arms"].append({"name": "materialised"})
    document["campaign"]["writes"] = {"stow-batch": 2}
    document["status"] = "incomplete"
    (folder / "run.json").write_text(json.dumps(document))
    assert analyse_run(folder).missing == (
        "Arm materialised was planned and not measured.",
        "Operation stow-batch was planned and never succeeded.",
        "4 of 6 planned rounds were measured.",
    )


def test_an_operation_that_fails_in_one_arm_is_named_and_not_compared(tmp_path: Path) -> None:
    truth = Truth(rounds=6, requests=3, operations_ms={"qido-series": 1.0, "wado-frame": 1.0})
    folder = write_run(tmp_path / "run", truth)
    blocks = pd.read_parquet(folder / "blocks.parquet")
    for block in blocks.loc[blocks["arm"] == "on", "block"]:
        change_samples(folder, int(block), error=[None] * 3 + ["status 404"] * 3)
    analysis = analyse_run(folder)
    assert "Operation wado-frame has no successful request in arm on." in analysis.missing
    assert analysis.main is not None
    assert [finding.effect.operation for finding in analysis.main.findings] == ["qido-series"]


def test_an_archive_without_server_timing_has_no_decomposition(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", SMALL)
    spans = ("total", "authn", "authz", "index", "blob", "app")
    for block in range(24):
        change_samples(folder, block, **{f"server_{span}_us": np.nan for span in spans}, sql_n=None)
    analysis = analyse_run(folder)
    assert analysis.main is not None
    assert analysis.main.decompositions == ()
    assert {each.span for each in analysis.spans} == {"client"}
    assert {each.sql_median for each in analysis.counts} == {None}


def test_client_and_server_agree_unless_the_delay_is_the_clients(analysis: Analysis, tmp_path: Path) -> None:
    assert analysis.main is not None
    assert {each.agrees for each in analysis.main.decompositions} == {True}
    delayed = analyse_run(write_run(tmp_path / "run", Truth(delays_ms={"on": 0.5}))).main
    assert delayed is not None
    fast = [each for each in delayed.decompositions if each.operation != "wado-study"]
    assert {each.agrees for each in fast} == {False}
    assert [each.outside_ms > 0.4 for each in fast] == [True, True]


def test_an_open_loop_is_judged_by_latency(tmp_path: Path) -> None:
    truth = Truth(rounds=6, requests=5)
    campaign = {"name": "open", "rate_per_s": 300.0}
    folder = write_run(tmp_path / "run", truth, campaign=campaign)
    for block, arm in enumerate(truth.arms * truth.rounds):
        late = 20_000_000 if arm == "on" else 1_000
        sent = pd.read_parquet(folder / "samples" / f"block-{block:05d}.parquet")["sent_ns"]
        change_samples(folder, block, due_ns=sent - late)
    main = analyse_run(folder).main
    assert main is not None
    assert all(finding.effect.delta_ms > 19 for finding in main.findings)
    assert all(each.client_ms < 1 for each in main.decompositions)


def test_an_injected_delay_makes_every_fast_operation_exceed(tmp_path: Path) -> None:
    analysis = analyse_run(write_run(tmp_path / "run", Truth(delays_ms={"on": 0.5}, overheads_ms={})))
    assert analysis.main is not None
    assert {finding.word for finding in analysis.main.findings} == {"exceeds"}
    assert analysis.twin is not None
    assert "exceeds" not in {finding.word for finding in analysis.twin.findings}


@pytest.mark.parametrize(("percent", "needed"), [(50.0, 1), (95.0, 2_000), (99.0, 10_000), (99.9, 100_000)])
def test_percentiles_need_enough_requests(percent: float, needed: int) -> None:
    enough = percentile(pd.Series(np.arange(float(needed))), percent)
    few = percentile(pd.Series(np.arange(float(needed - 1))), percent)
    assert enough.ms is not None
    assert few.ms is None
    assert few.text == f"n/a (n={needed - 1})"


def test_percentiles_ignore_missing_values_when_they_count() -> None:
    assert percentile(pd.Series([1.0, np.nan, 3.0]), 50.0).n == 2


def test_latest_is_the_run_that_began_last(tmp_path: Path) -> None:
    for name, started in (("b", "2026-01-01T00:00:00+00:00"), ("a", "2026-01-02T00:00:00+00:00")):
        write_run(tmp_path / name, Truth(rounds=1, requests=1), started=started)
    os.utime(tmp_path / "b" / "run.json")
    assert find_run("latest", tmp_path) == tmp_path / "a"
    assert find_run("b", tmp_path) == tmp_path / "b"
    assert find_run(str(tmp_path / "b")) == tmp_path / "b"


def _without_run_json(folder: Path) -> None:
    (folder / "run.json").unlink()


def _not_json(folder: Path) -> None:
    (folder / "run.json").write_text("{")


def _other_schema(folder: Path) -> None:
    (folder / "run.json").write_text('{"schema": "dicomweb-phantom/run/9"}')


def _a_list(folder: Path) -> None:
    (folder / "run.json").write_text("[]")


def _cut_samples(folder: Path) -> None:
    path = folder / "samples" / "block-00002.parquet"
    path.write_bytes(path.read_bytes()[:100])


def _cut_blocks(folder: Path) -> None:
    (folder / "blocks.parquet").write_bytes(b"PAR1")


def _no_columns(folder: Path) -> None:
    for path in (folder / "samples").glob("*.parquet"):
        pd.read_parquet(path).drop(columns=["sql_n"]).to_parquet(path)


def _no_block_columns(folder: Path) -> None:
    path = folder / "blocks.parquet"
    pd.read_parquet(path).drop(columns=["valid"]).to_parquet(path)


BROKEN = {
    "run.json cannot be read": _without_run_json,
    "is not JSON": _not_json,
    "is not an object": _a_list,
    "dicomweb-phantom/run/9": _other_schema,
    "samples cannot be read": _cut_samples,
    "blocks.parquet cannot be read": _cut_blocks,
    "lacks the columns sql_n": _no_columns,
    "blocks.parquet lacks": _no_block_columns,
}


@pytest.mark.parametrize("message", BROKEN)
def test_a_broken_folder_is_refused_with_the_reason(message: str, tmp_path: Path) -> None:
    folder = write_run(tmp_path / RUN_ID, Truth(rounds=2, requests=2))
    BROKEN[message](folder)
    with pytest.raises(RunError, match=message) as caught:
        read_run(folder)
    assert not isinstance(caught.value, NothingMeasuredError)


def test_a_run_that_never_measured_is_not_called_broken(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Truth(rounds=1, requests=1))
    for block in range(4):
        change_blocks(folder, block, valid=False)
    with pytest.raises(NothingMeasuredError, match="no valid block"):
        read_run(folder)
    for path in (folder / "samples").glob("*"):
        path.unlink()
    with pytest.raises(NothingMeasuredError, match="no samples"):
        read_run(folder)


def test_an_unknown_baseline_is_refused_with_the_arms_that_there_are(quiet_run: Path) -> None:
    with pytest.raises(RunError, match="can be off, off2, null, on"):
        analyse_run(quiet_run, baseline="base")


def test_any_arm_can_be_the_baseline(quiet_run: Path) -> None:
    analysis = analyse_run(quiet_run, baseline="null")
    assert [str(each.pair) for each in analysis.pairs] == [
        "off against null",
        "off2 against null",
        "on against null",
    ]
    assert analysis.twin is None
