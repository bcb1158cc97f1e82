"""Two workers on one data folder are one archive: what one has done, the other one knows at once."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from reference_server.audit.event import Event
from tests.server.hospital import Hospital, open_hospital
from tests.server.running import (
    AS_STORED,
    STOW_TYPE,
    RunningArchive,
    bearer,
    changed,
    payload,
    run,
    split_parts,
)
from tests.server.trail_reader import count_records

WORKERS = ("--workers", "2")
SECONDS = 20


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory, ct: bytes) -> Iterator[Hospital]:
    """A shared archive of two workers."""
    archive = RunningArchive(tmp_path_factory.mktemp("workers"), "grants", WORKERS).start()
    yield open_hospital(archive, ct)
    archive.end()
    archive.client.close()


def workers_of(archive: RunningArchive) -> list[int]:
    """Return the ids of the worker processes."""
    children = Path(f"/proc/{archive.pid}/task/{archive.pid}/children").read_text(encoding="ascii")
    return [int(each) for each in children.split()]


def get(archive: RunningArchive, path: str, token: str) -> httpx.Response:
    """Answer a GET over a connection of its own, which either worker may accept."""
    headers = bearer(token) | {"Accept": AS_STORED}
    return httpx.get(f"{archive.base}{path}", headers=headers, timeout=SECONDS)


def store(archive: RunningArchive, content: bytes, token: str) -> int:
    """Store over a connection of its own and return the status."""
    headers = bearer(token) | {"Content-Type": STOW_TYPE}
    url = f"{archive.base}/studies"
    return httpx.post(url, content=payload([content]), headers=headers, timeout=SECONDS).status_code


def wait_until_replaced(archive: RunningArchive, killed: int) -> None:
    """Return when another worker has taken the place of one that was killed."""
    end = time.monotonic() + SECONDS
    while killed in (now := workers_of(archive)) or len(now) < 2:
        assert time.monotonic() < end, now
        time.sleep(0.02)


def is_gone(process: int) -> bool:
    """Tell whether a process has ended, even if nobody has asked for its status yet."""
    try:
        return ") Z " in Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return True


def test_what_many_store_at_once_is_there_for_everybody(hospital: Hospital) -> None:
    archive, uid = hospital.archive, str(hospital.dataset.SOPInstanceUID)
    contents = [changed(hospital.content, SOPInstanceUID=f"{uid}.{at}") for at in range(12)]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda each: store(archive, each, hospital.owner), contents * 2))
        answers = list(pool.map(lambda _: get(archive, hospital.series, hospital.reader), range(8)))
    assert set(statuses) == {200}
    assert all(sorted(split_parts(answer)) == sorted([hospital.content, *contents]) for answer in answers)


def test_a_share_and_its_end_and_a_revoked_token_count_everywhere_at_once(hospital: Hospital) -> None:
    archive = hospital.archive

    def statuses(token: str) -> Counter[int]:
        return Counter(get(archive, hospital.instance, token).status_code for _ in range(12))

    assert statuses(hospital.stranger) == {404: 12}
    share = hospital.share("user", "stranger", ["R"])
    share_id = archive.manage("/shares", share, hospital.owner).json()["id"]
    assert statuses(hospital.stranger) == {200: 12}
    url = f"{archive.origin}/accounting/shares/{share_id}"
    assert httpx.delete(url, headers=bearer(hospital.owner)).status_code == 204
    assert statuses(hospital.stranger) == {404: 12}
    tokens = f"{archive.origin}/accounting/users/viewer/tokens"
    (token,) = httpx.get(tokens, headers=bearer(hospital.administrator)).json()
    assert statuses(hospital.viewer) == {403: 12}
    assert httpx.delete(f"{tokens}/{token['id']}", headers=bearer(hospital.administrator)).status_code == 204
    assert statuses(hospital.viewer) == {401: 12}


def test_every_answer_of_every_worker_is_in_the_trail(hospital: Hospital) -> None:
    archive = hospital.archive
    archive.end()
    before = count_records(archive.data, Event.SENT)
    archive.start()
    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(lambda _: get(archive, hospital.instance, hospital.reader), range(40)))
    assert {each.status_code for each in asked} == {200}
    archive.end()
    assert count_records(archive.data, Event.SENT) == before + 40
    archive.start()


def test_a_worker_that_dies_is_replaced_and_takes_nothing_acknowledged_along(hospital: Hospital) -> None:
    archive, uid = hospital.archive, str(hospital.dataset.SOPInstanceUID)
    acknowledged = []
    for at in range(6):
        content = changed(hospital.content, SOPInstanceUID=f"{uid}.{at}")
        killed = workers_of(archive)[at % 2]
        with ThreadPoolExecutor(1) as pool:
            storing = pool.submit(store, archive, content, hospital.owner)
            time.sleep(0.003 * at)
            os.kill(killed, signal.SIGKILL)
            try:
                assert storing.result() == 200
                acknowledged.append(content)
            except httpx.TransportError:
                pass
        wait_until_replaced(archive, killed)
        found = split_parts(get(archive, hospital.series, hospital.reader))
        assert {hospital.content, *acknowledged} <= set(found)
    assert store(archive, changed(hospital.content, SOPInstanceUID=f"{uid}.99"), hospital.owner) == 200


def test_workers_end_with_their_parent_however_it_ends(hospital: Hospital) -> None:
    archive = hospital.archive
    for how in (signal.SIGTERM, signal.SIGKILL):
        workers = workers_of(archive)
        assert len(workers) == 2
        archive.client.close()
        archive.end(how)
        end = time.monotonic() + SECONDS
        while not all(map(is_gone, workers)):
            assert time.monotonic() < end, workers
            time.sleep(0.02)
        archive.client = httpx.Client(timeout=SECONDS)
        archive.start()
    assert get(archive, hospital.instance, hospital.reader).status_code == 200


def test_workers_that_cannot_begin_end_the_archive_with_an_error(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("in the way of the folder", encoding="ascii")
    done = run("--data", str(tmp_path), "--port", "0", *WORKERS)
    assert done.returncode == 1
    assert done.stderr.endswith("reference_server: the archive cannot begin; its log says why\n")
