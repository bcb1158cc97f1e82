"""Searches and locates on an index of 2,000 studies, with accounting off and on, without HTTP.

Where grants decide, the caller sees one study in ten through a grant of its own on each. `external` has a
decision service in a process of its own, and keeps nothing that it says.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from reference_server.accounting.allow_all import AllowAll
from reference_server.accounting.cedar import Cedar
from reference_server.accounting.external import External
from reference_server.accounting.grants import Grants
from reference_server.accounting.off import Off
from reference_server.accounting.people import create_facility, create_organization, create_user
from reference_server.accounting.policy import Access, AccessPolicy, Credentials
from reference_server.accounting.post_filter import PostFilter
from reference_server.accounting.tokens import issue_token, token_hash
from reference_server.app import open_database
from reference_server.dicomweb.matching import search_predicate
from reference_server.dicomweb.query_string import parse_search
from reference_server.storage.database import Database, Transaction
from reference_server.storage.index import locate, search
from reference_server.storage.ingest import store
from reference_server.storage.page import Page
from reference_server.storage.predicate import Predicate
from reference_server.storage.records import InstanceRecord, Level, StudyKeys

STUDIES = 2_000
INSTANCES = 4
SHARE = 10
DESIGNS: dict[str, Callable[[Path], AccessPolicy]] = {
    "off": lambda _: Off(),
    "allow-all": lambda _: AllowAll(),
    "grants": lambda _: Grants(),
    "post-filter": lambda _: PostFilter(),
    "external": lambda data: External(data, url="", ttl=0),
    "cedar": lambda _: Cedar(),
}
QUERIES = {
    "page": [("limit", "25")],
    "uid": [("StudyInstanceUID", f"1.{SHARE}")],
    "patient id": [("PatientID", f"P{SHARE}")],
    "name wildcard": [("PatientName", "DOE^1*"), ("limit", "25")],
    "date range": [("StudyDate", "20200101-20200131"), ("limit", "25")],
    "modality": [("ModalitiesInStudy", "MR"), ("limit", "25")],
}
GRANT = """
INSERT INTO access_grant (subject_id, operations, repository_id, study_id)
SELECT principal.id, 3, study.repository_id, study.id FROM principal, study
WHERE principal.kind = 'user' AND study.id % ? = 1
"""


def records(study: int) -> list[InstanceRecord]:
    """Return the instances of a study; their blobs do not exist."""
    keys = StudyKeys(f"P{study}", f"doe^{study}", None, f"202001{1 + study % 28:02d}", *(None,) * 5)
    return [
        InstanceRecord(
            study_uid=f"1.{study}",
            series_uid=f"1.{study}.1",
            sop_instance_uid=f"1.{study}.1.{number}",
            sop_class_uid="1.2",
            transfer_syntax_uid="1.2.840.10008.1.2.1",
            modality="CT" if study % 2 else "MR",
            series_number="1",
            instance_number=str(number),
            study_keys=keys,
            name_words=(),
            study_attributes="{}",
            series_attributes="{}",
            instance_attributes="{}",
            metadata=b"{}",
            size_bytes=1,
            sha256="0",
            blob="0" * 32,
            frames=None,
        )
        for number in range(INSTANCES)
    ]


@dataclass(frozen=True, slots=True)
class Bench:
    """An open index, the loop that it lives in, the caller's token, and the designs."""

    loop: asyncio.AbstractEventLoop
    database: Database
    token: str
    policies: dict[str, AccessPolicy]

    def access(self, design: str) -> Access:
        """Return what the caller sees."""
        return self.policies[design].access(Credentials(token_hash(self.token)), 0.0)


async def fill(data: Path) -> tuple[Database, str]:
    database = open_database(data)
    await database.open()

    async def work(write: Transaction) -> str:
        await create_organization(write, "o")
        await create_facility(write, "f", "o")
        await create_user(write, "u", ["f"], [])
        for study in range(STUDIES):
            await store(write, 1, records(study))
        await write.run(GRANT, (SHARE,))
        return await issue_token(write, "u", None)

    return database, await database.write(work)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    loop = asyncio.new_event_loop()
    data = tmp_path_factory.mktemp("index")
    database, token = loop.run_until_complete(fill(data))
    policies = {name: design(data) for name, design in DESIGNS.items()}
    serving = [policy.serving() for policy in policies.values()]
    for each in serving:
        loop.run_until_complete(each.__aenter__())
    yield Bench(loop, database, token, policies)
    for each in serving:
        loop.run_until_complete(each.__aexit__(None, None, None))
    loop.run_until_complete(database.close())
    loop.close()


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("query", QUERIES)
def test_search(benchmark: BenchmarkFixture, bench: Bench, design: str, query: str) -> None:
    benchmark.group = f"search by {query}"
    access = bench.access(design)
    wanted = parse_search(Level.STUDY, QUERIES[query])
    where = search_predicate(wanted, access)
    page = Page(wanted.limit or 100, 0, 101)

    found = benchmark(
        lambda: bench.loop.run_until_complete(search(bench.database, Level.STUDY, where, access, page))
    )
    assert found.found


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.benchmark(group="locate an instance")
def test_locate(benchmark: BenchmarkFixture, bench: Bench, design: str) -> None:
    access = bench.access(design)
    where = Predicate("study.study_uid = ?", (f"1.{SHARE}",)) & Predicate(
        "instance.sop_instance_uid = ?", (f"1.{SHARE}.1.0",)
    )
    found = benchmark(lambda: bench.loop.run_until_complete(locate(bench.database, where, access)))
    assert len(found) == 1
