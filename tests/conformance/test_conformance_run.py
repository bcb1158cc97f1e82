"""A run turns whatever checks and archives do into states, evidence, reports and an exit code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from scenarios.conformance import compare, results
from scenarios.conformance.__main__ import main
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import Check, all_checks
from scenarios.conformance.clauses import clauses_of
from scenarios.conformance.findings import CouldNotRun, Unsupported, expect
from scenarios.conformance.fixtures import F
from scenarios.conformance.message import Exchange
from scenarios.conformance.reports import write_reports
from scenarios.conformance.runner import run_checks
from scenarios.conformance.target import Capability, Target
from scenarios.conformance.verdict import ExitCode, Severity, State, Verdict

Serve = Callable[[Callable[[bytes], bytes]], str]
QuickTarget = Callable[[str], Target]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\nContent-Length: 2\r\n\r\n[]"
SCHEMA = Path(results.__file__).with_name("results.schema.json")


def make(function: Callable[..., None], *ids: str, **options: Any) -> Check:
    return Check(
        f"test/x/{function.__name__}", "It is true.", clauses_of(ids or ("QIDO-068",)), function, **options
    )


def passes(archive: Archive) -> None:
    expect(archive.get("/studies").ok, "a success")


def fails(archive: Archive) -> None:
    expect(archive.get("/studies").status == 404, "404", got="<200> & more")


def fails_hard(archive: Archive) -> None:
    expect(archive.get("/studies").status == 404, "404", severity=Severity.FAIL)


def warns(archive: Archive) -> None:
    archive.warn("DR-06: so it may be read")


def notes(archive: Archive) -> None:
    archive.note("seen")


def is_unsupported(_: Archive) -> None:
    raise Unsupported("no")


def cannot_run(_: Archive) -> None:
    raise CouldNotRun("no")


def is_wrong(_: Archive) -> None:
    raise ZeroDivisionError


def needs_a_fixture(archive: Archive, _: object) -> None:
    passes(archive)


def sees(exchange: Exchange) -> None:
    expect(exchange.response is not None, "a response")


ENDINGS = [
    (make(passes), State.PASS),
    (make(fails), State.FAIL),
    (make(fails, "QIDO-073"), State.WARN),  # a row whose verdict is WARN
    (make(fails, "QIDO-014"), State.INFO),  # a row whose verdict is INFO
    (make(fails, "QIDO-014", "QIDO-068"), State.FAIL),  # the severest row decides
    (make(fails_hard, "QIDO-073"), State.FAIL),  # what fits no reading fails
    (make(warns), State.WARN),
    (make(notes), State.PASS),
    (make(notes, "QIDO-014"), State.INFO),
    (make(is_unsupported), State.UNSUPPORTED),
    (make(cannot_run), State.COULD_NOT_RUN),
    (make(is_wrong), State.ERROR),
    (make(needs_a_fixture, needs=(F.BASE,)), State.COULD_NOT_RUN),
    (make(passes, capability=Capability.WORKLIST), State.NOT_APPLICABLE),
]


@pytest.mark.parametrize(("check", "state"), ENDINGS)
def test_the_end_of_a_check_is_its_state(
    serve: Serve, quick_target: QuickTarget, check: Check, state: State
) -> None:
    run = run_checks([check], quick_target(serve(lambda _: OK)))
    assert [result.state for result in run.results] == [state]


def test_silence_is_a_failure_and_a_closed_port_is_not(serve: Serve, quick_target: QuickTarget) -> None:
    silent = run_checks([make(passes)], quick_target(serve(lambda _: b"")))
    closed = run_checks([make(passes)], quick_target("http://127.0.0.1:1"))
    assert [silent.results[0].state, closed.results[0].state] == [State.FAIL, State.COULD_NOT_RUN]
    assert silent.results[0].evidence[0].status_line == "the connection was closed without a response"


@pytest.mark.parametrize(
    ("checks", "state"),
    [
        ([], State.NOT_APPLICABLE),  # nothing was sent
        ([make(fails)], State.COULD_NOT_RUN),  # an archive without service breaks no rule, and keeps none
        ([make(passes)], State.PASS),
    ],
)
def test_an_observer_judges_what_others_cause(
    serve: Serve, quick_target: QuickTarget, checks: list[Check], state: State
) -> None:
    observer = make(sees, "HTTP-001", observes=True)
    run = run_checks([*checks, observer], quick_target(serve(lambda _: OK)))
    assert run.results[-1].state is state


def test_a_read_only_run_stores_nothing(serve: Serve) -> None:
    requests: list[bytes] = []

    def answer(request: bytes) -> bytes:
        requests.append(request)
        return OK

    target = Target(base_url=serve(answer), read_only=True, seed="s")
    run = run_checks([make(passes, writes=True), make(needs_a_fixture, needs=(F.BASE,))], target)
    assert [result.state for result in run.results] == [State.NOT_APPLICABLE, State.PASS]
    assert not [request for request in requests if request.startswith(b"POST")]


def test_credentials_are_sent_and_never_reported(serve: Serve, tmp_path: Path) -> None:
    requests: list[bytes] = []

    def answer(request: bytes) -> bytes:
        requests.append(request)
        echoed = b'{"you": "secret-token"}'
        return (
            b"HTTP/1.1 401 No\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(echoed)
            + echoed
        )

    principals = {"owner": {"Authorization": "Bearer secret-token", "X-Tenant": "secret-tenant"}}
    run = run_checks([make(passes)], Target(base_url=serve(answer), principals=principals))
    write_reports(run, tmp_path)
    assert b"Bearer secret-token" in requests[0]
    for report in tmp_path.iterdir():
        assert "secret-t" not in report.read_text(encoding="utf-8"), report.name


def test_reports_of_every_state_are_well_formed(
    serve: Serve, quick_target: QuickTarget, tmp_path: Path
) -> None:
    checks = [
        Check(f"{check.name}_{n}", check.description, check.clauses, check.function, check.needs)
        for n, (check, _) in enumerate(ENDINGS)
    ]
    run = run_checks(checks, quick_target(serve(lambda _: OK)))
    write_reports(run, tmp_path)
    document = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert results.read_results(tmp_path / "results.json") == run
    suites = ET.parse(tmp_path / "junit.xml").getroot()
    assert sum(int(suite.get("tests", "0")) for suite in suites) == len(checks)
    assert len(suites.findall(".//failure")) == run.counts[State.FAIL]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "src=" not in page
    assert "&lt;200&gt; &amp; more" in page
    assert run.verdict is Verdict.NON_CONFORMING
    badge = json.loads((tmp_path / "badge.json").read_text(encoding="utf-8"))
    assert badge["color"] == "red"
    assert "observed to deviate" in (tmp_path / "statement.md").read_text(encoding="utf-8")
    assert "## Failures" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_a_comparison_shows_what_moved(serve: Serve, quick_target: QuickTarget) -> None:
    target = quick_target(serve(lambda _: OK))
    before = run_checks([make(passes)], target)
    after = run_checks([Check(make(passes).name, "x", clauses_of(["QIDO-068"]), fails)], target)
    assert compare.moved(before, after) == ["test/x/passes: pass -> fail (expected 404, got <200> & more)"]
    assert "| QIDO-068 limit caps the number of results. | pass | fail |" in compare.matrix([before, after])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--target", "http://127.0.0.1:1/dicom-web", "QIDO-068"], ExitCode.UNREACHABLE),
        (["--target", "http://127.0.0.1:1/dicom-web", "--dry-run"], ExitCode.OK),
        (["--target", "http://127.0.0.1:1/dicom-web", "no/such*"], ExitCode.USAGE),
        (["--target", "no-such.toml"], ExitCode.USAGE),
        (["list", "qido"], ExitCode.OK),
    ],
)
def test_the_exit_code_says_what_happened(arguments: list[str], code: ExitCode) -> None:
    assert main(arguments) == code


def test_the_fixtures_of_a_seed_can_be_written_for_preloading(tmp_path: Path) -> None:
    assert main(["fixtures", "--seed", "s", "--out", str(tmp_path)]) == ExitCode.OK
    assert len(list((tmp_path / "F-PAGE").glob("*.dcm"))) == 25
    assert not (tmp_path / "F-BAD").exists()


def test_every_check_can_be_listed_by_its_name() -> None:
    names = [check.name for check in all_checks()]
    assert len(names) == len(set(names)) > 0
