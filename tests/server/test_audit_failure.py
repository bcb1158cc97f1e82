"""A trail that cannot be written: nothing is revealed or changed without a record, and none is dropped."""

import resource
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from reference_server.audit.command import COMMAND
from reference_server.audit.event import Event
from reference_server.audit.file import AUDIT
from tests.server.hospital import Hospital, open_hospital
from tests.server.running import ROOT, RunningArchive, bearer, clean_environment, server_command
from tests.server.trail_reader import TrailReader

EACH = ("--audit-sync", "each")
BATCH = ("--audit-interval", "20")
WAITING_SECONDS = 20


@pytest.fixture
def opened(tmp_path: Path, ct: bytes) -> Iterator[Callable[..., Hospital]]:
    """Return what opens a hospital with further arguments of its archive."""
    archives: list[RunningArchive] = []

    def with_arguments(*arguments: str) -> Hospital:
        archive = RunningArchive(tmp_path / "data", "grants", arguments).start()
        archives.append(archive)
        return open_hospital(archive, ct)

    yield with_arguments
    for archive in archives:
        archive.end()
        archive.client.close()


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Hold the write lock of the trail, as another program could."""
    with closing(sqlite3.connect(data / AUDIT, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def disk_full(archive: RunningArchive) -> Iterator[None]:
    """Let no file of the process grow beyond what the trail has now."""
    size = max(path.stat().st_size for path in archive.data.glob(f"{AUDIT}*"))
    before = resource.prlimit(archive.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(archive.pid, resource.RLIMIT_FSIZE, (size, before[1]))
    yield
    resource.prlimit(archive.pid, resource.RLIMIT_FSIZE, before)


def until(status: int, ask: Callable[[], httpx.Response]) -> list[int]:
    """Ask until that is the answer; return the statuses of all answers."""
    deadline = time.monotonic() + WAITING_SECONDS
    statuses = [ask().status_code]
    while statuses[-1] != status:
        assert time.monotonic() < deadline, statuses[-3:]
        time.sleep(0.01)
        statuses.append(ask().status_code)
    return statuses


def blobs(data: Path) -> set[Path]:
    """Return every file in the data folder but the databases."""
    return {path for path in data.rglob("*") if path.is_file() and ".sqlite" not in path.name}


@pytest.mark.parametrize("failure", ["locked", "disk full"])
def test_a_batch_that_cannot_be_written_refuses_what_follows_and_is_kept(
    opened: Callable[..., Hospital], failure: str, mr: bytes
) -> None:
    hospital = opened(*BATCH)
    archive, trail = hospital.archive, TrailReader(hospital.archive.data)

    def read() -> httpx.Response:
        return archive.get(hospital.instance, token=hospital.owner)

    assert read().status_code == 200
    until_written(trail)
    before = blobs(archive.data)
    with locked(archive.data) if failure == "locked" else disk_full(archive):
        statuses = until(503, read)
        answer = read()
        assert (answer.status_code, answer.text) == (503, "no record of this could be kept\n")
        assert archive.store(mr, token=hospital.owner).status_code == 503
        assert archive.get("/studies", token=hospital.stranger).status_code == 503
        assert archive.manage("/roles", {"name": "x"}, hospital.administrator).status_code == 503
        assert archive.client.get(f"{archive.origin}/health").status_code == 200
        assert blobs(archive.data) == before
    statuses += until(200, read)
    archive.end()
    records = [each for each in trail.added() if each.event is Event.SENT]
    assert len(records) == statuses.count(200)
    archive.start()
    assert len(archive.get("/studies", token=hospital.owner).json()) == 1
    assert archive.manage("/roles", {"name": "x"}, hospital.administrator).status_code == 201


def until_written(trail: TrailReader) -> None:
    """Return when the batches of the past are on disk."""
    time.sleep(0.2)
    while trail.added():
        time.sleep(0.2)


def test_with_each_an_answer_is_replaced_where_its_record_fails(opened: Callable[..., Hospital]) -> None:
    hospital = opened(*EACH)
    archive, trail = hospital.archive, TrailReader(hospital.archive.data)
    trail.added()
    with locked(archive.data):
        answer = archive.get(hospital.instance, token=hospital.owner)
        assert (answer.status_code, answer.text) == (503, "no record of this could be kept\n")
        assert "etag" not in answer.headers
    until(200, lambda: archive.get(hospital.instance, token=hospital.owner))
    first, *_, last = trail.added()
    assert (first.status, last.status) == (200, 200)  # what was replaced had been decided


def test_a_full_queue_refuses_before_anything_is_revealed(opened: Callable[..., Hospital]) -> None:
    hospital = opened("--audit-interval", "60000", "--audit-queue", "40")
    archive, trail = hospital.archive, TrailReader(hospital.archive.data)
    statuses = [archive.get(hospital.instance, token=hospital.owner).status_code for _ in range(60)]
    assert statuses == sorted(statuses)
    assert set(statuses) == {200, 503}
    assert archive.get(hospital.instance, token=hospital.stranger).status_code == 503
    assert archive.get(hospital.instance).status_code == 503
    archive.end()
    records = [each for each in trail.added() if each.method != COMMAND]
    assert len(records) == 40
    assert len([each for each in records if each.event is Event.SENT]) == statuses.count(200)
    archive.start()


def test_what_is_answered_with_each_survives_a_kill(opened: Callable[..., Hospital]) -> None:
    hospital = opened(*EACH)
    archive, trail = hospital.archive, TrailReader(hospital.archive.data)
    trail.added()
    for _ in range(20):
        assert archive.get(hospital.instance, token=hospital.owner).status_code == 200
    archive.end(signal.SIGKILL)
    assert len(trail.added()) == 20
    archive.start()


def test_a_batch_that_waits_is_written_at_the_end_and_after_the_interval(
    opened: Callable[..., Hospital],
) -> None:
    hospital = opened("--audit-interval", "60000")
    archive, trail = hospital.archive, TrailReader(hospital.archive.data)
    assert archive.get(hospital.instance, token=hospital.owner).status_code == 200
    assert [each.method for each in trail.added()] == [COMMAND]
    headers = bearer(hospital.administrator)
    url = f"{archive.origin}/accounting/audit?limit=1"
    assert archive.client.get(url, headers=headers).json()[0]["path"].endswith(hospital.instance)
    archive.end()
    assert [each.event for each in trail.added()][-2:] == [Event.SENT, Event.LOG_USED]
    archive.arguments = BATCH
    archive.start()
    assert archive.get(hospital.instance, token=hospital.reader).status_code == 200
    until_written(trail)
    archive.end(signal.SIGKILL)
    trail.seen = 0
    assert trail.added()[-1].name == "reader"
    archive.start()


def test_what_cannot_be_written_at_the_end_goes_to_the_log_without_tokens(
    opened: Callable[..., Hospital], tmp_path: Path
) -> None:
    hospital = opened(*EACH)
    archive = hospital.archive
    archive.end()
    archive.arguments = ("--audit-interval", "60000")
    with (tmp_path / "log").open("wb") as log:
        archive.errors = log
        archive.start()
        path = f"/studies?access_token={hospital.owner}"
        archive.get(path, token=hospital.owner)
        with locked(archive.data):
            archive.end()
    archive.errors = None
    logged = (tmp_path / "log").read_text()
    assert "not in the audit trail" in logged
    assert "name='owner'" in logged
    assert hospital.owner not in logged
    archive.start()


def test_an_archive_whose_trail_cannot_be_opened_does_not_start(tmp_path: Path) -> None:
    (tmp_path / AUDIT).write_bytes(b"this is not a database" * 100)
    command = server_command("--data", str(tmp_path), "--port", "0", "--accounting", "grants")
    done = subprocess.run(
        command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert "audit trail" in done.stderr


def test_records_are_added_and_never_changed(opened: Callable[..., Hospital]) -> None:
    archive = opened(*EACH).archive
    archive.end()
    with closing(sqlite3.connect(archive.data / AUDIT)) as connection:
        for statement in (
            "DELETE FROM record",
            "UPDATE record SET outcome = 0",
            "DELETE FROM concerned",
            "UPDATE concerned SET study_uid = '1'",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="only added to"):
                connection.execute(statement)
    archive.start()
