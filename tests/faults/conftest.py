"""The archive behind the faults: the reference server, or what `--upstream` names."""

from collections.abc import Iterator

import pytest

from tests.faults.kill_matrix import Laboratory, laboratory


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--upstream", help="base URL of the archive behind the faults")


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Laboratory]:
    """A proxy whose fault can be exchanged, and the fixtures stored behind it."""
    upstream = request.config.getoption("--upstream", default=None)
    if upstream is None:
        pytest.skip("no archive to put faults in front of")
    with laboratory(upstream) as made:
        yield made
