"""Each decision leaves exactly one audit record, whoever asks for what and whatever comes of it."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest

from reference_server.accounting.policy import Operation
from reference_server.audit.event import Event
from reference_server.audit.record import Outcome, Record
from reference_server.routes import MANAGEMENT, RESOURCES
from tests.server.hospital import DESIGNS, Hospital, open_hospital
from tests.server.running import STOW_TYPE, RunningArchive, bearer
from tests.server.trail_reader import TrailReader

ROOTS = ("/dicom-web", "/repositories/north/dicom-web")
ACTIONS = {
    **{(f"{root}{each.path}", m): a for root in ROOTS for each in RESOURCES for m, a in each.actions.items()},
    **{(each.path, m): a for each in MANAGEMENT for m, a in each.actions.items()},
}
BAD_TOKEN = "A" * 43
WHO = {
    "owner": ("user", "owner"),
    "viewer": ("user", "viewer"),
    "stranger": ("user", "stranger"),
    "administrator": ("user", "root"),
    "nobody": ("anonymous", "anonymous"),
    "forger": ("unknown", "unknown"),
}
READS = {Operation.DISCOVER: Event.QUERY, Operation.RETRIEVE: Event.SENT}


@dataclass(frozen=True, slots=True)
class Watched:
    """A hospital and the reader of its trail; each record is on disk before the answer."""

    hospital: Hospital
    trail: TrailReader

    def ask(self, who: str, method: str, path: str) -> httpx.Response:
        """Answer a request of somebody, without a payload."""
        tokens = {"nobody": None, "forger": BAD_TOKEN}
        token = tokens[who] if who in tokens else getattr(self.hospital, who)
        archive = self.hospital.archive
        return archive.client.request(
            method, f"{archive.origin}{path}", headers=bearer(token) if token else {}
        )

    def url(self, path: str) -> str:
        """Return a path of a route with the names of what is stored."""
        dataset = self.hospital.dataset
        names = {
            "study": dataset.StudyInstanceUID,
            "series": dataset.SeriesInstanceUID,
            "instance": dataset.SOPInstanceUID,
            "frames": "1",
            "attribute": "7FE00010",
        }
        query = ""
        if path.endswith("/wado"):
            query = "?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}"
        known = (path.replace(":path", "") + query).replace("{", "{{").replace("}", "}}")
        for name, value in names.items():
            known = known.replace("{{" + name + "}}", str(value))
        return known.replace("{{", "").replace("}}", "")


@pytest.fixture(scope="module", params=DESIGNS)
def watched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, ct: bytes
) -> Iterator[Watched]:
    data = tmp_path_factory.mktemp("audited")
    archive = RunningArchive(data, request.param, ("--audit-sync", "each")).start()
    hospital = open_hospital(archive, ct)
    trail = TrailReader(data)
    trail.added()
    yield Watched(hospital, trail)
    archive.end()
    archive.client.close()


@pytest.mark.parametrize(("path", "method"), ACTIONS)
def test_each_request_leaves_the_record_of_its_decision(watched: Watched, path: str, method: str) -> None:
    for who in WHO:
        answer = watched.ask(who, method, watched.url(path))
        records = watched.trail.added()
        if ACTIONS[path, method].operation:
            assert len(records) == 1, (who, records)
            assert_record(watched, records[0], answer, (path, method), who)
        else:
            assert records == []


def assert_record(
    watched: Watched, record: Record, answer: httpx.Response, asked: tuple[str, str], who: str
) -> None:
    """Hold a record against the request and its answer."""
    (path, method), action = asked, ACTIONS[asked]
    assert (record.status, record.method) == (answer.status_code, method)
    assert record.path == watched.url(path).partition("?")[0]
    assert (record.kind, record.name) == WHO[who]
    assert record.outcome is Outcome.of(answer.status_code, None)
    assert record.address == "127.0.0.1"
    if who in ("nobody", "forger"):
        assert (answer.status_code, record.event) == (401, Event.AUTHENTICATION)
    elif action.operation in READS and not path.startswith("/accounting"):
        assert record.event is READS[action.operation]
        assert_read(watched, record, answer, action.operation, who)


def assert_read(
    watched: Watched, record: Record, answer: httpx.Response, operation: Operation, who: str
) -> None:
    """Hold the record of a search or a retrieval against the decision table."""
    uid, patient = str(watched.hospital.dataset.StudyInstanceUID), watched.hospital.dataset.PatientID
    if operation is Operation.DISCOVER:
        assert answer.status_code == 200
        assert record.number == len(answer.json()) == (1 if who in ("owner", "viewer") else 0)
        return
    assert answer.status_code == {"owner": 200, "viewer": 403}.get(who, 404)
    assert dict(record.studies) == {uid: patient if who in ("owner", "viewer") else None}
    assert record.number == (1 if who == "owner" else None)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH"])
def test_head_is_recorded_as_get_is_and_what_decides_nothing_is_not(watched: Watched, method: str) -> None:
    answer = watched.ask("owner", method, watched.url(ROOTS[0] + "/studies/{study}/metadata"))
    if method == "HEAD":
        record = watched.trail.one()
        assert (record.event, record.status, record.method) == (Event.SENT, 200, "HEAD")
    else:
        assert answer.status_code in (204, 405)
        assert watched.trail.added() == []


def test_paths_that_nothing_serves_leave_no_record(watched: Watched) -> None:
    for path in ("/nothing", "/dicom-web/nothing", "/accounting/nothing", "/health"):
        watched.ask("stranger", "GET", path)
    assert watched.trail.added() == []


def test_a_conditional_request_is_recorded_as_what_it_reveals(watched: Watched) -> None:
    path = f"/dicom-web{watched.hospital.instance}"
    tag = watched.ask("owner", "GET", path).headers["etag"]
    archive = watched.hospital.archive
    headers = bearer(watched.hospital.owner) | {"If-None-Match": tag}
    assert archive.client.get(f"{archive.origin}{path}", headers=headers).status_code == 304
    assert [(each.status, each.outcome) for each in watched.trail.added()] == [
        (200, Outcome.SUCCESS),
        (304, Outcome.SUCCESS),
    ]


def test_a_request_that_cannot_be_read_is_recorded_as_refused(watched: Watched) -> None:
    answer = watched.ask("owner", "GET", "/dicom-web/studies?limit=many")
    record = watched.trail.one()
    assert (answer.status_code, record.outcome, record.query) == (400, Outcome.MINOR_FAILURE, "limit=many")


def test_requests_at_the_same_time_leave_one_record_each(watched: Watched) -> None:
    def read(number: int) -> int:
        return watched.ask("owner", "GET", f"/dicom-web/studies?PatientID={number}").status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(read, range(200))) == {200}
    queries = [record.query for record in watched.trail.added()]
    assert sorted(queries) == sorted(f"PatientID={number}" for number in range(200))


def test_a_store_whose_client_goes_away_leaves_a_record(watched: Watched) -> None:
    archive = watched.hospital.archive
    host, _, port = archive.origin.removeprefix("http://").partition(":")
    head = (
        f"POST /dicom-web/studies HTTP/1.1\r\nHost: {host}\r\nContent-Type: {STOW_TYPE}\r\n"
        f"Authorization: Bearer {watched.hospital.owner}\r\nContent-Length: 1000\r\n\r\n--"
    )
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode())
        time.sleep(0.3)  # until the handler waits for the rest
    deadline = time.monotonic() + 10
    while not (records := watched.trail.added()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    [record] = records
    assert (record.event, record.name, record.status) == (Event.RECEIVED, "owner", 400)


def test_a_store_leaves_one_record_with_what_was_refused(watched: Watched, mr: bytes) -> None:
    hospital = watched.hospital
    answer = hospital.archive.store(hospital.content, mr, token=hospital.viewer)
    record = watched.trail.one()
    assert answer.status_code == record.status == 202
    assert (record.event, record.outcome) == (Event.RECEIVED, Outcome.MINOR_FAILURE)
    assert (record.number, record.refused) == (1, 1)
    assert str(hospital.dataset.StudyInstanceUID) in dict(record.studies)
    assert len(record.studies) == 2
    hospital.archive.store(hospital.content, token=hospital.viewer)
    assert (record := watched.trail.one()).status == 409
    assert (record.number, record.refused) == (0, 1)
