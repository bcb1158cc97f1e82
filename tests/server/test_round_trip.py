"""What is stored comes back byte for byte, and what cannot be read fails alone.

Implicit VR and Big Endian may not travel: they lie on disk byte for byte and come back element by element.
"""

import hashlib
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file, get_testdata_files

from tests.server.running import AS_STORED, RunningArchive, split_parts

RETRIEVE_URL = "00081190"
LARGEST_BYTES = 30_000_000
NEVER_SENT = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.2")
PIXEL_DATA = 0x7FE00010
WORDS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}


def judged_by_pydicom(path: Path) -> tuple[str, str] | None:
    """Return the SOP Instance UID and study of a file that an archive has to accept, or None."""
    try:
        dataset = dcmread(path, stop_before_pixels=True)
    except Exception:  # noqa: BLE001  whatever pydicom says, the file is not readable
        return None
    uids = [
        dataset.get(k) for k in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
    ]
    if not all(uids) or "TransferSyntaxUID" not in dataset.file_meta:
        return None
    return str(uids[1]), str(uids[2])


def waves() -> list[dict[str, Path]]:
    """Return the test files of pydicom as waves in which every SOP Instance UID occurs once."""
    result: list[dict[str, Path]] = []
    for name in sorted(set(get_testdata_files())):
        path = Path(name)
        if not path.is_file() or path.stat().st_size > LARGEST_BYTES:
            continue
        judged = judged_by_pydicom(path)
        if judged is None:
            continue
        for wave in result:
            if judged[0] not in wave:
                wave[judged[0]] = path
                break
        else:
            result.append({judged[0]: path})
    return result


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_parseable_file_comes_back_byte_identical(tmp_path: Path) -> None:
    stored = 0
    for number, wave in enumerate(waves()):
        archive = RunningArchive(tmp_path / str(number)).start()
        try:
            stored += sum(1 for _ in stored_and_compared(archive, wave))
        finally:
            archive.end()
            archive.client.close()
    assert stored > 120


def stored_and_compared(archive: RunningArchive, wave: dict[str, Path]) -> Iterator[str]:
    """Store each file of a wave, compare what comes back, and yield its URL."""
    for path in wave.values():
        content = path.read_bytes()
        answer = archive.store(content)
        assert answer.status_code == 200, (path.name, answer.text)
        url = answer.json()["00081199"]["Value"][0][RETRIEVE_URL]["Value"][0]
        again = archive.client.get(url, headers={"Accept": AS_STORED})
        assert again.status_code == 200, (path.name, again.text)
        [part] = split_parts(again)
        original = dcmread(path)
        if original.file_meta.TransferSyntaxUID in NEVER_SENT:
            assert hashlib.sha256(content).digest() in digests_on_disk(archive.data, len(content)), path.name
            wire = dcmread(BytesIO(part))
            assert wire.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
            assert_same_elements(wire, original)
        else:
            assert hashlib.sha256(part).digest() == hashlib.sha256(content).digest(), path.name
        assert archive.client.get(f"{url}/metadata").status_code == 200, path.name
        yield url


def digests_on_disk(data: Path, size_bytes: int) -> set[bytes]:
    """Return the SHA-256 of every stored file of that size."""
    blobs = (path for path in (data / "blobs").rglob("*") if path.is_file())
    return {hashlib.sha256(p.read_bytes()).digest() for p in blobs if p.stat().st_size == size_bytes}


def assert_same_elements(wire: Dataset, original: Dataset) -> None:
    """Hold every element of one dataset against the other, words of binary values turned if need be."""
    swap = not original.original_encoding[1]
    tags = [tag for tag in original if tag.tag & 0xFFFF]
    assert [each.tag for each in wire] == [each.tag for each in tags]
    for element in tags:
        found, word = wire[element.tag], WORDS.get(element.VR, 0)
        if element.VR == "SQ":
            for item, other in zip(found.value, element.value, strict=True):
                assert_same_elements(item, other)
        elif swap and word and element.value:
            size = original.BitsAllocated // 8 if element.tag == PIXEL_DATA else 0
            turned = np.frombuffer(element.value, f">u{max(word, size)}").astype(f"<u{max(word, size)}")
            assert found.value == turned.tobytes(), element
        else:
            assert found.value == element.value or (found.is_empty and element.is_empty), element


def test_a_file_cut_within_its_fragments_is_stored_as_it_is(plain: RunningArchive) -> None:
    """Its header is whole; only what needs the pixels is not to be had."""
    path = get_testdata_file("SC_rgb_rle_2frame.dcm")
    assert isinstance(path, str)
    content = Path(path).read_bytes()[:-100]
    stored = plain.store(content)
    assert stored.status_code == 200, stored.text
    url = stored.json()["00081199"]["Value"][0][RETRIEVE_URL]["Value"][0].removeprefix(plain.base)
    assert split_parts(plain.get(url, AS_STORED)) == [content]
    [metadata] = plain.get(f"{url}/metadata").json()
    assert metadata["00280010"]["Value"] == [100]
    asked = {"": 406, "/rendered": 406, "/frames/1": 404, "/thumbnail": 404}
    assert {suffix: plain.get(f"{url}{suffix}").status_code for suffix in asked} == asked


