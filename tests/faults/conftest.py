"""The archive behind the faults: the reference server, or what `--upstream` names."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.conformance.reference_archive import reference_archive
from tests.faults.kill_matrix import KillMatrix, Laboratory, laboratory


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--upstream", help="base URL of the archive behind the faults")


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Laboratory]:
    """A proxy whose fault can be exchanged, and the fixtures stored behind it."""
    with contextlib.ExitStack() as stack:
        upstream = request.config.getoption("--upstream", default=None)
        yield stack.enter_context(laboratory(upstream or stack.enter_context(reference_archive())))


@pytest.fixture(scope="session")
def matrix(lab: Laboratory) -> KillMatrix:
    """What kills what; found out step by step."""
    return KillMatrix(lab)
