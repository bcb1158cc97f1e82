"""What the audit trail adds to a read: one archive without a trail, in batches, and with each record on disk.

Requests go to the ASGI application itself, without network; what is timed is a number of reads, so that the
batches which are written meanwhile are in it.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file
from pytest_benchmark.fixture import BenchmarkFixture
from starlette.applications import Starlette
from starlette.types import Message

from reference_server.accounting.people import create_facility, create_organization, create_user
from reference_server.accounting.tokens import issue_token
from reference_server.app import create_app
from reference_server.settings import Accounting, Audit, AuditSync, Settings
from reference_server.storage.database import Transaction

READS = 100
BOUNDARY = b"of-the-benchmark"
MODES: dict[str, dict[str, Any]] = {
    "without": {"audit": Audit.OFF},
    "batch": {"audit_sync": AuditSync.BATCH},
    "each": {"audit_sync": AuditSync.EACH},
}


@dataclass(frozen=True, slots=True)
class Bench:
    """A started archive that holds one image, and the token of its owner."""

    runner: asyncio.Runner
    app: Starlette
    token: str

    async def ask(self, method: str, path: str, content: bytes = b"", accept: str = "*/*") -> int:
        """Return the status of the answer to one request."""
        statuses: list[int] = []
        kind = b"multipart/related; type=application/dicom; boundary=" + BOUNDARY
        headers = {b"authorization": f"Bearer {self.token}".encode(), b"accept": accept.encode()}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [*headers.items(), (b"content-type", kind), (b"host", b"archive")],
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 1),
            "scheme": "http",
            "http_version": "1.1",
            "root_path": "",
            "state": {},
        }

        async def receive() -> Message:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await self.app(scope, receive, send)
        return statuses[0]

    async def reads(self, path: str) -> set[int]:
        """Return the statuses of many reads, one after the other."""
        return {await self.ask("GET", path) for _ in range(READS)}


async def people(write: Transaction) -> str:
    """Create a user and return its token."""
    await create_organization(write, "o")
    await create_facility(write, "f", "o")
    await create_user(write, "u", ["f"], [])
    return await issue_token(write, "u", None)


@pytest.fixture(scope="module", params=MODES)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    data = tmp_path_factory.mktemp("audited")
    app = create_app(Settings(data=data, accounting=Accounting.GRANTS, **MODES[request.param]))
    image = get_testdata_file("CT_small.dcm")
    assert isinstance(image, str)
    head = b"--" + BOUNDARY + b"\r\nContent-Type: application/dicom\r\n\r\n"
    payload = head + Path(image).read_bytes() + b"\r\n--" + BOUNDARY + b"--\r\n"
    with asyncio.Runner() as runner:
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())
        token = runner.run(app.state.archive.database.write(people))
        bench = Bench(runner, app, token)
        assert runner.run(bench.ask("POST", "/dicom-web/studies", payload)) == 200
        yield bench
        runner.run(lifespan.__aexit__(None, None, None))


@pytest.mark.parametrize("resource", ["/studies", "/series", "/instances"])
def test_search(benchmark: BenchmarkFixture, bench: Bench, resource: str) -> None:
    benchmark.group = f"{READS} searches of {resource}"
    path = f"/dicom-web{resource}"
    assert benchmark.pedantic(lambda: bench.runner.run(bench.reads(path)), rounds=15) == {200}


@pytest.mark.benchmark(group=f"{READS} retrievals of metadata")
def test_metadata(benchmark: BenchmarkFixture, bench: Bench) -> None:
    path = "/dicom-web/studies/1.3.6.1.4.1.5962.1.2.1.20040119072730.12322/metadata"
    assert benchmark.pedantic(lambda: bench.runner.run(bench.reads(path)), rounds=15) == {200}
