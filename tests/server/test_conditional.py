"""Validators, ranges, compression and calls from other origins, over real sockets."""

import gzip
import zlib
from email.utils import formatdate
from io import BytesIO
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread, dcmwrite
from pydicom.uid import generate_uid

from reference_server.compression import accepts_gzip
from reference_server.dicomweb.ranges import ByteRange, asked_range
from tests.server.hospital import open_hospital
from tests.server.running import AS_STORED, RunningArchive

OCTETS = "application/octet-stream"


class Stored:
    """The URLs of one stored instance, and requests for them."""

    def __init__(self, archive: RunningArchive, content: bytes) -> None:
        archive.store(content)
        dataset = dcmread(BytesIO(content))
        self.archive, self.content, self.pixels = archive, content, dataset.PixelData
        self.study = f"/studies/{dataset.StudyInstanceUID}"
        self.series = f"{self.study}/series/{dataset.SeriesInstanceUID}"
        self.instance = f"{self.series}/instances/{dataset.SOPInstanceUID}"

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Answer a GET with these headers, underscores in their names being dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.archive.client.get(f"{self.archive.base}{path}", headers=named)


@pytest.fixture(scope="module")
def stored(plain: RunningArchive, ct: bytes) -> Stored:
    """A stored CT image."""
    return Stored(plain, ct)


RESOURCES = [
    ("study", "", "*/*", True),
    ("study", "", AS_STORED, True),
    ("series", "", "*/*", True),
    ("instance", "", AS_STORED, True),
    ("instance", "", "application/dicom; transfer-syntax=*", False),
    ("instance", "", "application/dicom; transfer-syntax=1.2.840.10008.1.2.5", True),
    ("study", "/metadata", "*/*", True),
    ("instance", "/metadata", "application/dicom+xml", True),
    ("study", "/metadata", 'multipart/related; type="application/dicom+xml"', True),
    ("instance", "/frames/1", "*/*", True),
    ("instance", "/frames/1", OCTETS, False),
    ("instance", "/frames/1", "image/jls", True),
    ("instance", "/bulkdata/7FE00010", "*/*", True),
    ("instance", "/bulkdata/7FE00010", OCTETS, False),
    ("study", "/bulkdata", "*/*", True),
    ("series", "/pixeldata", "*/*", True),
]


@pytest.mark.parametrize(("level", "suffix", "accept", "weak"), RESOURCES)
def test_what_did_not_change_is_not_sent_again(
    stored: Stored, level: str, suffix: str, accept: str, *, weak: bool
) -> None:
    path = getattr(stored, level) + suffix
    first = stored.get(path, Accept=accept)
    assert first.status_code == 200
    tag = first.headers["etag"]
    assert tag.startswith("W/") == weak
    assert "accept" in first.headers["vary"].lower()
    for condition in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = stored.get(path, Accept=accept, If_None_Match=condition)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert "content-type" not in again.headers
    assert stored.get(path, Accept=accept, If_None_Match='"other"').status_code == 200


def test_representations_have_tags_of_their_own(stored: Stored) -> None:
    tags = [
        stored.get(getattr(stored, level) + suffix, Accept=accept).headers["etag"]
        for level, suffix, accept, _ in RESOURCES
    ]
    assert len(set(tags)) >= len(tags) - 2  # a study and a series of one object hold the same


def test_a_single_object_tells_when_it_was_stored(stored: Stored) -> None:
    since = stored.get(f"{stored.instance}/metadata").headers["last-modified"]
    for path in (stored.instance, f"{stored.instance}/metadata", f"{stored.instance}/frames/1"):
        assert stored.get(path, If_Modified_Since=since).status_code == 304
        assert stored.get(path, If_Modified_Since=formatdate(0, usegmt=True)).status_code == 200
        assert stored.get(path, If_Modified_Since="yesterday").status_code == 200
        assert stored.get(path, If_Modified_Since=since, If_None_Match='"other"').status_code == 200