def test_unreadable_parts_fail_one_by_one(plain: RunningArchive, ct: bytes) -> None:
    answer = plain.store(b"not DICOM at all", ct, ct[:200])
    assert answer.status_code == 202
    dataset = answer.json()
    assert len(dataset["00081199"]["Value"]) == 1
    assert [item["00081197"]["Value"][0] for item in dataset["0008119A"]["Value"]] == [0xC000, 0xA900]


def test_only_unreadable_parts_are_a_conflict(plain: RunningArchive) -> None:
    answer = plain.store(b"not DICOM at all")
    assert answer.status_code == 409
    assert "00081199" not in answer.json()


def test_the_same_bytes_again_are_a_success_and_one_instance(plain: RunningArchive, ct: bytes) -> None:
    before = plain.store(ct).json()
    assert plain.store(ct, ct).status_code == 200
    url = before["00081199"]["Value"][0][RETRIEVE_URL]["Value"][0]
    study = url.split("/studies/")[1].split("/")[0]
    assert len(plain.get(f"/studies/{study}/instances").json()) == 1
    assert plain.get(f"/studies?StudyInstanceUID={study}").json()[0]["00201208"]["Value"] == [1]


def test_other_bytes_under_the_same_uid_are_refused(plain: RunningArchive, ct: bytes) -> None:
    url = plain.store(ct).json()["00081199"]["Value"][0][RETRIEVE_URL]["Value"][0]
    other = ct[:-1] + bytes([ct[-1] ^ 1])
    answer = plain.store(other)
    assert answer.status_code == 409
    [failed] = answer.json()["00081198"]["Value"]
    assert failed["00081197"]["Value"] == [0xC112]
    assert split_parts(plain.client.get(url, headers={"Accept": AS_STORED})) == [ct]


@pytest.mark.parametrize("study", ["nope", "b" * 65, "1.2.", "1." * 40 + "1"])
def test_nothing_is_stored_below_what_is_no_uid(plain: RunningArchive, mr: bytes, study: str) -> None:
    assert plain.store(mr, path=f"/studies/{study}").status_code == 400


def test_an_instance_of_another_study_is_refused_below_a_study(plain: RunningArchive, mr: bytes) -> None:
    answer = plain.store(mr, path="/studies/2.25.1")
    assert answer.status_code == 409
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA900]
    uid = str(dcmread(BytesIO(mr)).SOPInstanceUID)
    assert plain.get(f"/instances?SOPInstanceUID={uid}").json() == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", 'multipart/related; type="application/dicom"; boundary=x', 400),
        (b"--x--\r\n", 'multipart/related; type="application/dicom"; boundary=x', 400),
        (b"--x\r\n\r\nabc", 'multipart/related; type="application/dicom"; boundary=x', 400),
        (b"--x\r\n\r\nabc\r\n--x--", 'multipart/related; type="application/dicom"', 400),
        (b"--x\r\n\r\nabc\r\n--x--", 'multipart/related; type="image/png"; boundary=x', 415),
        (b"hello", "text/plain", 415),
        (b"hello", "application/dicom", 415),
    ],
)
def test_a_malformed_store_is_the_clients_error(
    plain: RunningArchive, body: bytes, content_type: str, status: int
) -> None:
    answer = plain.client.post(f"{plain.base}/studies", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status
    assert "server-timing" in answer.headers


def test_a_refused_store_leaves_no_file(plain: RunningArchive, ct: bytes) -> None:
    plain.store(ct)
    before = files(plain.data)
    assert plain.store(b"junk", ct[:300]).status_code == 409
    cut = plain.client.post(
        f"{plain.base}/studies",
        content=b"--x\r\n\r\n" + ct + b"\r\n--x\r\n\r\nend",
        headers={"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'},
    )
    assert cut.status_code == 400
    assert files(plain.data) == before


def test_a_folder_that_is_gone_fails_closed(tmp_path: Path, ct: bytes) -> None:
    archive = RunningArchive(tmp_path / "data").start()
    try:
        shutil.rmtree(archive.data / "blobs")
        answer = archive.store(ct)
        assert answer.status_code == 507
        assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA700]
        shutil.rmtree(archive.data / "incoming")
        answer = archive.store(ct)
        assert answer.status_code == 507
        assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA700]
        assert archive.get("/studies").json() == []
    finally:
        archive.end()
        archive.client.close()


def files(data: Path) -> set[Path]:
    """Return the files below the blobs and incoming folders."""
    return {path for folder in ("blobs", "incoming") for path in (data / folder).rglob("*") if path.is_file()}
