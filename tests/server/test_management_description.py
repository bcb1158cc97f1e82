"""Whatever the description allows or forbids is sent to an archive: no answer fails or is undescribed."""

from collections.abc import Iterator
from typing import Any

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

from reference_server.management.description import description
from reference_server.management.table import PROCEDURES
from tests.server.hospital import Hospital, open_hospital
from tests.server.running import RunningArchive, bearer

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
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


def name_what_exists(case: schemathesis.Case[Any], path: str, number: int) -> None:
    """Let a path name what there is, as the number picks it."""
    names = OTHERS | {"name": NAMES.get(path.split("/")[2], ())}
    for parameter in case.path_parameters or {}:
        if names.get(parameter):
            case.path_parameters[parameter] = names[parameter][number % len(names[parameter])]


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_described(
    hospital: Hospital, path: str, method: str, mode: GenerationMode, data: st.DataObject
) -> None:
    operation = SCHEMA[path][method]
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
        return
    case = data.draw(operation.as_strategy(generation_mode=mode))
    number = data.draw(st.integers(0, 7))
    if number:
        name_what_exists(case, path, number)
    url, headers = hospital.archive.origin, bearer(hospital.administrator)
    case.call_and_validate(base_url=url, checks=CHECKS, headers=headers)