def test_the_tag_of_a_study_changes_when_it_gains_an_instance(plain: RunningArchive, ct: bytes) -> None:
    dataset = dcmread(BytesIO(ct))
    dataset.StudyInstanceUID = generate_uid()
    contents = []
    for _ in range(2):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        buffer = BytesIO()
        dcmwrite(buffer, dataset)
        contents.append(buffer.getvalue())
    study = Stored(plain, contents[0])
    tag = study.get(f"{study.study}/metadata").headers["etag"]
    plain.store(contents[1])
    again = study.get(f"{study.study}/metadata", If_None_Match=tag)
    assert again.status_code == 200
    assert again.headers["etag"] != tag


def test_nobody_learns_from_a_condition_what_is_hidden(tmp_path: Any, ct: bytes) -> None:
    archive = RunningArchive(tmp_path, "grants").start()
    try:
        hospital = open_hospital(archive, ct)
        path = f"/studies/{hospital.dataset.StudyInstanceUID}/metadata"
        tag = archive.get(path, token=hospital.owner).headers["etag"]
        url = f"{archive.base}{path}"
        for condition in ({"If-None-Match": tag}, {"If-None-Match": "*"}, {"Range": "bytes=0-1"}):
            hidden = archive.client.get(
                url, headers={"Authorization": f"Bearer {hospital.stranger}", **condition}
            )
            unknown = archive.client.get(
                f"{archive.base}/studies/1.2.3/metadata",
                headers={"Authorization": f"Bearer {hospital.stranger}", **condition},
            )
            assert (hidden.status_code, hidden.content) == (404, unknown.content)
            assert set(hidden.headers) == set(unknown.headers)
            assert "etag" not in hidden.headers
    finally:
        archive.end()
        archive.client.close()


@pytest.mark.parametrize("suffix", ["/bulkdata/7FE00010", "/frames/1"])
def test_octets_come_in_ranges(stored: Stored, suffix: str) -> None:
    path, size = f"{stored.instance}{suffix}", len(stored.pixels)
    whole = stored.get(path, Accept=OCTETS)
    assert whole.headers["accept-ranges"] == "bytes"
    for asked, first, last in (
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, size - 1),
        ("bytes=-10", size - 10, size - 1),
        (f"bytes=5-{size * 2}", 5, size - 1),
    ):
        part = stored.get(path, Accept=OCTETS, Range=asked)
        assert part.status_code == 206
        assert part.content == stored.pixels[first : last + 1]
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert part.headers["etag"] == whole.headers["etag"]
    for asked in ("bytes=9-3", "bytes=a-b", "pixels=0-9", "bytes=0-1,5-6"):
        answer = stored.get(path, Accept=OCTETS, Range=asked)
        assert (answer.status_code, answer.content) == (200, stored.pixels)
    for asked in (f"bytes={size}-", "bytes=-0"):
        beyond = stored.get(path, Accept=OCTETS, Range=asked)
        assert beyond.status_code == 416
        assert beyond.headers["content-range"] == f"bytes */{size}"


def test_a_range_completes_only_the_same_state(stored: Stored) -> None:
    path = f"{stored.instance}/bulkdata/7FE00010"
    whole = stored.get(path, Accept=OCTETS)
    for condition, status in (
        (whole.headers["etag"], 206),
        (f"W/{whole.headers['etag']}", 200),
        ('"other"', 200),
        (whole.headers["last-modified"], 206),
        (formatdate(0, usegmt=True), 200),
    ):
        assert stored.get(path, Accept=OCTETS, Range="bytes=0-9", If_Range=condition).status_code == status


@given(st.binary(max_size=50), st.integers(0, 60), st.integers(0, 60))
def test_a_range_is_what_slicing_gives(content: bytes, first: int, length: int) -> None:
    asked = asked_range(f"bytes={first}-{first + length}", len(content))
    assert asked is not None
    assert content[asked.first : asked.last + 1] == content[first : first + length + 1]
    suffix = asked_range(f"bytes=-{length}", len(content))
    assert suffix == ByteRange(max(0, len(content) - length) if length else len(content), len(content) - 1)


