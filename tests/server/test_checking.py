"""The check finds every blob that is not what the index says, and repairs what can be repaired."""

import threading
from pathlib import Path

import pytest

from tests.server.running import AS_STORED, RunningArchive, changed, run


@pytest.fixture(name="blobs")
def _blobs(plain: RunningArchive, ct: bytes) -> list[Path]:
    """The files of four new instances, in the order in which they were stored, in a running archive."""
    known = set((plain.data / "blobs").glob("??/*"))
    found: list[Path] = []
    for number in range(4):
        content = changed(ct, SOPInstanceUID=f"1.2.{len(known)}.{number}")
        assert plain.store(content).status_code == 200
        [new] = set((plain.data / "blobs").glob("??/*")) - known - set(found)
        found.append(new)
    return found


def check(archive: RunningArchive, *arguments: str) -> tuple[int, list[str]]:
    """Return the exit code and the lines of a check."""
    done = run("check", "--data", str(archive.data), *arguments)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def statuses(archive: RunningArchive) -> list[int]:
    """Return how the last four instances are answered."""
    urls = [each["00081190"]["Value"][0] for each in archive.get("/instances").json()[-4:]]
    return [archive.client.get(url, headers={"Accept": AS_STORED}).status_code for url in urls]


def garble(path: Path) -> None:
    """Change one byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_what_is_not_right_is_listed_and_set_aside(plain: RunningArchive, blobs: list[Path]) -> None:
    code, [told] = check(plain)
    assert (code, told.endswith("instances are checked")) == (0, True)
    good, garbled, torn, lost = blobs
    orphan = good.parent.parent / "00" / ("0" * 32)
    arriving = good.parent.parent / "00" / ("1" * 32)
    for path in (orphan, arriving):
        path.write_bytes(b"x")
    (plain.data / "incoming" / arriving.name).hardlink_to(arriving)
    garble(garbled)
    torn.write_bytes(torn.read_bytes()[:-1000])
    lost.unlink()
    assert statuses(plain) == [200, 200, 503, 503]  # a size is noticed at once, other bytes by the check
    verdicts = {
        (garbled.name, "damaged"),
        (torn.name, "cut"),
        (lost.name, "missing"),
        (orphan.name, "orphan"),
    }
    for arguments in ((), ("--repair",)):
        code, lines = check(plain, *arguments)
        assert code == 1
        assert {(line.split()[1], line.split()[0]) for line in lines[:-1]} == verdicts
    assert {line.split()[1] for line in lines if line.endswith("repaired")} == {
        garbled.name,
        torn.name,
        orphan.name,
    }
    assert not orphan.exists()
    assert arriving.exists()
    assert {path.name for path in (plain.data / "damaged").iterdir()} == {garbled.name, torn.name}
    code, lines = check(plain)
    assert code == 1
    assert {line.split()[0] for line in lines[:-1]} == {"missing"}
    assert statuses(plain) == [200, 503, 503, 503]
    for path in (lost, garbled, torn):
        path.write_bytes(good.read_bytes())  # stands for a backup
    arriving.unlink()
    (plain.data / "incoming" / arriving.name).unlink()
    assert check(plain, "--sizes")[0] == 0


def test_orphans_alone_are_repaired_and_well(tmp_path: Path, ct: bytes) -> None:
    archive = RunningArchive(tmp_path / "data").start()
    try:
        assert archive.store(ct).status_code == 200
    finally:
        archive.end()
        archive.client.close()
    (archive.data / "blobs" / "00" / ("0" * 32)).write_bytes(b"x")
    assert check(archive)[0] == 1
    assert check(archive, "--repair")[0] == 0
    assert check(archive) == (0, ["1 instances are checked"])


def test_what_arrives_meanwhile_is_left_alone(tmp_path: Path, ct: bytes) -> None:
    archive = RunningArchive(tmp_path / "data").start()
    stop = threading.Event()
    stored: list[int] = []

    def store() -> None:
        while not stop.is_set():
            content = changed(ct, SOPInstanceUID=f"1.2.3.{len(stored)}")
            stored.append(archive.store(content).status_code)

    writer = threading.Thread(target=store)
    writer.start()
    try:
        answers = [check(archive, "--repair") for _ in range(3)]
    finally:
        stop.set()
        writer.join()
    assert [(code, len(lines)) for code, lines in answers] == [(0, 1)] * 3
    assert set(stored) == {200}
    assert check(archive) == (0, [f"{len(stored)} instances are checked"])
    archive.end()
    archive.client.close()


def test_a_folder_without_an_archive_is_not_understood(tmp_path: Path) -> None:
    done = run("check", "--data", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds no index" in done.stderr
