"""An archive as a process of its own: started as a user starts it, on a free port, spoken to over HTTP."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import httpx
from pydicom import dcmread

from reference_server.administration import make_administrator

ROOT = Path(__file__).resolve().parents[2]
BOUNDARY = "a-boundary-of-the-tests"
STOW_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
START_SECONDS = 30


def server_command(*arguments: str) -> list[str]:
    """Return the command line of an archive."""
    return [sys.executable, "-m", "reference_server", *arguments]


def clean_environment() -> dict[str, str]:
    """Return the environment without settings of an archive."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PHANTOM_")}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Return what a command line of the archive did, once it ended."""
    return subprocess.run(
        server_command(*arguments),
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def payload(parts: Iterable[bytes], content_type: str = "application/dicom") -> bytes:
    """Return a multipart body with these parts."""
    head = f"--{BOUNDARY}\r\nContent-Type: {content_type}\r\n\r\n".encode()
    return b"".join(head + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def split_parts(response: httpx.Response) -> list[bytes]:
    """Return the bodies of the parts of a multipart response."""
    boundary = response.content.split(b"\r\n", 1)[0]
    pieces = (b"\r\n" + response.content).split(b"\r\n" + boundary)
    assert pieces[-1] == b"--\r\n"
    return [piece.split(b"\r\n\r\n", 1)[1] for piece in pieces[1:-1]]


def changed(content: bytes, **values: str) -> bytes:
    """Return a file with other values of these keywords; File Meta follows the SOP Instance UID."""
    dataset = dcmread(BytesIO(content))
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    buffer = BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


@dataclass(slots=True)
class RunningArchive:
    """One archive process and a client for it."""

    data: Path
    accounting: str = "off"
    arguments: Sequence[str] = ()
    origin: str = ""
    errors: IO[bytes] | None = None  # where the process writes its log, if not where the tests do
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60.0))
    _process: subprocess.Popen[str] | None = None

    def start(self) -> "RunningArchive":
        """Start the process and wait until it answers."""
        command = server_command("--data", str(self.data), "--port", "0", "--accounting", self.accounting)
        self._process = subprocess.Popen(
            [*command, *self.arguments],
            cwd=ROOT,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("serving http://"), line
        self.origin = line.split()[1].rsplit("/dicom-web", 1)[0]
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.client.get(f"{self.origin}/health").raise_for_status()
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the archive does not answer"
                time.sleep(0.02)
            else:
                return self

    @property
    def process_id(self) -> int:
        """The id of the process."""
        assert self._process is not None
        return self._process.pid

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the process and wait for it."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()

    @property
    def pid(self) -> int:
        """The id of the process."""
        assert self._process is not None
        return self._process.pid

    @property
    def base(self) -> str:
        """The URL below which DICOMweb is served."""
        return f"{self.origin}/dicom-web"

    def get(self, path: str, accept: str = "*/*", token: str | None = None) -> httpx.Response:
        """Answer a GET below the base URL."""
        headers = {"Accept": accept} | (bearer(token) if token else {})
        return self.client.get(f"{self.base}{path}", headers=headers)

    def store(self, *parts: bytes, path: str = "/studies", token: str | None = None) -> httpx.Response:
        """Answer a STOW of these parts."""
        headers = {"Content-Type": STOW_TYPE} | (bearer(token) if token else {})
        return self.client.post(f"{self.base}{path}", content=payload(parts), headers=headers)

    def administrator(self, name: str = "root") -> str:
        """Return a token of an administrator, made as the command line makes it."""
        return asyncio.run(make_administrator(self.data, name, None))

    def manage(self, path: str, body: dict[str, Any], token: str) -> httpx.Response:
        """Answer a POST to the management API."""
        return self.client.post(f"{self.origin}/accounting{path}", json=body, headers=bearer(token))
