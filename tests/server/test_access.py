"""The decision table of docs/accounting.md, over HTTP: who gets what from which route."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.server.hospital import DESIGNS, EVERY_DESIGN, Hospital, open_hospital
from tests.server.running import AS_STORED, RunningArchive, bearer

PIXELS = "/bulkdata/7FE00010"
RETRIEVALS = (
    "{study}",
    "{series}",
    "{instance}",
    "{study}/metadata",
    "{series}/metadata",
    "{instance}/metadata",
    "{instance}/frames/1",
    f"{{instance}}{PIXELS}",
    "{study}/bulkdata",
    "{instance}/bulkdata",
    "{series}/pixeldata",
)
SEARCHES = (
    "/studies",
    "/series",
    "/instances",
    "{study}/series",
    "{study}/instances",
    "{series}/instances",
    "/studies?ModalitiesInStudy=CT",
    "/studies?includefield=all",
    "/instances?Rows=128",
)
UNKNOWN = {
    "study": "/studies/2.25.1",
    "series": "/studies/2.25.1/series/2.25.2",
    "instance": "/studies/2.25.1/series/2.25.2/instances/2.25.3",
}
NOT_COMPARED = {"date", "server-timing"}


@pytest.fixture(scope="module", params=EVERY_DESIGN)
def hospital(
    tmp_path_factory: pytest.TempPathFactory, ct: bytes, request: pytest.FixtureRequest
) -> Iterator[Hospital]:
    archive = RunningArchive(tmp_path_factory.mktemp("hospital"), request.param).start()
    yield open_hospital(archive, ct)
    archive.end()
    archive.client.close()


@pytest.fixture(params=DESIGNS)
def fresh(tmp_path: Path, ct: bytes, request: pytest.FixtureRequest) -> Iterator[Hospital]:
    """A hospital of one test's own."""
    archive = RunningArchive(tmp_path / "data", request.param).start()
    yield open_hospital(archive, ct)
    archive.end()
    archive.client.close()


def filled(template: str, hospital: Hospital) -> str:
    return template.format(study=hospital.study, series=hospital.series, instance=hospital.instance)


def transcript(response: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return a response without what the clock decides."""
    headers = [(k, v) for k, v in response.headers.multi_items() if k not in NOT_COMPARED]
    return response.status_code, headers, response.content


@pytest.mark.parametrize("path", RETRIEVALS)
def test_retrievals_follow_the_decision_table(hospital: Hospital, path: str) -> None:
    there = filled(path, hospital)
    for token, status in ((hospital.owner, 200), (hospital.reader, 200), (hospital.viewer, 403)):
        assert hospital.archive.get(there, token=token).status_code == status


@pytest.mark.parametrize("path", RETRIEVALS)
@pytest.mark.parametrize(
    ("method", "condition"),
    [
        ("GET", {}),
        ("HEAD", {}),
        ("GET", {"If-None-Match": "*"}),
        ("GET", {"If-Modified-Since": "Fri, 31 Dec 2100 00:00:00 GMT"}),
        ("GET", {"Range": "bytes=0-9", "Accept": "application/octet-stream, */*"}),
        ("GET", {"Accept-Encoding": "gzip", "Origin": "https://viewer.example"}),
    ],
)
def test_invisible_is_answered_like_unknown(
    hospital: Hospital, path: str, method: str, condition: dict[str, str]
) -> None:
    def ask(where: str) -> httpx.Response:
        url = f"{hospital.archive.base}{where}"
        headers = {**bearer(hospital.stranger), **condition}
        return hospital.archive.client.request(method, url, headers=headers)

    invisible = ask(filled(path, hospital))
    assert invisible.status_code == 404
    assert transcript(invisible) == transcript(ask(path.format(**UNKNOWN)))


@pytest.mark.parametrize("path", SEARCHES)
def test_searches_show_what_may_be_discovered(hospital: Hospital, path: str) -> None:
    there = filled(path, hospital)
    for token, count in (
        (hospital.owner, 1),
        (hospital.viewer, 1),
        (hospital.reader, 1),
        (hospital.stranger, 0),
    ):
        answer = hospital.archive.get(there, token=token)
        assert answer.status_code == 200
        assert len(answer.json()) == count


@pytest.mark.parametrize("path", [*RETRIEVALS, *SEARCHES])
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer nonsense", "Bearer a b", "Basic cm9vdDpyb290", "nonsense"],
)
def test_without_a_valid_token_nothing_is_answered(
    hospital: Hospital, path: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    url = f"{hospital.archive.base}{filled(path, hospital)}"
    answer = hospital.archive.client.get(url, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["{study}", "/studies", "/studies/2.25.1"])
def test_answers_are_private(hospital: Hospital, path: str) -> None:
    for token in (hospital.owner, hospital.stranger, None):
        answer = hospital.archive.get(filled(path, hospital), token=token)
        assert answer.headers["cache-control"] == "private, no-cache"
        assert "Authorization" in answer.headers["vary"].split(", ")


def test_a_token_in_the_query_is_no_token(hospital: Hospital) -> None:
    assert hospital.archive.get(f"/studies?access_token={hospital.owner}").status_code == 401


def test_a_store_needs_a_repository_before_its_body_is_read(hospital: Hospital) -> None:
    answer = hospital.archive.store(b"nothing like DICOM", token=hospital.administrator)
    assert answer.status_code == 403


def test_an_invisible_study_of_the_same_uid_changes_nothing(fresh: Hospital) -> None:
    before = len(fresh.archive.get(fresh.study, AS_STORED, fresh.owner).content)
    assert fresh.archive.store(fresh.content, token=fresh.stranger).status_code == 200
    [own] = fresh.archive.get("/studies", token=fresh.stranger).json()
    assert own["00201208"]["Value"] == [1]
    assert len(fresh.archive.get(fresh.study, AS_STORED, fresh.owner).content) == before
    # the facility owns it too, so that a colleague sees both
    assert len(fresh.archive.get("/studies", token=fresh.viewer).json()) == 2


def test_a_visible_study_is_not_appended_to_without_the_right(fresh: Hospital) -> None:
    refused = fresh.archive.store(fresh.content, token=fresh.viewer)
    assert refused.status_code == 409
    assert refused.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0x0124]
    body = fresh.share("user", "viewer", ["A"])
    assert fresh.archive.manage("/shares", body, fresh.owner).status_code == 201
    assert fresh.archive.store(fresh.content, token=fresh.viewer).status_code == 200
    assert fresh.archive.get(fresh.instance, token=fresh.viewer).status_code == 403


def test_without_its_policy_the_archive_fails_closed(fresh: Hospital) -> None:
    with closing(sqlite3.connect(fresh.archive.data / "index.sqlite", timeout=30)) as index:
        kept = index.execute("SELECT name FROM sqlite_master WHERE name = 'visibility'").fetchall()
        for table in ("access_grant", *(name for (name,) in kept)):
            index.execute(f"ALTER TABLE {table} RENAME TO lost_{table}")
    for path in (*RETRIEVALS, *SEARCHES):
        answer = fresh.archive.get(filled(path, fresh), token=fresh.owner)
        assert answer.status_code == 503, path
    assert fresh.archive.store(fresh.content, token=fresh.owner).status_code == 503
