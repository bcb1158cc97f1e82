"""Archives that run as processes, one per mode and module, and instances to put into them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from tests.server.hospital import DESIGNS, Hospital, open_hospital
from tests.server.running import RunningArchive


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningArchive]:
    """An archive with accounting off."""
    yield from _running(tmp_path_factory.mktemp("plain"), "off")


def _running(data: Path, accounting: str) -> Iterator[RunningArchive]:
    archive = RunningArchive(data, accounting).start()
    yield archive
    archive.end()
    archive.client.close()


@pytest.fixture(params=DESIGNS)
def hospital(tmp_path: Path, ct: bytes, request: pytest.FixtureRequest) -> Iterator[Hospital]:
    """A hospital of one test's own, in every design; modules that only read have one for all their tests."""
    archive = RunningArchive(tmp_path / "data", request.param).start()
    yield open_hospital(archive, ct)
    archive.end()
    archive.client.close()


@pytest.fixture(scope="session")
def ct() -> bytes:
    """A CT image in Explicit VR Little Endian."""
    return _content("CT_small.dcm")


@pytest.fixture(scope="session")
def mr() -> bytes:
    """An MR image in Explicit VR Little Endian."""
    return _content("MR_small.dcm")


def _content(name: str) -> bytes:
    path = get_testdata_file(name)
    assert isinstance(path, str)
    return Path(path).read_bytes()
