"""An archive that is killed while it stores loses nothing acknowledged and shows nothing by halves."""

import hashlib
import random
import signal
import threading
import time
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.server.running import AS_STORED, STOW_TYPE, RunningArchive, payload, split_parts

ROUNDS = 3
WRITERS = 4
PARTS = 3


class Writer(threading.Thread):
    """Stores new instances without pause until the archive is gone, and remembers what was acknowledged."""

    def __init__(self, base: str, template: bytes, seed: int) -> None:
        super().__init__()
        self._base = base
        self._template = template
        self._random = random.Random(seed)
        self.sent: dict[str, str] = {}
        self.acknowledged: dict[str, str] = {}

    def _instance(self) -> tuple[str, bytes]:
        dataset = dcmread(BytesIO(self._template))
        entropy = [str(self._random.random())]
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid(
            entropy_srcs=entropy
        )
        buffer = BytesIO()
        dataset.save_as(buffer)
        return str(dataset.SOPInstanceUID), buffer.getvalue()

    def run(self) -> None:
        """Store until the connection breaks."""
        with httpx.Client(timeout=30) as client:
            while True:
                batch = dict(self._instance() for _ in range(PARTS))
                digests = {uid: hashlib.sha256(content).hexdigest() for uid, content in batch.items()}
                self.sent |= digests
                try:
                    answer = client.post(
                        f"{self._base}/studies",
                        content=payload(batch.values()),
                        headers={"Content-Type": STOW_TYPE},
                    )
                except httpx.TransportError:
                    return
                assert answer.status_code == 200, answer.text
                self.acknowledged |= digests


@pytest.mark.slow
def test_a_kill_loses_no_acknowledged_instance(tmp_path: Path, ct: bytes) -> None:
    sent: dict[str, str] = {}
    acknowledged: dict[str, str] = {}
    for number in range(ROUNDS):
        archive = RunningArchive(tmp_path / "data").start()
        writers = [Writer(archive.base, ct, 100 * number + each) for each in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(1.0 + 0.13 * number)
        archive.end(signal.SIGKILL)
        archive.client.close()
        for writer in writers:
            writer.join()
            sent |= writer.sent
            acknowledged |= writer.acknowledged
    assert len(acknowledged) > ROUNDS * WRITERS * PARTS
    archive = RunningArchive(tmp_path / "data").start()
    try:
        expect_whole(archive, sent, acknowledged)
    finally:
        archive.end()
        archive.client.close()


def expect_whole(archive: RunningArchive, sent: dict[str, str], acknowledged: dict[str, str]) -> None:
    """Hold every visible instance, its bytes and the counts against what was sent and acknowledged."""
    found = archive.get("/instances").json()
    uids = [each["00080018"]["Value"][0] for each in found]
    assert len(uids) == len(set(uids))
    assert set(acknowledged) <= set(uids) <= set(sent)
    for each in found:
        url = each["00081190"]["Value"][0]
        again = archive.client.get(url, headers={"Accept": AS_STORED})
        [part] = split_parts(again)
        assert hashlib.sha256(part).hexdigest() == sent[each["00080018"]["Value"][0]]
        assert archive.client.get(f"{url}/metadata").status_code == 200
    [study] = archive.get("/studies").json()
    assert study["00201208"]["Value"] == [len(uids)]
    assert not list((archive.data / "incoming").iterdir())
