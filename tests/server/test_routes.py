"""Every method of every route declares its operation, costs one round trip, and says how long it took."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Route

from reference_server.accounting.policy import Operation
from reference_server.app import create_app
from reference_server.endpoint import Endpoint
from reference_server.path_table import PathTable
from reference_server.routes import MANAGEMENT, RESOURCES
from reference_server.settings import Accounting, Settings
from tests.server.hospital import Hospital, open_hospital
from tests.server.running import RunningArchive

SPAN = re.compile(r"([a-z]+);dur=([0-9.]+)")
READS = [each.path for each in RESOURCES if "GET" in each.actions and each.actions["GET"].operation]


def test_every_action_declares_an_operation() -> None:
    for resource in (*RESOURCES, *MANAGEMENT):
        for action in resource.actions.values():
            assert action.operation in Operation


@pytest.mark.parametrize("accounting", list(Accounting))
def test_nothing_is_routed_but_what_is_declared(tmp_path: Path, accounting: Accounting) -> None:
    app = create_app(Settings(data=tmp_path, accounting=accounting))
    table, health = app.routes
    assert isinstance(table, PathTable)
    assert isinstance(health, Route)
    assert health.path == "/health"
    mounted = table.endpoints
    roots = ("/dicom-web", "/repositories/{repository}/dicom-web")
    declared = {f"{root}{each.path}": set(each.actions) for root in roots for each in RESOURCES}
    if accounting is not Accounting.OFF:
        declared |= {each.path: set(each.actions) for each in MANAGEMENT}
    assert set(mounted) == set(declared)
    for path, endpoint in mounted.items():
        assert isinstance(endpoint, Endpoint)
        assert set(endpoint.actions) - {"HEAD"} == declared[path]


@pytest.fixture(scope="module", params=list(Accounting))
def hospital(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, ct: bytes
) -> Iterator[Hospital]:
    """The same archive in every mode; with accounting off it has no people."""
    archive = RunningArchive(tmp_path_factory.mktemp("mode"), request.param).start()
    if request.param == Accounting.OFF:
        assert archive.store(ct).status_code == 200
        yield Hospital(archive, ct, "", "", "", "", "")
    else:
        yield open_hospital(archive, ct)
    archive.end()
    archive.client.close()


# Who asks, the candidates, their grants unless a service reads those, and the answer.
ROUND_TRIPS = {"post-filter": 4, "external": 3, "cedar": 4}
# A resource that is named by its query rather than by its path.
QUERIES = {
    "/wado": "?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}",
}


@pytest.mark.parametrize("path", READS)
def test_a_read_is_one_round_trip_unless_candidates_are_decided_upon(hospital: Hospital, path: str) -> None:
    dataset = hospital.dataset
    url = (path.replace(":path", "") + QUERIES.get(path, "")).format(
        study=dataset.StudyInstanceUID,
        series=dataset.SeriesInstanceUID,
        instance=dataset.SOPInstanceUID,
        frames="1",
        attribute="7FE00010",
    )
    answer = hospital.archive.get(url, token=hospital.owner or None)
    assert answer.status_code == 200
    spans = dict(SPAN.findall(answer.headers["server-timing"]))
    assert set(spans) == {"authn", "authz", "index", "blob", "app", "total", "sql"}
    assert int(spans["sql"]) == ROUND_TRIPS.get(hospital.archive.accounting, 1)
    parts = sum(float(spans[name]) for name in ("authn", "authz", "index", "blob", "app"))
    assert parts == pytest.approx(float(spans["total"]), abs=0.01)


@pytest.mark.parametrize("path", ["/studies", "/studies/1.2.3", "/nothing"])
def test_errors_are_timed_and_methods_are_named(hospital: Hospital, path: str) -> None:
    url = f"{hospital.archive.base}{path}"
    for method in ("PUT", "PATCH", "OPTIONS"):
        answer = hospital.archive.client.request(method, url)
        assert "server-timing" in answer.headers
        if path == "/nothing":
            assert answer.status_code == 404
        else:
            assert answer.status_code == (204 if method == "OPTIONS" else 405)
            assert {"GET", "POST", "HEAD"} <= set(answer.headers["allow"].split(", "))


def test_health_tells_the_design(hospital: Hospital) -> None:
    answer = hospital.archive.client.get(f"{hospital.archive.origin}/health")
    assert answer.json() == {"status": "ok", "accounting": hospital.archive.accounting}
