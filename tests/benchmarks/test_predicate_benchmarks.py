"""What it takes to build the predicates and the statement of a read, design by design; no SQL is executed."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from reference_server.accounting.allow_all import AllowAll
from reference_server.accounting.grants import Grants
from reference_server.accounting.off import Off
from reference_server.accounting.policy import AccessPolicy, Credentials
from reference_server.dicomweb.matching import search_predicate
from reference_server.dicomweb.query_string import parse_search
from reference_server.storage.predicate import Predicate
from reference_server.storage.records import Level
from reference_server.storage.statements import search_statement

DESIGNS: dict[str, AccessPolicy] = {"off": Off(), "allow-all": AllowAll(), "grants": Grants()}
CREDENTIALS = Credentials(b"h" * 32)
PARAMETERS = [("PatientName", "Doe*"), ("ModalitiesInStudy", "CT"), ("limit", "25")]


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.benchmark(group="statement of a search")
def test_statement_of_a_search(benchmark: BenchmarkFixture, design: str) -> None:
    policy = DESIGNS[design]

    def build() -> Predicate:
        access = policy.access(CREDENTIALS, 0.0)
        wanted = parse_search(Level.STUDY, PARAMETERS)
        where = search_predicate(wanted, access)
        return search_statement(Level.STUDY, where, access, with_metadata=False)

    statement = benchmark(build)
    assert ("access_grant" in statement.sql) == (design == "grants")