def test_text_is_compressed_when_asked_for_and_octets_never(stored: Stored) -> None:
    for path, accept in (
        (f"{stored.study}/metadata", "*/*"),
        (f"{stored.instance}/metadata", "application/dicom+xml"),
        (f"{stored.study}/metadata", 'multipart/related; type="application/dicom+xml"'),
        ("/studies", "*/*"),
    ):
        identity = stored.get(path, Accept=accept, Accept_Encoding="identity")
        assert "content-encoding" not in identity.headers
        coded = stored.get(path, Accept=accept, Accept_Encoding="gzip")
        assert "accept-encoding" in coded.headers["vary"].lower()
        if len(identity.content) >= 1024:
            assert coded.headers["content-encoding"] == "gzip"
        assert coded.headers.get("etag") == identity.headers.get("etag")
        if "multipart" not in accept:
            assert coded.content == identity.content
    for path, accept in ((stored.study, "*/*"), (f"{stored.instance}/frames/1", OCTETS)):
        assert "content-encoding" not in stored.get(path, Accept=accept, Accept_Encoding="gzip").headers


def test_the_announced_length_is_that_of_the_compressed_body(stored: Stored) -> None:
    url = f"{stored.archive.base}{stored.study}/metadata"
    with stored.archive.client.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert int(answer.headers["content-length"]) == len(raw)
    assert gzip.decompress(raw) == zlib.decompress(raw, 31) == stored.get(f"{stored.study}/metadata").content


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("x-gzip", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("br", False),
        ("gzip;q=nonsense", False),
    ],
)
def test_gzip_is_accepted_as_http_says(header: str, *, accepted: bool) -> None:
    assert accepts_gzip((header,)) == accepted


def test_pages_of_other_origins_may_call(stored: Stored) -> None:
    url = f"{stored.archive.base}{stored.study}"
    preflight = stored.archive.client.options(
        url,
        headers={
            "Origin": "https://viewer.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "accept, authorization",
        },
    )
    assert preflight.is_success
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in preflight.headers
    for path in (stored.study, "/studies/1.2.3"):
        answer = stored.get(path, Origin="https://viewer.example")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "etag" in answer.headers["access-control-expose-headers"].lower()
    assert "access-control-allow-origin" not in stored.get(stored.study).headers


def test_origins_are_a_setting(tmp_path: Any) -> None:
    archive = RunningArchive(tmp_path, arguments=("--cors-origins", "https://viewer.example")).start()
    try:
        for origin, allowed in (("https://viewer.example", True), ("https://other.example", False)):
            answer = archive.client.get(f"{archive.base}/studies", headers={"Origin": origin})
            assert ("access-control-allow-origin" in answer.headers) == allowed
    finally:
        archive.end()
        archive.client.close()


@pytest.mark.parametrize(("level", "suffix", "accept", "weak"), RESOURCES)
def test_head_has_the_headers_of_get_and_no_body(
    stored: Stored, level: str, suffix: str, accept: str, *, weak: bool
) -> None:
    path = getattr(stored, level) + suffix
    url = f"{stored.archive.base}{path}"
    for coding in ("identity", "gzip"):
        headers = {"Accept": accept, "Accept-Encoding": coding}
        whole = stored.archive.client.get(url, headers=headers)
        head = stored.archive.client.head(url, headers=headers)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["etag"].startswith("W/") == weak
        for name in ("content-type", "etag", "last-modified", "vary", "accept-ranges"):
            assert (
                head.headers.get(name, "").partition("boundary")[0]
                == whole.headers.get(name, "").partition("boundary")[0]
            )
        if "content-length" in head.headers:
            assert head.headers["content-length"] == whole.headers["content-length"]
