"""Clients that send without end, or not at all, are answered or cut off in bounded time and memory."""

import contextlib
import socket
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.uid import generate_uid

from tests.server.running import RunningArchive

PATIENCE_SECONDS = 1
ENOUGH_SECONDS = 30.0  # far above what it takes, so that a slow machine does not fail
MEGABYTE = 1_000_000
BEGUN_STORE = (
    b"POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
    b'Content-Type: multipart/related; type="application/dicom"; boundary=x\r\n\r\n--x\r\n\r\nabc'
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, ct: bytes) -> Iterator[RunningArchive]:
    """An archive that waits for one second, with an image in it."""
    data = tmp_path_factory.mktemp("archive")
    running = RunningArchive(data, arguments=("--client-timeout", str(PATIENCE_SECONDS))).start()
    assert running.store(ct).status_code == 200
    yield running
    assert running.get("/studies").status_code == 200  # it has survived
    running.end()
    running.client.close()


@contextlib.contextmanager
def connection(archive: RunningArchive) -> Iterator[socket.socket]:
    """A connection of its own."""
    host, port = archive.origin.removeprefix("http://").split(":")
    with socket.socket() as client:
        client.settimeout(ENOUGH_SECONDS)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # so that who does not read is noticed
        client.connect((host, int(port)))
        yield client


def rest_of(client: socket.socket) -> bytes:
    """Return what still comes until the archive ends the connection; a socket that times out fails."""
    content = b""
    with contextlib.suppress(ConnectionError):
        while chunk := client.recv(65_536):
            content += chunk
    return content


def resident_bytes(archive: RunningArchive) -> int:
    """Return the resident memory of the archive's process."""
    process = archive._process
    assert process is not None
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * 4096


@pytest.mark.parametrize(
    "begin",
    [
        b"GET /dicom-web/studies HTTP/1.1\r\nHost: x\r\nX-Endless: ",
        b"GET /dicom-web/studies HTTP/1.1\r\nHost: x\r\nX-",
        b"GET /dicom-web/studies?PatientID=",
        b"GET /",
    ],
    ids=["value", "name", "query", "path"],
)
def test_a_head_without_end_is_cut_off(archive: RunningArchive, begin: bytes) -> None:
    before = resident_bytes(archive)
    with connection(archive) as client:
        client.sendall(begin)
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 200 * MEGABYTE:
                sent += client.send(b"a" * 65_536)
        assert sent < 200 * MEGABYTE
        rest_of(client)
    assert resident_bytes(archive) - before < 50 * MEGABYTE


def test_headers_without_end_are_cut_off(archive: RunningArchive) -> None:
    with connection(archive) as client:
        client.sendall(b"GET /dicom-web/studies HTTP/1.1\r\nHost: x\r\n")
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 200 * MEGABYTE:
                sent += client.send(b"X-Again: and again\r\n" * 1000)
        assert sent < 200 * MEGABYTE


@pytest.mark.parametrize("filler", [b"X-Large: " + b"a" * 70_000 + b"\r\n", b"X-Many: a\r\n" * 9000])
def test_a_head_that_is_too_large_is_answered(archive: RunningArchive, filler: bytes) -> None:
    with connection(archive) as client:
        client.sendall(b"GET /dicom-web/studies HTTP/1.1\r\nHost: x\r\n" + filler + b"\r\n")
        assert rest_of(client).startswith(b"HTTP/1.1 431 ")


def test_a_url_of_usual_length_is_served(archive: RunningArchive) -> None:
    query = ",".join(f"1.2.{number}" for number in range(4000))
    assert archive.get(f"/studies?StudyInstanceUID={query}").status_code == 200


@pytest.mark.parametrize(
    "begin",
    [
        b"",
        b"GET",
        b"GET /dicom-web/studies HTTP/1.1\r\nHost: x\r\n",
        BEGUN_STORE,
    ],
    ids=["nothing", "a method", "a head", "a body"],
)
def test_who_does_not_go_on_is_cut_off(archive: RunningArchive, begin: bytes) -> None:
    with connection(archive) as client:
        client.sendall(begin)
        answer = rest_of(client)
        assert answer.startswith((b"HTTP/1.1 408 ", b"HTTP/1.1 400 ")) or not answer


