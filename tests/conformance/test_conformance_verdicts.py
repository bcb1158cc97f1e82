"""Verdicts, selections and expectations are decided by tables that a reader can check."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from scenarios.conformance import expectations
from scenarios.conformance.check import Check, all_checks
from scenarios.conformance.clauses import Profile, clauses_of
from scenarios.conformance.findings import HarnessError
from scenarios.conformance.results import CheckResult, Run
from scenarios.conformance.selection import select
from scenarios.conformance.target import Target, parse_target
from scenarios.conformance.verdict import State, Verdict, roll_up

TODAY = datetime(2026, 1, 1, tzinfo=UTC).date()


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        ([], Verdict.INCOMPLETE),
        ([State.PASS], Verdict.CONFORMING),
        ([State.PASS, State.WARN, State.INFO, State.UNSUPPORTED, State.NOT_APPLICABLE], Verdict.CONFORMING),
        ([State.UNSUPPORTED, State.NOT_APPLICABLE], Verdict.INCOMPLETE),  # a skip is never a pass
        ([State.PASS, State.COULD_NOT_RUN], Verdict.INCOMPLETE),
        ([State.PASS, State.ERROR], Verdict.INCOMPLETE),
        ([State.PASS, State.FAIL, State.COULD_NOT_RUN, State.ERROR], Verdict.NON_CONFORMING),
        ([State.PASS, State.XFAIL], Verdict.CONFORMING),
        ([State.PASS, State.XPASS], Verdict.NON_CONFORMING),
    ],
)
def test_a_run_amounts_to_its_worst(states: list[State], verdict: Verdict) -> None:
    assert roll_up(states) is verdict


def test_an_xpass_may_be_allowed() -> None:
    assert roll_up([State.XPASS], allow_xpass=True) is Verdict.CONFORMING


@pytest.mark.parametrize(
    ("selectors", "profile", "expected"),
    [
        ([], None, {"a/x/core", "a/x/full", "b/y/core"}),
        ([], Profile.CORE, {"a/x/core", "b/y/core"}),
        ([], Profile.OPT, {"a/x/core", "a/x/full", "a/x/opt", "b/y/core"}),
        (["a"], None, {"a/x/core", "a/x/full", "a/x/opt"}),
        (["a/x"], Profile.CORE, {"a/x/core"}),
        (["*/core"], None, {"a/x/core", "b/y/core"}),
        (["QIDO-073"], None, {"a/x/full"}),
        (["QIDO-07?", "b"], None, {"a/x/full", "b/y/core"}),
    ],
)
def test_selectors_and_profiles_choose_checks(
    selectors: list[str], profile: Profile | None, expected: set[str]
) -> None:
    rows = {"a/x/core": "QIDO-068", "a/x/full": "QIDO-073", "a/x/opt": "QIDO-014", "b/y/core": "STOW-001"}
    checks = [Check(name, "x", clauses_of([row]), lambda _: None) for name, row in rows.items()]
    assert {check.name for check in select(checks, selectors, profile)} == expected


def test_a_selector_that_selects_nothing_is_an_error() -> None:
    with pytest.raises(HarnessError, match="QIDO-999"):
        select(all_checks(), ["QIDO-999"], None)


def run_of(**states: State) -> Run:
    results = tuple(
        CheckResult(name, name, "x", ("QIDO-068",), "core", "FAIL", state, reason='a "reason" \\ \x01')
        for name, state in states.items()
    )
    return Run("t", "http://x", "2026a", "", (), "s", "0", "2026-01-01T00:00:00+00:00", 1.0, results)


@pytest.mark.parametrize(
    ("announced", "found", "becomes"),
    [
        (State.FAIL, State.FAIL, State.XFAIL),
        (State.FAIL, State.PASS, State.XPASS),
        (State.FAIL, State.WARN, State.XPASS),
        (State.WARN, State.WARN, State.XFAIL),
        (State.WARN, State.FAIL, State.FAIL),  # worse than announced
        (State.FAIL, State.COULD_NOT_RUN, State.COULD_NOT_RUN),
        (State.UNSUPPORTED, State.UNSUPPORTED, State.XFAIL),
    ],
)
def test_an_announced_deviation_is_expected(announced: State, found: State, becomes: State) -> None:
    entry = expectations.Expectation("a*", announced, "known")
    run = expectations.apply([entry], run_of(abc=found, other=found), allow_xpass=False)
    assert [result.state for result in run.results] == [becomes, found]


def test_written_expectations_are_met_by_the_same_run(tmp_path: Path) -> None:
    run = run_of(a=State.FAIL, b=State.WARN, c=State.PASS, d=State.UNSUPPORTED)
    path = tmp_path / "expectations.toml"
    expectations.write_expectations(run, path)
    entries = expectations.load_expectations(path, TODAY)
    again = expectations.apply(entries, run, allow_xpass=False)
    assert [result.state for result in again.results] == [State.XFAIL, State.XFAIL, State.PASS, State.XFAIL]


@pytest.mark.parametrize(
    "text",
    [
        '[[expect]]\ncheck = "a"\nstate = "fail"\n',
        '[[expect]]\ncheck = "a"\nstate = "fail"\nreason = " "\n',
        '[[expect]]\ncheck = "a"\nstate = "pass"\nreason = "r"\n',
        '[[expect]]\ncheck = "a"\nstate = "fail"\nreason = "r"\nexpires = 2025-12-31\n',
        '[[expect]]\ncheck = "a"\nstate = "fail"\nreason = "r"\nunknown = 1\n',
        "not toml",
    ],
)
def test_a_bad_expectation_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "expectations.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(HarnessError):
        expectations.load_expectations(path, TODAY)


def test_an_expectation_of_no_check_is_an_error() -> None:
    entry = expectations.Expectation("no/such/check", State.FAIL, "r", expires=date(2030, 1, 1))
    with pytest.raises(HarnessError, match="no/such/check"):
        expectations.refuse_unmatched([entry], all_checks())


def test_a_target_file_becomes_a_target() -> None:
    target = parse_target(
        {
            "base_url": "http://x/dicom-web/",
            "edition": "2024d",
            "capabilities": {"wado-uri": False},
            "timeouts": {"read_s": 3},
            "principals": {"owner": {"headers": {"Authorization": "Bearer ${TOKEN}"}}},
        },
        {"TOKEN": "t"},
    )
    assert target.base_url == "http://x/dicom-web"
    assert target.timeouts.read_s == 3
    assert target.principals["owner"]["Authorization"] == "Bearer t"
    assert "t" in target.secrets


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"base_url": "ftp://x"},
        {"base_url": "http://x", "edition": "latest"},
        {"base_url": "http://x", "read_only": True},
        {"base_url": "http://x", "capabilities": {"teleport": True}},
        {"base_url": "http://x", "timeouts": {"forever": 1}},
        {"base_url": "http://x", "unknown": 1},
        {"base_url": "http://x", "principals": {"owner": {"headers": {"A": "${NOT_SET}"}}}},
    ],
)
def test_a_bad_target_file_is_an_error(document: dict[str, object]) -> None:
    with pytest.raises(HarnessError):
        parse_target(document, {})


def test_a_target_needs_no_file() -> None:
    assert Target(base_url="http://x").edition >= "2026a"
