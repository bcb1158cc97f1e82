"""Whatever the description allows or forbids is sent to an archive: no answer fails or is undescribed."""

from collections.abc import Iterator

import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from reference_server.management.description import TEMPLATE, description
from reference_server.management.table import PROCEDURES
from reference_server.routes import MANAGEMENT
from tests.server.hospital import Hospital, open_hospital
from tests.server.running import RunningArchive, bearer

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# What there is in a hospital, by the noun of a path and by parameter.
NAMES = {
    "organizations": ("trust",),
    "facilities": ("north", "south"),
    "roles": ("radiologist",),
    "users": ("owner", "viewer", "reader", "stranger"),
    "categories": ("teaching",),
}
OTHERS = {"holder": ("radiologist", "reader"), "kind": ("role", "user"), "repository": ("north", "south")}
SCHEMA = schemathesis.openapi.from_dict(description("http://archive"))
METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE")  # what is there is renamed and removed last
OPERATIONS = [
    (path, method) for method in METHODS for path, procedures in PROCEDURES.items() if method in procedures
]
WITH_PAYLOAD = [(path, method) for path, method in OPERATIONS if PROCEDURES[path][method].body is not None]


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory, ct: bytes) -> Iterator[Hospital]:
    archive = RunningArchive(tmp_path_factory.mktemp("description"), "grants").start()
    hospital = open_hospital(archive, ct)
    archive.manage("/categories", {"name": "teaching"}, hospital.administrator).raise_for_status()
    yield hospital
    archive.end()
    archive.client.close()


def test_the_archive_describes_itself(hospital: Hospital) -> None:
    answer = hospital.archive.client.get(f"{hospital.archive.origin}/accounting/openapi.json")
    assert answer.json() == orjson.loads(orjson.dumps(description(hospital.archive.origin)))
    assert {*answer.json()["paths"], "/accounting/openapi.json"} == {each.path for each in MANAGEMENT}


def what_exists(path: str, number: int) -> dict[str, str]:
    """Return values for the parameters of a path that name what there is, as the number picks it."""
    names = OTHERS | {"name": NAMES.get(path.split("/")[2], ("x",))}
    given = {parameter: names.get(parameter, ("1",)) for parameter in TEMPLATE.findall(path)}
    return {parameter: values[number % len(values)] for parameter, values in given.items()}


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
@given(data=st.data(), number=st.integers(0, 7))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_described(
    hospital: Hospital, path: str, method: str, data: st.DataObject, number: int
) -> None:
    case = data.draw(SCHEMA[path][method].as_strategy())
    if number:
        case.path_parameters |= what_exists(path, number)
    url, headers = hospital.archive.origin, bearer(hospital.administrator)
    case.call_and_validate(base_url=url, checks=CHECKS, headers=headers)


@pytest.mark.parametrize(("path", "method"), WITH_PAYLOAD)
@given(data=st.data(), number=st.integers(0, 7))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_payload_that_is_not_described_is_refused(
    hospital: Hospital, path: str, method: str, data: st.DataObject, number: int
) -> None:
    headers = bearer(hospital.administrator)
    strategy = SCHEMA[path][method].as_strategy(
        GenerationMode.NEGATIVE, path_parameters=what_exists(path, number), headers=headers, query={}
    )
    case = data.draw(strategy)
    response = case.call(base_url=hospital.archive.origin, headers=headers)
    refused = [] if response.status_code == 413 else [negative_data_rejection]  # it does not count 413
    case.validate_response(response, checks=[*CHECKS, *refused])