@pytest.mark.parametrize("path", ["head", "body"])
def test_a_byte_now_and_then_is_no_headway(archive: RunningArchive, path: str) -> None:
    begin = BEGUN_STORE if path == "body" else b"GET /dicom-web/studies HTTP/1.1\r\nX-Slow: "
    started = time.monotonic()
    with connection(archive) as client:
        client.sendall(begin)
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - started < ENOUGH_SECONDS:
                client.sendall(b"a")
                time.sleep(0.1)
        assert time.monotonic() - started < ENOUGH_SECONDS


def study_request(archive: RunningArchive) -> bytes:
    """Return the request for the whole study."""
    study = archive.get("/studies").json()[0]
    host = archive.origin.removeprefix("http://")
    uid = study["0020000D"]["Value"][0]
    return f"GET /dicom-web/studies/{uid} HTTP/1.1\r\nHost: {host}\r\n".encode()


def test_requests_that_wait_are_few(archive: RunningArchive) -> None:
    request = study_request(archive) + b"\r\n"
    sent = 0
    with connection(archive) as client, contextlib.suppress(ConnectionError):
        while sent < 200 * MEGABYTE:
            client.sendall(request * 100)
            sent += len(request) * 100
    assert sent < 200 * MEGABYTE


def test_who_does_not_read_is_cut_off(archive: RunningArchive, ct: bytes) -> None:
    dataset = dcmread(BytesIO(ct))
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = generate_uid()
    dataset.Rows, dataset.Columns, dataset.PixelData = 4000, 4000, bytes(32_000_000)
    buffer = BytesIO()
    dcmwrite(buffer, dataset)
    assert archive.store(buffer.getvalue()).status_code == 200
    with connection(archive) as client:
        client.sendall(
            f"GET /dicom-web/studies/{dataset.StudyInstanceUID} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        )
        started = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - started < ENOUGH_SECONDS:
                time.sleep(0.2)
                client.send(b"G")  # an ended connection refuses this
        assert time.monotonic() - started < ENOUGH_SECONDS


def test_who_reads_slowly_but_reads_gets_all(archive: RunningArchive) -> None:
    request = study_request(archive)
    whole = len(archive.get(request.split()[1].decode().removeprefix("/dicom-web")).content)
    content = b""
    with connection(archive) as client:
        client.sendall(request + b"Connection: close\r\n\r\n")
        while chunk := client.recv(4096):
            content += chunk
            time.sleep(0.2)
    assert len(content.split(b"\r\n\r\n", 1)[1]) == whole


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /dicom-web/\xff\xfe HTTP/1.1",
        b"GET /dicom-web/studies/\x00 HTTP/1.1",
        b"GET http://[::1/dicom-web HTTP/1.1",
        b"GET dicom-web HTTP/1.1",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /dicom-web/studies HTTP/9.9",
        b"BREW /dicom-web/studies HTTP/1.1",
        b"GET /dicom-web/studies HTTP/1.1\r\nContent-Length: -1",
        b"GET /dicom-web/studies HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
    ],
)
def test_what_is_no_http_is_the_clients_error(archive: RunningArchive, request_line: bytes) -> None:
    with connection(archive) as client:
        client.sendall(request_line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = rest_of(client)
        assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 200"))
        assert b" 5" not in answer[:12]


@pytest.mark.parametrize(
    "host", [b'a"b', b"a\\b", b"<x>", b"a b", b"", b"x:99999999", b"x" * 5000, b"\xff\xfe"]
)
def test_a_strange_host_spoils_no_answer(archive: RunningArchive, host: bytes) -> None:
    with connection(archive) as client:
        client.sendall(
            b"GET /dicom-web/instances?includefield=all HTTP/1.1\r\nConnection: close\r\nHost: "
            + host
            + b"\r\n\r\n"
        )
        head, _, body = rest_of(client).partition(b"\r\n\r\n")
    assert head.split()[1] in (b"200", b"400")
    if head.split()[1] == b"200":
        assert b'"a"b' not in body
        assert b'://a"' not in body
