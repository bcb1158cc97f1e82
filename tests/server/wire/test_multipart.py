"""A multipart body means the same however it is cut into chunks, and what is malformed is refused."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.dicomweb.media import parse_media_type
from reference_server.dicomweb.multipart import MultipartLimits, MultipartReader, MultipartWriter, boundary_of
from reference_server.errors import ArchiveError, BadRequest, ContentTooLarge, UnsupportedMediaType
from tests.server.wire.streams import cut, read_parts, stream

BOUNDARY = "the-line"
# What a reader can take for a delimiter, or for a part of one.
LOOKALIKES = [
    b"\r\n--the-lin",
    b"--the-line",
    b"\n--the-line",
    b"\r\n-",
    b"\r",
    b"\r\n\r\n",
    b"\r\r\n--the-",
    b"\0",
]
PAYLOADS = st.lists(st.sampled_from(LOOKALIKES) | st.binary(max_size=12), max_size=8).map(b"".join)
LEGAL = PAYLOADS.filter(lambda payload: b"\r\n--the-line" not in b"\r\n" + payload + b"\r\n")
PLACES = st.lists(st.integers(0, 400), max_size=30)


def written(payloads: list[bytes], headers: list[tuple[str, str]]) -> bytes:
    """Return the body that the writer makes of these payloads."""
    writer = MultipartWriter(BOUNDARY)
    parts = [
        writer.head(headers, len(payload), first=not at) + payload for at, payload in enumerate(payloads)
    ]
    return b"".join(parts) + writer.tail()


@given(st.lists(LEGAL, min_size=1, max_size=4), PLACES)
def test_what_is_written_is_read_however_it_is_cut(payloads: list[bytes], places: list[int]) -> None:
    body = written(payloads, [("Content-Type", "application/dicom")])
    assert read_parts(cut(body, places), BOUNDARY.encode()) == [
        ({"content-type": "application/dicom", "content-length": str(len(payload))}, payload)
        for payload in payloads
    ]


@given(st.lists(LEGAL, min_size=1, max_size=3))
def test_one_byte_at_a_time_is_the_same_body(payloads: list[bytes]) -> None:
    body = written(payloads, [])
    assert read_parts(cut(body, range(len(body))), BOUNDARY.encode()) == [
        ({"content-length": str(len(payload))}, payload) for payload in payloads
    ]


@given(st.binary(max_size=60), LEGAL, PLACES)
def test_a_body_cut_short_is_the_error_of_the_client(
    garbage: bytes, payload: bytes, places: list[int]
) -> None:
    body = written([payload], [])[: -len(BOUNDARY) - 4]
    for cut_short in (body, garbage):
        with pytest.raises(BadRequest):
            read_parts(cut(cut_short, places), BOUNDARY.encode())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"--the-line\r\nA: b\r\n\r\nx\r\n--the-line--", id="nothing behind the last boundary"),
        pytest.param(b"\r\n--the-line\r\nA: b\r\n\r\nx\r\n--the-line--\r\n", id="an empty line before"),
        pytest.param(
            b"hello\r\n--the-line\r\nA: b\r\n\r\nx\r\n--the-line--\r\nbye", id="preamble and epilogue"
        ),
        pytest.param(
            b"--the-line \t\r\nA: b\r\n\r\nx\r\n--the-line-- \r\n", id="white space behind boundaries"
        ),
        pytest.param(b"--the-line\r\na:b\r\n\r\nx\r\n--the-line--", id="no white space behind the colon"),
        pytest.param(b"--the-line\r\nA:\r\n b\r\n\r\nx\r\n--the-line--", id="a folded header"),
    ],
)
def test_spellings_of_one_part(body: bytes) -> None:
    assert read_parts([body], b"the-line") == [({"a": "b"}, b"x")]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"no boundary at all", id="no boundary"),
        pytest.param(b"--the-line\r\n\r\nx", id="no closing boundary"),
        pytest.param(b"--the-line\r\nA: b", id="the end inside headers"),
        pytest.param(b"--the-line\r\nno colon\r\n\r\nx\r\n--the-line--", id="a header without a colon"),
        pytest.param(b"--the-line\r\n: b\r\n\r\nx\r\n--the-line--", id="a header without a name"),
        pytest.param(b"--the-lineage\r\n\r\nx\r\n--the-lineage--", id="another boundary with this beginning"),
        pytest.param(b"--the-line\n\nx\n--the-line--\n", id="bare line feeds"),
        pytest.param(b"--the-line\r\nA: " + b"b" * 20_000 + b"\r\n\r\nx\r\n--the-line--", id="long headers"),
    ],
)
def test_a_malformed_body_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read_parts([body], b"the-line")


def test_too_many_parts_are_too_large() -> None:
    body = written([b"x", b"y", b"z"], [])
    assert len(read_parts([body], b"the-line", MultipartLimits(parts=3))) == 3
    with pytest.raises(ContentTooLarge):
        read_parts([body], b"the-line", MultipartLimits(parts=2))


def test_complete_parts_are_delivered_before_the_missing_end_is_noticed() -> None:
    found: list[bytes] = []

    async def run() -> None:
        async for part in MultipartReader(stream([b"--b\r\n\r\none\r\n--b\r\n\r\ntwo"]), b"b").parts():
            found.extend([chunk async for chunk in part.chunks()])

    with pytest.raises(BadRequest):
        asyncio.run(run())
    assert found == [b"one"]


def test_what_a_consumer_leaves_of_a_part_is_skipped() -> None:
    body = written([b"0123456789" * 20, b"second", b"third"], [])

    async def run() -> bytes:
        last = b""
        number = 0
        async for part in MultipartReader(stream(cut(body, range(0, len(body), 16))), b"the-line").parts():
            number += 1
            if number == 1:
                assert await anext(part.chunks())
            if number == 3:
                last = b"".join([chunk async for chunk in part.chunks()])
        return last

    assert asyncio.run(run()) == b"third"


def test_a_chunk_without_a_delimiter_is_handed_on_uncopied() -> None:
    middle = bytes(range(14, 256)) * 300

    async def run() -> list[bytes]:
        chunks = stream([b"--b\r\n\r\n", middle, b"\r\n--b--"])
        return [
            chunk async for part in MultipartReader(chunks, b"b").parts() async for chunk in part.chunks()
        ]

    [chunk] = asyncio.run(run())
    assert chunk is middle


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/related; boundary=x1",
        'multipart/related; type="application/dicom"; boundary="x1"',
        "Multipart/Related;BOUNDARY=x1;type=application/dicom",
        'multipart/related;start="<a;b>";boundary=x1;transfer-syntax=1.2.840.10008.1.2.1',
        "multipart/related ; boundary = x1 ;",
    ],
)
def test_spellings_of_one_boundary(content_type: str) -> None:
    assert boundary_of(parse_media_type(content_type)) == b"x1"


@pytest.mark.parametrize(
    ("content_type", "error"),
    [
        ("multipart/related", BadRequest),
        ('multipart/related; boundary=""', BadRequest),
        (f"multipart/related; boundary={'x' * 71}", BadRequest),
        ('multipart/related; boundary="\u00e4"', BadRequest),
        ("multipart/form-data; boundary=x", UnsupportedMediaType),
        ("application/dicom", UnsupportedMediaType),
    ],
)
def test_a_boundary_that_cannot_be(content_type: str, error: type[ArchiveError]) -> None:
    with pytest.raises(error):
        boundary_of(parse_media_type(content_type))


def test_the_writer_begins_with_its_boundary_and_names_its_type() -> None:
    writer = MultipartWriter()
    content_type = writer.content_type("application/dicom")
    assert content_type == f'multipart/related; type="application/dicom"; boundary="{writer.boundary}"'
    assert boundary_of(parse_media_type(content_type)) == writer.boundary.encode()
    head = writer.head([("Content-Type", "application/dicom")], 1, first=True)
    assert (
        head
        == f"--{writer.boundary}\r\nContent-Type: application/dicom\r\nContent-Length: 1\r\n\r\n".encode()
    )


def test_no_two_bodies_share_a_boundary() -> None:
    assert len({MultipartWriter().boundary for _ in range(100)}) == 100
