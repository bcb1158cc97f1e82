"""Decisions of a service hold for as long as was set and no longer, and without it nothing is decided."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.accounting.decider import Verdict
from reference_server.accounting.external import Kept
from reference_server.accounting.policy import Operation
from reference_server.accounting.resources import Resource
from tests.server.hospital import Hospital, open_hospital
from tests.server.running import ROOT, RunningArchive, bearer, clean_environment

TTL_SECONDS = 1
END_SECONDS = 20
KEYS = [
    ((party,), Operation.DISCOVER, Resource(1, study, None, None)) for party in (1, 2) for study in (1, 2)
]
VERDICTS = st.builds(Verdict, whole=st.sampled_from(Operation), partly=st.sampled_from(Operation))


@given(
    ttl=st.integers(0, 5),
    steps=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(KEYS), st.none() | VERDICTS), max_size=40),
)
def test_a_verdict_is_known_for_its_time_and_no_longer(
    ttl: int, steps: list[tuple[int, tuple[tuple[int, ...], Operation, Resource], Verdict | None]]
) -> None:
    """Time passes, and a verdict is kept or looked for: held against a list of what was said when."""
    now = 0
    kept = Kept(ttl, lambda: now)
    said: dict[object, tuple[int, Verdict]] = {}
    for passed, key, verdict in steps:
        now += passed
        if verdict is not None:
            kept.keep({key: verdict}, now)
            said[key] = (now, verdict)
        else:
            still = {key: said[key][1]} if key in said and said[key][0] + ttl > now else {}
            assert kept.known([key]) == still


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reference_server.accounting.external.MOST_KEPT", 3)
    kept = Kept(60, lambda: 0)
    for key in KEYS:
        kept.keep({key: Verdict(Operation.DISCOVER, Operation.DISCOVER)}, 0)
    assert list(kept.known(KEYS)) == KEYS[-3:]


class Service:
    """A decision service as an administrator starts it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start the process, at the port that it had before if it had one."""
        command = [sys.executable, "-m", "reference_server.decisions", "--data", str(self.data)]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port)],
            cwd=ROOT,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("deciding at http://127.0.0.1:"), line
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait(END_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def served(tmp_path: Path, ct: bytes) -> Iterator[tuple[Hospital, Service]]:
    """An archive whose decisions are kept for a second, and its service."""
    archive = RunningArchive(tmp_path / "data", "grants").start()
    hospital = open_hospital(archive, ct)
    archive.end()
    service = Service(archive.data)
    archive.accounting = "external"
    archive.arguments = ("--decision-url", service.url, "--decision-ttl", str(TTL_SECONDS))
    archive.start()
    yield hospital, service
    archive.end()
    archive.client.close()
    service.end()


def test_a_revocation_takes_effect_within_the_time(served: tuple[Hospital, Service]) -> None:
    """Over one connection, and though the caller knows the tag of what it has."""
    hospital, _ = served
    archive = hospital.archive
    shared = archive.manage("/shares", hospital.share("user", "stranger", ["R"]), hospital.owner).json()
    url, known = f"{archive.base}{hospital.instance}", {}
    seen = []
    with httpx.Client(headers=bearer(hospital.stranger)) as client:
        known = {"If-None-Match": client.get(url).raise_for_status().headers["etag"]}
        assert client.get(url, headers=known).status_code == 304
        revoke = f"{archive.origin}/accounting/shares/{shared['id']}"
        archive.client.delete(revoke, headers=bearer(hospital.owner)).raise_for_status()
        revoked = time.monotonic()
        while time.monotonic() < revoked + 1.5 * TTL_SECONDS:
            began = time.monotonic()
            statuses = (client.get(url).status_code, client.get(url, headers=known).status_code)
            seen.append((began - revoked, statuses))
            assert client.get(f"{archive.base}/instances").status_code == 200
    assert {statuses for since, statuses in seen if since >= TTL_SECONDS} == {(404, 404)}
    assert {statuses for since, statuses in seen} <= {(200, 304), (200, 404), (404, 404)}


def test_without_the_service_nothing_is_decided(served: tuple[Hospital, Service]) -> None:
    hospital, service = served
    archive = hospital.archive
    assert archive.get(hospital.instance, token=hospital.owner).status_code == 200
    service.end()
    time.sleep(TTL_SECONDS)
    for path in (hospital.instance, hospital.study, f"{hospital.study}/metadata", "/studies", "/instances"):
        answer = archive.get(path, token=hospital.owner)
        assert (answer.status_code, answer.text) == (503, "the decision service does not answer\n")
    assert archive.get("/studies", token="unknown").status_code == 401
    service.start()
    assert archive.get(hospital.instance, token=hospital.owner).status_code == 200


def test_the_service_tells_what_is_no_question(served: tuple[Hospital, Service]) -> None:
    _, service = served
    question = {"party": [1], "operations": 3, "now": 0, "resources": [[1, 1, None, None]]}
    url = f"{service.url}/decisions"
    assert httpx.post(url, json=question).json() == {"verdicts": [[0, 0]]}
    changes: tuple[dict[str, object], ...] = ({"resources": [[1]]}, {"party": None}, {"now": "?"})
    for wrong in ([], {}, *(question | change for change in changes)):
        assert httpx.post(url, json=wrong).status_code == 400
    assert httpx.post(url, content=b"{").status_code == 400
    assert httpx.get(url).status_code == 405


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_service_of_the_archives_own_ends_with_it(tmp_path: Path, how: signal.Signals) -> None:
    archive = RunningArchive(tmp_path / "data", "external").start()
    services = psutil.Process(archive.pid).children()
    assert ["reference_server.decisions" in each.cmdline() for each in services] == [True]
    archive.end(how)
    archive.client.close()
    _, alive = psutil.wait_procs(services, timeout=END_SECONDS)
    assert alive == []


def test_a_service_needs_an_archive(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "reference_server.decisions", "--data", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds no archive" in done.stderr
