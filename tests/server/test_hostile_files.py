"""Files that would cost too much are refused before they are parsed; files that are merely odd are stored."""

import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from reference_server.dicomweb import structure
from reference_server.dicomweb.reading import Arrived, read_instance
from reference_server.dicomweb.reasons import Reason, UnreadableError

MEGABYTE = 1 << 20
MAX_NODES = 50_000  # instead of ten times that, whose walk takes seconds
PIXEL_DATA_TAG = b"\xe0\x7f\x10\x00"
ITEM, ITEM_END, SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"
EXPLICIT, DEFLATED = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99"
EXPECTED_MEMORY_BYTES = 24 * MEGABYTE


def element(vr: bytes, length: int, value: bytes = b"", tag: tuple[int, int] = (0x7FDF, 0x1010)) -> bytes:
    """Return an element of a VR whose length has 32 bits, whatever its length says."""
    return struct.pack("<HH2sHI", *tag, vr, 0, length) + value


def sequence(value: bytes) -> bytes:
    return element(b"SQ", len(value), value, (0x0040, 0xA730))


def deep(levels: int) -> bytes:
    value = b""
    for _ in range(levels):
        value = sequence(ITEM + struct.pack("<I", len(value)) + value)
    return value


def deep_undefined(levels: int) -> bytes:
    begin = element(b"SQ", 0xFFFFFFFF, ITEM + b"\xff" * 4, (0x0040, 0xA730))
    return begin * levels + (ITEM_END + bytes(4) + SEQUENCE_END + bytes(4)) * levels


def before_pixels(content: bytes, inserted: bytes) -> bytes:
    at = content.index(PIXEL_DATA_TAG)
    return content[:at] + inserted + content[at:]


def deflated(content: bytes, behind: bytes) -> bytes:
    """Return the file in the deflated syntax, with more behind its dataset."""
    at = content.index(EXPLICIT)
    meta = content[: at - 2] + struct.pack("<H", len(DEFLATED)) + DEFLATED
    length = struct.unpack_from("<I", meta, 140)[0] + len(DEFLATED) - len(EXPLICIT)
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = compressor.compress(content[144 + struct.unpack_from("<I", content, 140)[0] :])
    for _ in range(0, len(behind), MEGABYTE):
        body += compressor.compress(behind[:MEGABYTE])
    return meta[:140] + struct.pack("<I", length) + meta[144:] + body + compressor.flush()


HOSTILE: dict[str, Callable[[bytes], bytes]] = {
    "a length of 4 GB": lambda ct: before_pixels(ct, element(b"OB", 0xFFFFFFF0)),
    "a text of 4 GB at the end": lambda ct: ct + element(b"UT", 0xFFFFFFF0, b"x", (0x7FE1, 0x1010)),
    "a sequence of 4 GB": lambda ct: before_pixels(ct, element(b"SQ", 0xFFFFFFF0)),
    "10,000 levels of known length": lambda ct: before_pixels(ct, deep(10_000)),
    "10,000 levels of undefined length": lambda ct: before_pixels(ct, deep_undefined(10_000)),
    "65 levels": lambda ct: before_pixels(ct, deep(65)),
    "too many items": lambda ct: before_pixels(ct, sequence((ITEM + bytes(4)) * MAX_NODES)),
    "too many fragments": lambda ct: ct + element(b"OB", 0xFFFFFFFF, (ITEM + bytes(4)) * MAX_NODES),
    "fragments that are none": lambda ct: ct + element(b"OB", 0xFFFFFFFF, bytes(10_000)),
    "a sequence of something else": lambda ct: before_pixels(ct, element(b"SQ", 16, bytes(16))),
    "a bomb": lambda ct: deflated(ct, bytes(100 * MEGABYTE)),
    "a deflated dataset that is cut": lambda ct: deflated(ct, b"")[:-200],
    "a deflated dataset that is none": lambda ct: deflated(ct, b"")[:400] + b"\xff" * 400,
    "a large value in the file meta information": lambda ct: (
        ct[:158] + element(b"OB", 2 * MEGABYTE, bytes(2 * MEGABYTE), (2, 2)) + ct[158:]
    ),
    "commands": lambda ct: ct[: ct.index(b"\x08\x00\x05\x00")] + bytes(4) + bytes(1000),
    "no preamble": lambda ct: ct[128:],
    "nothing": lambda _: b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_little_memory(
    tmp_path: Path, ct: bytes, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(structure, "MAX_NODES", MAX_NODES)
    content = HOSTILE[name](ct)
    file = tmp_path / "file"
    file.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableError) as raised:
            read_instance(Arrived(file, "blob", len(content), "digest"))
        assert tracemalloc.get_traced_memory()[1] < EXPECTED_MEMORY_BYTES
    finally:
        tracemalloc.stop()
    assert raised.value.reason is Reason.CANNOT_UNDERSTAND


ODD: dict[str, Callable[[bytes], bytes]] = {
    "cut pixel data": lambda ct: ct[:-1000],
    "64 levels": lambda ct: before_pixels(ct, deep(64)),
    "zeros behind the dataset": lambda ct: ct + bytes(64),
    "a deflated dataset": lambda ct: deflated(ct, b""),
    "a private VR": lambda ct: before_pixels(ct, struct.pack("<HH2sH", 0x7FDF, 0x1010, b"ZZ", 2) + b"ab"),
    "a text of 2 MB": lambda ct: before_pixels(ct, element(b"UT", 2 * MEGABYTE, b"x" * 2 * MEGABYTE)),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_odd_file_is_read(tmp_path: Path, ct: bytes, name: str) -> None:
    content = ODD[name](ct)
    file = tmp_path / "file"
    file.write_bytes(content)
    record = read_instance(Arrived(file, "blob", len(content), "digest"))
    assert record.study_uid
    assert len(record.metadata) < 100_000


@pytest.mark.parametrize(("vr", "value"), [(b"UC", b"\\" * 2 * MEGABYTE), (b"UT", b"x" * 2 * MEGABYTE)])
def test_a_large_value_of_any_vr_is_bulk_data(tmp_path: Path, ct: bytes, vr: bytes, value: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(before_pixels(ct, element(vr, len(value), value)))
    record = read_instance(Arrived(file, "blob", file.stat().st_size, "digest"))
    assert "BulkDataURI" in orjson.loads(record.metadata)["7FDF1010"]


@pytest.mark.parametrize("uid", [b"1.2.840.10008.1.2.4.110", b"1.2.3.4"])
def test_a_transfer_syntax_is_of_the_standard_or_refused(tmp_path: Path, ct: bytes, uid: bytes) -> None:
    at = ct.index(EXPLICIT)
    padded = uid + b"\0" * (len(uid) % 2)
    length = struct.unpack_from("<I", ct, 140)[0] + len(padded) - len(EXPLICIT)
    content = (
        ct[:140] + struct.pack("<I", length) + ct[144 : at - 2] + struct.pack("<H", len(padded)) + padded
    )
    file = tmp_path / "file"
    file.write_bytes(content + ct[at + len(EXPLICIT) :])
    arrived = Arrived(file, "blob", file.stat().st_size, "digest")
    if uid.startswith(b"1.2.840.10008."):
        assert read_instance(arrived).transfer_syntax_uid == uid.decode()
        return
    with pytest.raises(UnreadableError) as raised:
        read_instance(arrived)
    assert raised.value.reason is Reason.TRANSFER_SYNTAX_NOT_SUPPORTED
    assert raised.value.sop_instance_uid
