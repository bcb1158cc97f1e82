"""The operations that are profiled, and an archive with something to ask for."""

import http.client
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from pydicom import dcmread

from tests.server.running import ROOT, STOW_TYPE, RunningArchive, payload

INSTANCES = 60
STORED = 'multipart/related; type="application/dicom"'
OCTETS = 'multipart/related; type="application/octet-stream"'
JSON = "application/dicom+json"


@dataclass(frozen=True, slots=True)
class Operation:
    """A request below the base URL; {study}, {series}, {instance} and {patient} stand for what is stored."""

    path: str
    accept: str = JSON
    method: str = "GET"


OPERATIONS = {
    "stow-instance": Operation("/studies", method="POST"),
    "qido-studies-page": Operation("/studies?limit=25"),
    "qido-studies-patient-id": Operation("/studies?PatientID={patient}"),
    "qido-instances": Operation("/studies/{study}/instances?limit=25"),
    "wado-study": Operation("/studies/{study}", STORED),
    "wado-instance": Operation("/studies/{study}/series/{series}/instances/{instance}", STORED),
    "wado-metadata": Operation("/studies/{study}/metadata"),
    "wado-frame": Operation("/studies/{study}/series/{series}/instances/{instance}/frames/1", OCTETS),
    "wado-rendered": Operation(
        "/studies/{study}/series/{series}/instances/{instance}/rendered", "image/jpeg"
    ),
}


@dataclass(slots=True)
class Session:
    """A running archive with grants, one user's token, and the files that were stored."""

    archive: RunningArchive
    token: str
    names: list[dict[str, str]]
    template: bytes
    numbers: Iterator[int] = field(default_factory=count)

    @classmethod
    @contextmanager
    def begun(cls, folder: Path) -> "Iterator[Session]":
        """Make files, start an archive and store them as a user of it."""
        made = [
            "-m",
            "datasets",
            "uniform-500k",
            "--instances",
            str(INSTANCES),
            "--out",
            str(folder / "files"),
        ]
        subprocess.run([sys.executable, *made], cwd=ROOT, check=True, capture_output=True)
        archive = RunningArchive(folder / "data", "grants").start()
        root = archive.administrator()
        for path, body in (
            ("/organizations", {"name": "trust"}),
            ("/facilities", {"name": "north", "organization": "trust"}),
            ("/users", {"name": "owner", "facilities": ["north"], "roles": []}),
        ):
            archive.manage(path, body, root).raise_for_status()
        token = archive.manage("/users/owner/tokens", {"expires": None}, root).json()["token"]
        names, content = [], b""
        for file in sorted((folder / "files").rglob("*.dcm")):
            content = file.read_bytes()
            assert archive.store(content, token=token).status_code == 200
            dataset = dcmread(file, stop_before_pixels=True)
            names.append(
                {
                    "study": str(dataset.StudyInstanceUID),
                    "series": str(dataset.SeriesInstanceUID),
                    "instance": str(dataset.SOPInstanceUID),
                    "patient": str(dataset.PatientID),
                }
            )
        try:
            yield cls(archive, token, names, content)
        finally:
            archive.end()
            archive.client.close()

    def repeat(self, operation: Operation, at: int, stop: threading.Event) -> None:
        """Ask over one connection, again and again, until told to stop."""
        connection = http.client.HTTPConnection(self.archive.origin.removeprefix("http://"), timeout=30)
        while not stop.is_set():
            at += 1
            path = operation.path.format_map(self.names[at % len(self.names)])
            headers = {"Accept": operation.accept, "Authorization": f"Bearer {self.token}"}
            body = None
            if operation.method == "POST":
                headers["Content-Type"] = STOW_TYPE
                body = payload([self._another()])
            connection.request(operation.method, f"/dicom-web{path}", body, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == http.client.OK, (answer.status, path)
        connection.close()

    def _another(self) -> bytes:
        """Return an instance that is not stored yet: the last digits of a UID are a number."""
        uid = self.names[-1]["instance"].encode()
        return self.template.replace(uid, uid[:-7] + b"%07d" % next(self.numbers))
