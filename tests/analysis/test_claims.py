"""Each claim has a limit that data can break; figures of an article stand beside ours."""

from pathlib import Path

import pandas as pd
import pytest

from reports.analysis import Analysis, analyse_run
from reports.article import QUANTITIES, beside, read_article
from reports.claims import CLAIMS, Claim, Evidence, Standing, claim_table, failing
from reports.conformance import Conformance
from reports.run import RunError
from tests.analysis.synthetic_run import Truth, change_blocks, change_samples, write_run

ROOT = Path(__file__).resolve().parents[2]
STEADY = Truth(rounds=12, requests=8, round_noise=0.005, request_noise=0.02)


def results(*states: str) -> Conformance:
    """Return conformance results with these states."""
    return Conformance("an archive", "2026a", "conforming", "", pd.DataFrame({"state": list(states)}))


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """Return the analysis of a run on a quiet machine."""
    return analyse_run(write_run(tmp_path_factory.mktemp("runs") / "steady", STEADY))


def claim(start: str) -> Claim:
    """Return the claim that begins with these words."""
    (found,) = [each for each in CLAIMS if each.text.startswith(start)]
    return found


def test_all_claims_hold_in_a_sound_run_and_the_table_says_how_to_repeat_them(steady: Analysis) -> None:
    evidence = Evidence(steady, results("pass", "xfail", "unsupported"))
    assert failing(evidence) == []
    table = claim_table(evidence)
    assert list(table.columns) == ["claim", "command", "minutes", "tolerance", "found", "file", "verdict"]
    assert set(table["verdict"]) == {"holds"}
    assert table["command"].str.startswith("nox -s ").all()


@pytest.mark.parametrize(
    ("start", "truth"),
    [
        ("Two identical archives", {"overheads_ms": {"off2": 0.5}}),
        ("The run finds", {"round_noise": 0.1}),
        ("Ownership and access", {"overheads_ms": {"on": 0.5}}),
        ("The server's own account", {"delays_ms": {"on": 0.5}}),
    ],
)
def test_a_run_can_contradict_a_claim(start: str, truth: dict[str, object], tmp_path: Path) -> None:
    values = {"rounds": 12, "requests": 8, "round_noise": 0.005, "request_noise": 0.02} | truth
    analysis = analyse_run(write_run(tmp_path / "run", Truth(**values)))  # type: ignore[arg-type]  # keywords of Truth
    assert claim(start).standing(Evidence(analysis, None)) is Standing.FAILS


def test_failed_requests_round_trips_and_a_busy_generator_contradict_claims(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", STEADY)
    for block, arm in enumerate(STEADY.arms * STEADY.rounds):
        change_samples(folder, block, sql_n=2 if arm == "on" else 1)
    change_samples(folder, 0, error="status 500")
    for block in range(0, 48, 4):
        change_blocks(folder, block, generator_cpu_ms=900.0)
    evidence = Evidence(analyse_run(folder), results("pass", "fail"))
    for start in ("No request", "They add no SQL", "The generator", "The archive conforms"):
        assert claim(start).standing(evidence) is Standing.FAILS
    assert "The generator is no bottleneck" in failing(evidence)


def test_what_was_not_measured_is_open(tmp_path: Path) -> None:
    arms = ("orthanc", "ours")
    evidence = Evidence(analyse_run(write_run(tmp_path / "run", Truth(arms=arms, rounds=6))), None)
    for start in (
        "Two identical",
        "Ownership",
        "They add no SQL",
        "The server's own",
        "The archive conforms",
    ):
        assert claim(start).standing(evidence) is Standing.OPEN


def paper(folder: Path, **changes: object) -> Path:
    """Write a paper.toml whose number is made up for this test and taken from no article."""
    row = {
        "operation": "qido-series", "arm": "on", "baseline": "off", "quantity": "ratio", "value": 1.12,
        "source": "made up",
    } | changes  # fmt: skip
    path = folder / "paper.toml"
    path.write_text("[[figure]]\n" + "".join(f"{name} = {value!r}\n" for name, value in row.items()))
    return path


def test_an_articles_figures_stand_beside_ours(steady: Analysis, tmp_path: Path) -> None:
    near = beside(steady, read_article(paper(tmp_path))).iloc[0]
    assert near["ours"] == pytest.approx(1.11, abs=0.02)
    assert near["low"] < near["ours"] < near["high"]
    far = beside(steady, read_article(paper(tmp_path, value=2.0))).iloc[0]
    assert not far["article_in_our_interval"]
    for quantity in QUANTITIES:
        assert beside(steady, read_article(paper(tmp_path, quantity=quantity))).iloc[0]["ours"] > 0
    unknown = beside(steady, read_article(paper(tmp_path, operation="c-store"))).iloc[0]
    assert unknown["ours"] is None


def test_an_article_is_optional_and_the_template_holds_no_numbers(tmp_path: Path) -> None:
    assert read_article(tmp_path / "paper.toml") == ()
    assert read_article(ROOT / "notebooks" / "paper.example.toml") == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"quantity": "mean"}, "none of ratio"), ({"page": 3}, "a figure has"), ({"value": "many"}, "float")],
)
def test_a_wrong_figure_is_refused_with_advice(
    changes: dict[str, object], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match=reason) as refused:
        read_article(paper(tmp_path, **changes))
    assert "paper.example.toml" in str(refused.value)
