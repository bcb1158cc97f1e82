"""Gates trip at what they are for and at nothing else; history never compares two machines."""

import json
from pathlib import Path

import pandas as pd
import pytest

from reports import regression
from reports.history import earlier_of_this_machine, told_change
from reports.run import read_run
from tests.analysis.synthetic_run import Truth, write_run

ARMS = ("base", "head")
MACHINE = {"cpu": "none", "cores": 2, "packages": {}, "machine_id": "one"}


def run_of(folder: Path, **truth: object) -> Path:
    """Write a run of two arms that are alike but for what is told."""
    return write_run(folder, Truth(arms=ARMS, **{"overheads_ms": {}, **truth}), environment=MACHINE)  # type: ignore[arg-type]  # as Truth has them


def change_samples(folder: Path, column: str, value: int, *, every: int = 1) -> None:
    """Give every n-th request of each block of head another value."""
    for path in (folder / "samples").glob("*.parquet"):
        frame = pd.read_parquet(path)
        if (frame["arm"] == "head").all():
            frame.loc[frame["seq"] % every == 0, column] = value
            frame.to_parquet(path)


def change_cpu(folder: Path, factor: float) -> None:
    """Let head's server use more CPU time."""
    path = folder / "blocks.parquet"
    blocks = pd.read_parquet(path)
    blocks.loc[blocks["arm"] == "head", "server_cpu_ms"] *= factor
    blocks.to_parquet(path)


def tripped(folder: Path) -> set[str]:
    """Return the measures whose gates tripped."""
    run = read_run(folder)
    gates = [*regression.exact_gates(run), *regression.cpu_gate(run), *regression.time_gates(run)]
    assert {gate.measure for gate in gates} == {"SQL round trips", "bytes", "server CPU", "service time"}
    return {gate.measure for gate in gates if gate.tripped}


def test_equal_arms_trip_nothing_and_the_exit_code_is_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run_of(tmp_path / "run")
    assert tripped(folder) == set()
    assert regression.main([str(folder)]) == 0
    assert "none of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("column", "value", "every", "measure"),
    [
        ("sql_n", 2, 1, "SQL round trips"),
        ("sql_n", 2, 30, "SQL round trips"),
        ("response_bytes", 5001, 30, "bytes"),
    ],
)
def test_one_more_of_what_is_exact_trips(
    tmp_path: Path, column: str, value: int, every: int, measure: str
) -> None:
    folder = run_of(tmp_path / "run")
    change_samples(folder, column, value, every=every)
    assert tripped(folder) == {measure}
    assert regression.main([str(folder)]) == 1


def test_fewer_is_no_regression(tmp_path: Path) -> None:
    folder = run_of(tmp_path / "run")
    change_samples(folder, "sql_n", 0)
    assert tripped(folder) == set()


@pytest.mark.parametrize(("factor", "found"), [(1.2, set()), (1.3, {"server CPU"}), (0.5, set())])
def test_cpu_trips_above_a_quarter(tmp_path: Path, factor: float, found: set[str]) -> None:
    folder = run_of(tmp_path / "run")
    change_cpu(folder, factor)
    assert tripped(folder) == found


@pytest.mark.parametrize(("overhead_ms", "found"), [(0.02, set()), (2.0, {"service time"})])
def test_times_trip_where_the_whole_interval_is_above_a_quarter(
    tmp_path: Path, overhead_ms: float, found: set[str]
) -> None:
    assert tripped(run_of(tmp_path / "run", overheads_ms={"head": overhead_ms})) == found


def test_an_invalid_run_says_nothing_about_the_change(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Truth(arms=ARMS), validity={"faults": ["steal"]}, status="invalid")
    assert regression.main([str(folder)]) == 4
    assert regression.main([str(tmp_path / "none")]) == 2


def test_the_export_is_custom_smaller_is_better(tmp_path: Path) -> None:
    folder = run_of(tmp_path / "run")
    assert regression.main([str(folder), "--export", str(tmp_path / "export.json")]) == 0
    entries = json.loads((tmp_path / "export.json").read_text(encoding="utf-8"))
    assert len({entry["name"] for entry in entries}) == len(entries) > 5
    assert all(isinstance(entry["value"], float | int) and entry["unit"] for entry in entries)


def test_history_gets_one_line_per_run_and_never_compares_two_machines(tmp_path: Path) -> None:
    history = tmp_path / "deep" / "history.jsonl"
    folder = run_of(tmp_path / "run")
    for _ in range(2):
        regression.main([str(folder), "--history", str(history)])
    lines = history.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    run = read_run(folder)
    found = earlier_of_this_machine(run, history)
    assert found is not None
    assert found == json.loads(lines[-1])
    assert "+0.0%" in told_change(found["values"], found)[0]
    history.write_text(lines[0].replace('"one"', '"another"') + "\n", encoding="utf-8")
    assert earlier_of_this_machine(run, history) is None
    assert told_change(found["values"], None) == ["History: no earlier run on this machine."]
