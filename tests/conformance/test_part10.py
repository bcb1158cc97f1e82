"""A Part 10 file is read strictly: our own files have no defect, and each damage is named."""

import io
import struct
from collections.abc import Callable

import pytest
from pydicom import dcmread, dcmwrite

from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Fixture
from scenarios.conformance.fixtures.identifiers import Identifiers
from scenarios.conformance.part10 import defects

STORED = [F.BASE, F.VR, F.MF, F.BIT, F.FLOAT, F.COLOR, F.RLE, F.J2K, F.JPEG, F.SR, F.PDF, F.WAVE, F.PR, F.IVR]
VALID = F.BASE.build(Identifiers("seed", "BASE"))[0].data
SERIES_NUMBER = b"\x20\x00\x11\x00IS\x02\x00"
STUDY_DATE = b"\x08\x00\x20\x00DA\x08\x00"
ROWS = b"\x28\x00\x10\x00US\x02\x00"


@pytest.mark.parametrize("fixture", STORED, ids=lambda fixture: fixture.name)
def test_fixtures_have_no_defect(fixture: Fixture) -> None:
    for instance in fixture.build(Identifiers("seed", fixture.scope)):
        assert list(defects(instance.data)) == [], instance.label


def with_group_length(data: bytes, growth: int) -> bytes:
    length = struct.unpack("<I", data[140:144])[0] + growth
    return data[:140] + struct.pack("<I", length) + data[144:]


def without_meta(data: bytes, keyword: str) -> bytes:
    dataset = dcmread(io.BytesIO(data))
    del dataset.file_meta[keyword]
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=False)
    return buffer.getvalue()


def swapped(data: bytes, first: bytes, second: bytes) -> bytes:
    """Return the file with an element of eight bytes and a value of two moved before another one."""
    begin = data.index(second)
    element = data[begin : begin + 10]
    rest = data[:begin] + data[begin + 10 :]
    where = rest.index(first)
    return rest[:where] + element + rest[where:]


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda data: data[128:], "preamble"),
        (lambda data: data[:128] + b"dicm" + data[132:], "DICM"),
        (lambda data: data[:132] + data[144:], "group length"),
        (lambda data: with_group_length(data, -10), "does not lead to the dataset"),
        (lambda data: with_group_length(data, len(data)), "does not lead to the dataset"),
        (lambda data: without_meta(data, "ImplementationClassUID"), "ImplementationClassUID"),
        (lambda data: without_meta(data, "MediaStorageSOPClassUID"), "MediaStorageSOPClassUID"),
        (lambda data: data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.9.9\0"), "no transfer syntax"),
        (lambda data: data[:-2], "bytes where its length says"),
        (lambda data: swapped(data, STUDY_DATE, ROWS), "ascending order"),
        (lambda data: data.replace(SERIES_NUMBER + b"1", SERIES_NUMBER + b"x"), "does not parse"),
        (lambda data: data.replace(STUDY_DATE + b"2020", STUDY_DATE + b"May "), "does not parse"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # of pydicom, about what is damaged
def test_each_damage_is_named(damage: Callable[[bytes], bytes], named: str) -> None:
    assert damage(VALID) != VALID
    assert named in "; ".join(defects(damage(VALID)))
