"""A file that is read in one walk over its bytes gives the record that pydicom gives, or is left to it."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.data import get_testdata_files
from pydicom.uid import ExplicitVRLittleEndian

from reference_server.dicomweb.plain_file import read_plain
from reference_server.dicomweb.plain_values import NotPlainError
from reference_server.dicomweb.reading import Arrived, read_instance, read_with_pydicom
from reference_server.dicomweb.reasons import Reason, UnreadableError
from reference_server.storage.records import InstanceRecord

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
FILES = sorted(path for path in map(Path, get_testdata_files()) if path.is_file() and path.suffix != ".zip")
LEAST_PLAIN = 60
Told = InstanceRecord | tuple[Reason, str, str]


def told(content: bytes, *, by_pydicom: bool) -> Told:
    """Return the record of a file, or the reason of its refusal."""
    arrived = Arrived(Path("nowhere"), "blob", len(content), "digest", content)
    try:
        return read_with_pydicom(arrived) if by_pydicom else read_instance(arrived)
    except UnreadableError as error:
        return error.reason, error.sop_class_uid, error.sop_instance_uid


def comparable(found: Told) -> object:
    """Return what is told with its JSON parsed, so that NaN and order are as in JSON."""
    if isinstance(found, tuple):
        return found
    return replace(found, metadata=b""), orjson.loads(found.metadata)


def is_plain(content: bytes) -> bool:
    """Tell whether the walk reads the file by itself."""
    try:
        read_plain(content)
    except NotPlainError:
        return False
    return True


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_both_ways_of_reading_agree(path: Path) -> None:
    content = path.read_bytes()
    if len(content) > 1 << 22:
        content = content[: 1 << 20]  # which is a cut file, to be told apart as one
    assert comparable(told(content, by_pydicom=False)) == comparable(told(content, by_pydicom=True))


def explicit(path: Path) -> bytes | None:
    """Return a file as Explicit VR Little Endian, or None where pydicom does not write it so."""
    dataset = dcmread(path, force=True)
    try:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        buffer = BytesIO()
        dataset.save_as(buffer, implicit_vr=False, little_endian=True, overwrite=True)
        return buffer.getvalue()
    except Exception:  # noqa: BLE001  files of the test data are broken in many ways
        return None


def test_most_files_are_plain_once_their_vrs_are_explicit() -> None:
    small = [path for path in FILES if path.stat().st_size < 1 << 19]
    contents = [content for path in small if (content := explicit(path)) is not None]
    plain = [content for content in contents if is_plain(content)]
    assert len(plain) >= LEAST_PLAIN
    for content in plain:
        assert comparable(told(content, by_pydicom=False)) == comparable(told(content, by_pydicom=True))


@given(st.data())
def test_changed_bytes_are_told_alike(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([path for path in FILES if path.stat().st_size < 1 << 14]))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, max(0, len(content) - 1)))
        content[at : at + 1] = data.draw(st.binary(max_size=2))
    changed = bytes(content)
    assert comparable(told(changed, by_pydicom=False)) == comparable(told(changed, by_pydicom=True))
