"""An archive is killed at random moments of concurrent stores, round after round on one data folder.

    python -m tests.server.kill_rounds [--rounds 100] [--durability full] [--workers 1] [--seed 1]

Each round starts the archive, lets writers store without pause, kills every process of it with SIGKILL at a
moment that is drawn, and starts it again for the next. What was acknowledged has to be there, whatever is
there has to be whole, counts have to be true, nothing may be left over, and `check` has to find all blobs as
they should be.
"""

import argparse
import hashlib
import random
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import httpx
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from tests.server.running import AS_STORED, STOW_TYPE, RunningArchive, payload, run, split_parts

WRITERS = 4
PARTS = 3
MOST_SECONDS = 1.0


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


@dataclass(slots=True)
class Rounds:
    """Rounds of kills on one data folder, and what was sent and acknowledged in them."""

    data: Path
    template: bytes
    arguments: tuple[str, ...] = ()
    seed: int = 1
    sent: dict[str, str] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)

    def run(self, number: int) -> None:
        """Carry out one round."""
        archive = RunningArchive(self.data, arguments=self.arguments).start()
        moment = random.Random(f"{self.seed} {number}").uniform(0, MOST_SECONDS)
        writers = [Writer(archive.base, self.template, 100 * number + each) for each in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(moment)
        archive.end(signal.SIGKILL)
        archive.client.close()
        for writer in writers:
            writer.join()
            self.sent |= writer.sent
            self.acknowledged |= writer.acknowledged

    def expect_whole(self) -> None:
        """Hold what the archive shows after the last round against what was sent and acknowledged."""
        archive = RunningArchive(self.data, arguments=self.arguments).start()
        try:
            expect_whole(archive, self.sent, self.acknowledged)
        finally:
            archive.end()
            archive.client.close()
        checked = run("check", "--data", str(self.data))
        assert checked.returncode == 0, checked.stdout


def expect_whole(archive: RunningArchive, sent: dict[str, str], acknowledged: dict[str, str]) -> None:
    """Hold every visible instance, its bytes and the counts against what was sent and acknowledged."""
    found = every_instance(archive)
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


def every_instance(archive: RunningArchive) -> list[dict[str, dict[str, list[str]]]]:
    """Return all instances, page by page."""
    found: list[dict[str, dict[str, list[str]]]] = []
    while page := archive.get(f"/instances?limit=1000&offset={len(found)}").json():
        found += page
    return found


def main(arguments: list[str]) -> int:
    """Carry out the rounds that the command line asks for; an assertion that fails ends it."""
    parser = argparse.ArgumentParser(prog="python -m tests.server.kill_rounds", allow_abbrev=False)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--durability", default="full")
    parser.add_argument("--workers", default="1")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    template = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()
    settings = ("--durability", given.durability, "--workers", given.workers)
    with tempfile.TemporaryDirectory() as folder:
        rounds = Rounds(Path(folder) / "data", template, settings, given.seed)
        for number in range(given.rounds):
            rounds.run(number)
        rounds.expect_whole()
        sys.stdout.write(
            f"{given.rounds} kills: {len(rounds.sent)} instances sent, {len(rounds.acknowledged)} "
            "acknowledged and all of them there\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
