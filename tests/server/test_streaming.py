"""What is retrieved streams: its size costs no memory, and a client that does not read costs nothing more."""

import contextlib
import os
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from pydicom import dcmread

from tests.server.running import AS_STORED, BOUNDARY, STOW_TYPE, RunningArchive, split_parts

MIB = 1 << 20
FRAMES = 96
FRAME = bytes(range(256)) * (MIB // 256 - 1) + b"\x77" * 256  # no piece of a frame is like the one before it
SPARE_MIB = 40
SECONDS = 20


@dataclass(frozen=True, slots=True)
class Large:
    """An archive that holds one instance of many frames of a mebibyte."""

    archive: RunningArchive
    content: bytes
    study: str
    instance: str

    def peak_mib(self) -> float:
        """Return the most memory that the process has had resident."""
        status = Path(f"/proc/{self.archive.pid}/status").read_text(encoding="ascii")
        match = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert match is not None
        return int(match[1]) / 1024

    def taken_mib(self) -> float:
        """Return how much the process has read, or had the kernel send, from files."""
        line = Path(f"/proc/{self.archive.pid}/io").read_text(encoding="ascii").splitlines()[0]
        return int(line.split()[1]) / MIB

    def open_files(self) -> int:
        """Return how many descriptors the process has."""
        return sum(1 for _ in Path(f"/proc/{self.archive.pid}/fd").iterdir())

    def ask(self, path: str, accept: str = AS_STORED) -> socket.socket:
        """Return a connection over which something is asked for, and nothing read."""
        host, port = self.archive.origin.removeprefix("http://").split(":")
        client = socket.create_connection((host, int(port)), timeout=SECONDS)
        head = f"GET /dicom-web{path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: {accept}\r\n\r\n"
        client.sendall(head.encode())
        return client


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, ct: bytes) -> Iterator[Large]:
    """An archive with a large instance, started anew after it was stored."""
    dataset = dcmread(BytesIO(ct))
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 512, 1024, FRAMES
    dataset.PixelData = FRAME * FRAMES
    del dataset[0xFFFCFFFC]
    buffer = BytesIO()
    dataset.save_as(buffer)
    content = buffer.getvalue()
    archive = RunningArchive(tmp_path_factory.mktemp("large")).start()
    head = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    body = head + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    stored = archive.client.post(f"{archive.base}/studies", content=body, headers={"Content-Type": STOW_TYPE})
    assert stored.status_code == 200
    archive.end()
    archive.start()
    study = f"/studies/{dataset.StudyInstanceUID}"
    yield Large(
        archive,
        content,
        study,
        f"{study}/series/{dataset.SeriesInstanceUID}/instances/{dataset.SOPInstanceUID}",
    )
    archive.end()
    archive.client.close()


def test_every_way_to_a_large_instance_gives_its_octets_and_takes_no_memory(large: Large) -> None:
    before, base, content = large.peak_mib(), large.archive.base, large.content

    def get(path: str, accept: str, **headers: str) -> httpx.Response:
        return large.archive.client.get(f"{base}{path}", headers={"Accept": accept} | headers)

    assert split_parts(get(large.study, AS_STORED)) == [content]
    assert get(large.instance, "application/dicom").content == content
    ranged = get(large.instance, "application/dicom", Range=f"bytes={MIB}-{80 * MIB}")
    assert (ranged.status_code, ranged.content) == (206, content[MIB : 80 * MIB + 1])
    octets = 'multipart/related; type="application/octet-stream"'
    assert split_parts(get(f"{large.instance}/frames/2,96", octets)) == [FRAME, FRAME]
    assert get(f"{large.instance}/bulkdata/7FE00010", "application/octet-stream").content == FRAME * FRAMES
    assert split_parts(get(f"{large.study}/pixeldata", octets)) == [FRAME * FRAMES]
    assert FRAME * FRAMES in split_parts(get(f"{large.study}/bulkdata", octets))
    assert large.peak_mib() - before < SPARE_MIB


def test_clients_that_read_nothing_make_the_archive_read_no_further(large: Large) -> None:
    before, files, taken = large.peak_mib(), large.open_files(), large.taken_mib()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(large.ask(large.study)) for _ in range(20)]
        beginnings = [client.recv(16) for client in clients]
        assert set(beginnings) == {b"HTTP/1.1 200 OK\r"}
        time.sleep(0.5)
        at_rest = large.taken_mib()
        assert at_rest - taken < 20 * 16  # what sockets hold, of 20 times 96
        time.sleep(0.3)
        assert large.taken_mib() - at_rest < 1
        assert large.archive.get("/studies").status_code == 200
        # One of them goes on reading, and gets what the others do not.
        left = len(large.content)
        while left > 0:
            left -= len(clients[0].recv(MIB))
    assert large.peak_mib() - before < SPARE_MIB
    end = time.monotonic() + SECONDS
    while large.open_files() > files:
        assert time.monotonic() < end, "something is still open for clients who have gone"
        time.sleep(0.02)


def drained(client: socket.socket) -> int:
    """Return how many octets come until the connection ends or the answer is whole."""
    received = 0
    with contextlib.suppress(ConnectionResetError, TimeoutError):
        while piece := client.recv(MIB):
            received += len(piece)
    return received


def test_who_stops_reading_is_cut_off_and_who_reads_slowly_is_not(large: Large) -> None:
    impatient = RunningArchive(large.archive.data, arguments=("--client-timeout", "1")).start()
    served = Large(impatient, large.content, large.study, large.instance)
    with served.ask(large.study) as idle, served.ask(large.study) as slow:
        received, end = 0, time.monotonic() + 4
        while time.monotonic() < end:
            received += len(slow.recv(MIB))
            time.sleep(0.1)
        assert drained(idle) < len(large.content)
        slow.settimeout(2)
        assert received + drained(slow) > len(large.content)
    impatient.end()
    impatient.client.close()


def test_a_blob_that_is_too_short_is_an_error_before_the_answer_and_an_end_within(large: Large) -> None:
    (blob,) = [path for path in large.archive.data.glob("blobs/*/*") if path.is_file()]
    with large.ask(large.study) as client:
        assert client.recv(16) == b"HTTP/1.1 200 OK\r"
        os.truncate(blob, 70 * MIB)
        received = 0
        while piece := client.recv(MIB):
            received += len(piece)
        assert received < len(large.content)
    assert large.archive.get(large.instance, "application/dicom").status_code == 503
