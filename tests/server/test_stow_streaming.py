"""A large request goes through the archive without being held in memory."""

import http.client
import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from pydicom import dcmread
from pydicom.uid import UID

from tests.server.running import BOUNDARY, STOW_TYPE, RunningArchive

MEGABYTE = 1 << 20
BLOCK = bytes(range(256)) * 256
LARGE_BYTES = 200 * MEGABYTE
SMALL_PARTS, SMALL_BYTES, TEXT_BYTES = 250, 512 * 1024, 320 * 1024
MOST_GROWTH_KILOBYTES = 100 * 1024


def instance(template: bytes, number: int, pixel_bytes: int, text_bytes: int) -> Iterator[bytes]:
    """Yield a file whose metadata hold a long text, in blocks."""
    dataset = dcmread(BytesIO(template))
    del dataset.PixelData
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(f"1.2.7.{number}")
    dataset.TextValue = "x" * text_bytes
    buffer = BytesIO()
    dataset.save_as(buffer)
    yield buffer.getvalue() + struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, pixel_bytes)
    yield from (BLOCK for _ in range(pixel_bytes // len(BLOCK)))


def request_body(template: bytes) -> Iterator[bytes]:
    sizes = [(LARGE_BYTES, 0)] + [(SMALL_BYTES, TEXT_BYTES)] * SMALL_PARTS
    for number, (pixel_bytes, text_bytes) in enumerate(sizes):
        yield f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        yield from instance(template, number, pixel_bytes, text_bytes)
        yield b"\r\n"
    yield f"--{BOUNDARY}--\r\n".encode()


def status_kilobytes(process_id: int, name: str) -> int:
    lines = Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def test_four_hundred_megabytes_take_less_than_a_hundred_of_memory(tmp_path: Path, ct: bytes) -> None:
    archive = RunningArchive(tmp_path).start()
    try:
        archive.store(ct)
        before = status_kilobytes(archive.process_id, "VmRSS")
        Path(f"/proc/{archive.process_id}/clear_refs").write_text(
            "5", encoding="ascii"
        )  # the peak begins anew
        connection = http.client.HTTPConnection(urlsplit(archive.origin).netloc, timeout=120)
        headers = {"Content-Type": STOW_TYPE}
        connection.request("POST", "/dicom-web/studies", request_body(ct), headers, encode_chunked=True)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content[:1000]
        assert content.count(b'"00081155"') == SMALL_PARTS + 1
        assert status_kilobytes(archive.process_id, "VmHWM") - before < MOST_GROWTH_KILOBYTES
        connection.close()
    finally:
        archive.end()
        archive.client.close()
