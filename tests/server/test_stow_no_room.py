"""An archive without room refuses, stays consistent, and leaves no blob that the index does not name."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.server.metadata_payloads import reasons
from tests.server.running import RunningArchive

OUT_OF_RESOURCES = 0xA700
NO_ROOM = 507


def blobs(data: Path) -> set[str]:
    return {path.name for path in (data / "blobs").rglob("*") if path.is_file()}


def named(data: Path) -> set[str]:
    with sqlite3.connect(data / "index.sqlite") as connection:
        found = {name for (name,) in connection.execute("SELECT blob FROM instance")}
    connection.close()
    return found


@contextmanager
def files_of_at_most(archive: RunningArchive, size_bytes: int) -> Iterator[None]:
    """Let the process fail to write files beyond a size, as a full disk makes it fail."""
    unlimited = resource.prlimit(archive.process_id, resource.RLIMIT_FSIZE)
    resource.prlimit(archive.process_id, resource.RLIMIT_FSIZE, (size_bytes, unlimited[1]))
    try:
        yield
    finally:
        resource.prlimit(archive.process_id, resource.RLIMIT_FSIZE, unlimited)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[RunningArchive]:
    running = RunningArchive(tmp_path).start()
    yield running
    running.end()
    running.client.close()


def test_a_part_without_room_fails_alone(archive: RunningArchive, ct: bytes, mr: bytes) -> None:
    room = min(len(ct), len(mr)) + 1000
    large, small = sorted((ct, mr), key=len, reverse=True)
    archive.store(small)
    with files_of_at_most(archive, room):
        refused = archive.store(large)
        assert refused.status_code == NO_ROOM
        assert reasons(refused) == [OUT_OF_RESOURCES]
        assert list((archive.data / "incoming").iterdir()) == []
    assert archive.store(large, small).status_code == 200
    assert blobs(archive.data) == named(archive.data)


def test_an_index_without_room_refuses_all_and_leaves_no_blob(
    archive: RunningArchive, ct: bytes, mr: bytes
) -> None:
    archive.store(mr)
    log = archive.data / "index.sqlite-wal"
    with files_of_at_most(archive, max(log.stat().st_size, len(ct))):
        refused = archive.store(ct)
        assert refused.status_code == NO_ROOM
        assert reasons(refused) == [OUT_OF_RESOURCES]
        assert refused.json()["00081198"]["Value"][0]["00081155"]["Value"][0]
        assert len(archive.get("/instances").json()) == 1
    assert len(blobs(archive.data)) == 1
    assert archive.store(ct).status_code == 200
    assert blobs(archive.data) == named(archive.data)


def test_what_a_crash_left_is_found_at_the_start(archive: RunningArchive, ct: bytes) -> None:
    archive.store(ct)
    [kept] = blobs(archive.data)
    incoming = archive.data / "incoming"
    (incoming / kept).hardlink_to(archive.data / "blobs" / kept[:2] / kept)  # committed, not yet settled
    (incoming / "partial").write_bytes(b"half")
    unnamed = archive.data / "blobs" / "ab" / "abcdef"
    unnamed.write_bytes(ct)
    (incoming / unnamed.name).hardlink_to(unnamed)  # kept, but its transaction never came
    archive.end()
    archive.start()
    assert blobs(archive.data) == {kept}
    assert list(incoming.iterdir()) == []
    assert archive.get("/instances").json()
