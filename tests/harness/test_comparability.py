"""Arms that answer differently, refuse or damage a body are found before and between the blocks."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import pytest

from datasets.manifest import InstanceRecord, Manifest, SeriesRecord, StudyRecord
from datasets.people import People
from scenarios.arm_plan import ArmPlan
from scenarios.arms import Arm, new_arm
from scenarios.comparability import compare_answers, damaged_bodies
from scenarios.load.operations import DICOM_JSON, Operation, Request

STORED = b"DICM\r\n\r\nwith blank lines\r\n--and dashes"


class Handler(BaseHTTPRequestHandler):
    """Answers by the first folder of the path."""

    def do_GET(self) -> None:
        """Answer once."""
        kind = self.path.split("/")[1]
        base = f"http://127.0.0.1:{self.server.server_port}/{kind}"  # type: ignore[attr-defined]  # HTTPServer's
        boundary = f"b{id(self)}"
        content = STORED[:-1] if kind == "damaged" else STORED
        multipart = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode() + content
        if kind == "reworded":
            multipart = multipart.replace(b"Content-Type", b"Content-Location: x\r\nContent-Type")
        body = {
            "searched": f'[{{"url": "{base}/studies/1"}}]'.encode(),
            "fewer": b"[]",
        }.get(kind, multipart + f"\r\n--{boundary}--\r\n".encode())
        self.send_response(404 if kind == "missing" else 200)
        json = kind in ("searched", "fewer")
        self.send_header("Content-Type", DICOM_JSON if json else f'multipart/related; boundary="{boundary}"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def origin() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def arm(origin: str, kind: str, *, external: bool = False) -> Arm:
    base_url = f"{origin}/{kind}"
    plan = ArmPlan(kind, target=base_url) if external else ArmPlan(kind, accounting="off")
    made = new_arm(plan, Path(), None)
    made.origin, made.base_url = origin, base_url
    return made


REQUEST = Request(Operation.QIDO_SERIES, "/studies/1/series", DICOM_JSON)


@pytest.mark.parametrize(
    ("kinds", "faults"),
    [
        (("searched", "searched"), []),
        (("stored", "stored"), []),
        (("searched", "fewer"), ["answers differ: qido-series"]),
        (("stored", "damaged"), ["answers differ: qido-series"]),
        (("missing", "missing"), ["refused: arm missing", "refused: arm missing"]),
        (("stored", "missing"), ["refused: arm missing"]),
    ],
)
def test_unlike_answers_are_found(origin: str, kinds: tuple[str, str], faults: list[str]) -> None:
    found = compare_answers([arm(origin, kind) for kind in kinds], [REQUEST]).faults
    assert len(found) == len(faults)
    assert all(text.startswith(start) for text, start in zip(found, faults, strict=True))


@pytest.mark.parametrize(
    ("kinds", "faults"),
    [
        (("stored", "reworded"), []),
        (("stored", "damaged"), ["answers differ in substance"]),
        (("searched", "fewer"), ["answers differ in substance"]),
        (("stored", "missing"), ["refused"]),
    ],
)
def test_archives_of_others_may_word_their_answers_but_not_return_less(
    origin: str, kinds: tuple[str, str], faults: list[str]
) -> None:
    ours, theirs = kinds
    found = compare_answers([arm(origin, ours), arm(origin, theirs, external=True)], [REQUEST])
    assert [text.split(":")[0] for text in found.faults] == faults
    assert bool(found.notes) is ("missing" not in kinds)


@pytest.mark.parametrize(("kind", "sound"), [("stored", True), ("damaged", False), ("fewer", False)])
def test_a_body_that_is_not_what_was_stored_is_found(origin: str, kind: str, *, sound: bool) -> None:
    instance = InstanceRecord("1.3", "1", "1", 1, 1, "f", len(STORED), hashlib.sha256(STORED).hexdigest(), ())
    series = SeriesRecord("1.2", "CT", 1, (instance,))
    study = StudyRecord("1.1", "p", "n", "20200101", "a", "f", "u", (series,))
    people = People(organizations=(), facilities=(), roles=(), users=(), shares=())
    manifest = Manifest("r", 1, people, (study,), Path())
    assert (damaged_bodies([arm(origin, kind)], manifest, Random(1)) == []) is sound
