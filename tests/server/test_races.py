"""Decisions that race: the later of two is decided by what the earlier has committed."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import httpx
import pytest
from pydicom import dcmread

from tests.server.hospital import EVERY_DESIGN, Hospital
from tests.server.running import AS_STORED, bearer, changed, split_parts

READERS = 4
ROUNDS = 5


def read_until(
    stop: threading.Event, works: threading.Event, url: str, token: str
) -> list[tuple[float, int]]:
    """Retrieve again and again over one connection, and once after `stop`; tell when `works`.

    Return when each request began, and its status.
    """
    seen = []
    with httpx.Client(headers=bearer(token)) as client:
        last = False
        while not last:
            last = stop.is_set()
            began = time.monotonic()
            seen.append((began, client.get(url).status_code))
            if seen[-1][1] == 200:
                works.set()
    return seen


@pytest.mark.parametrize("hospital", EVERY_DESIGN, indirect=True)
def test_no_retrieval_that_begins_after_a_revocation_succeeds(hospital: Hospital) -> None:
    archive = hospital.archive
    for _ in range(ROUNDS):
        shared = archive.manage("/shares", hospital.share("user", "stranger", ["R"]), hospital.owner)
        url = f"{archive.origin}/accounting/shares/{shared.json()['id']}"
        stop, works = threading.Event(), threading.Event()
        with ThreadPoolExecutor(READERS) as pool:
            asked = f"{archive.base}{hospital.instance}", hospital.stranger
            readers = [pool.submit(read_until, stop, works, *asked) for _ in range(READERS)]
            works.wait(60)
            archive.client.delete(url, headers=bearer(hospital.owner)).raise_for_status()
            revoked = time.monotonic()
            time.sleep(0.1)
            stop.set()
            seen = [each for reader in readers for each in reader.result()]
        assert {status for began, status in seen if began > revoked} == {404}
        assert 200 in {status for began, status in seen if began < revoked}


def test_two_owners_of_one_uid_each_have_their_own(hospital: Hospital, mr: bytes) -> None:
    """Both store the same UIDs at the same moment, with different content: neither sees the other's."""
    owners = {
        hospital.owner: changed(mr, PatientID="NORTH"),
        hospital.stranger: changed(mr, PatientID="SOUTH"),
    }
    start = threading.Barrier(len(owners))

    def store(token: str) -> int:
        start.wait()
        return hospital.archive.store(owners[token], token=token).status_code

    with ThreadPoolExecutor(len(owners)) as pool:
        assert list(pool.map(store, owners)) == [200, 200]
    dataset = dcmread(BytesIO(mr))
    study = f"/studies/{dataset.StudyInstanceUID}"
    for token, content in owners.items():
        assert split_parts(hospital.archive.get(study, AS_STORED, token)) == [content]
        found = hospital.archive.get(f"/instances?SOPInstanceUID={dataset.SOPInstanceUID}", token=token)
        assert len(found.json()) == 1
