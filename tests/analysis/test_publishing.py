"""A published run is small, frozen and analysed like the original; conformance results are counted."""

import hashlib
import json
from pathlib import Path

import pytest

from reports.analysis import Analysis, analyse_run
from reports.conformance import read_conformance
from reports.notebook import picture, shown_results, shown_run
from reports.publish import main
from reports.run import RunError
from reports.verdict_document import verdict_document
from tests.analysis.synthetic_run import Truth, write_run


def test_a_published_run_gives_the_same_verdicts(quiet_run: Path, analysis: Analysis, tmp_path: Path) -> None:
    assert main([str(quiet_run), "copy", "--into", str(tmp_path)]) == 0
    assert verdict_document(analyse_run(tmp_path / "copy")) == verdict_document(analysis)
    lines = (tmp_path / "copy" / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    assert len(lines) == 4
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((tmp_path / "copy" / name).read_bytes()).hexdigest() == digest


def test_a_large_run_is_published_with_coarser_clocks_and_every_request(
    quiet_run: Path, analysis: Analysis, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(quiet_run), "fine", "--into", str(tmp_path)]) == 0
    bound_mb = (tmp_path / "fine" / "samples" / "all.parquet").stat().st_size / 1e6 - 1e-6
    assert main([str(quiet_run), "coarse", "--into", str(tmp_path), "--most-mb", str(bound_mb)]) == 0
    facts = json.loads((tmp_path / "coarse" / "published.json").read_text(encoding="ascii"))
    assert facts == {"run": analysis.run.id, "requests": 64 * 90, "clock_resolution_ns": 1000}
    for fine, coarse in zip(
        verdict_document(analysis)["rows"],
        verdict_document(analyse_run(tmp_path / "coarse"))["rows"],
        strict=True,
    ):
        assert coarse["delta_ms"] == pytest.approx(fine["delta_ms"], abs=2e-3)
        assert coarse["verdict"] == fine["verdict"]
    assert main([str(quiet_run), "none", "--into", str(tmp_path), "--most-mb", "0.001"]) == 2
    assert "raise --most-mb" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_published_run_is_frozen(
    quiet_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "copy").mkdir()
    assert main([str(quiet_run), "copy", "--into", str(tmp_path)]) == 2
    assert "frozen" in capsys.readouterr().err


def test_only_a_complete_run_is_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_run(tmp_path / "run", Truth(rounds=1, requests=1), status="invalid")
    assert main([str(folder), "copy", "--into", str(tmp_path)]) == 2
    assert "is invalid" in capsys.readouterr().err
    assert not (tmp_path / "copy").exists()


def test_notebooks_show_the_run_that_the_environment_names(
    quiet_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHANTOM_RUN", str(quiet_run))
    shown = shown_run()
    assert shown.run.path == quiet_run
    assert picture(shown, "forest").startswith("<svg")


def check(name: str, requirement: str, state: str) -> dict[str, object]:
    """Return one check as a results.json holds it, without what is not read."""
    return {
        "name": name, "title": f"Title of {name}", "requirements": [requirement], "state": state,
        "expected": "one", "got": "two", "reason": "",
    }  # fmt: skip


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Return a results.json with three checks of two transactions."""
    document = {
        "schema": "dicomweb-phantom/conformance/1",
        "target": "an archive",
        "edition": "2025c",
        "verdict": "non-conforming",
        "started": "2026-01-01T00:00:00+00:00",
        "results": [
            check("a", "QIDO-001", "pass"),
            check("b", "QIDO-002", "fail"),
            check("c", "WADO-001", "pass"),
        ],
    }
    path = tmp_path / "results.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_conformance_results_are_counted_by_transaction(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHANTOM_RESULTS", str(results))
    found = shown_results()
    assert found is not None
    assert found.sentence == "an archive against PS3.18 2025c is non-conforming: 1 fail, 2 pass."
    assert found.states.to_dict("index") == {"QIDO": {"fail": 1, "pass": 1}, "WADO": {"fail": 0, "pass": 1}}
    assert found.deviations[["name", "got"]].to_numpy().tolist() == [["b", "two"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "not JSON"), ("[]", "schema"), ('{"schema": "dicomweb-phantom/conformance/9"}', "schema")],
)
def test_what_is_no_results_json_is_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    with pytest.raises(RunError, match="cannot be read"):
        read_conformance(path)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RunError, match=message):
        read_conformance(path)
