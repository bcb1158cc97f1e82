"""No path, query, header or combination of them makes a retrieval fail for reasons of the archive."""

import string
from collections.abc import Iterator
from io import BytesIO
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread

from reference_server.dicomweb.accept import parse_accept
from reference_server.dicomweb.negotiation import frame_choices
from reference_server.dicomweb.transfer import FRAME_TYPES, TransferSyntax
from reference_server.errors import BadRequest, NotAcceptable
from tests.server.running import RunningArchive

MEDIA_TYPES = (
    "*/*",
    "application/*",
    "image/*",
    "multipart/related",
    "multipart/*",
    "application/dicom",
    "application/dicom+json",
    "application/dicom+xml",
    "application/octet-stream",
    "application/pdf",
    "image/jls",
    "image/jp2",
    "image/dicom-rle",
    "image/jpeg",
    "video/mp4",
    "application/vnd.sun.wadl+xml",
)
SYNTAXES = ("*", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.3", "", *FRAME_TYPES)
SAFE = "/%,.:;@!$&'()*+=~-_"
printable = st.text(string.printable.translate({ord(c): None for c in "\r\n\x0b\x0c"}), max_size=30)
quoted = st.sampled_from(["{}", '"{}"', '"{}', "'{}'", " {} ", '\\"{}']).flatmap(
    lambda form: st.sampled_from((*MEDIA_TYPES, *SYNTAXES)).map(form.format)
)
parameter = st.builds(
    "{}{}={}".format,
    st.sampled_from(["; ", ";", " ;", ",", ""]),
    st.sampled_from(["type", "transfer-syntax", "q", "charset", "boundary", "TYPE"]),
    st.one_of(quoted, printable, st.sampled_from(["0", "1", "0.5", "-1", "nan", "1e9"])),
)
media_range = st.builds(
    lambda name, parameters: name + "".join(parameters),
    st.one_of(st.sampled_from(MEDIA_TYPES), printable),
    st.lists(parameter, max_size=4),
)
accept = st.lists(media_range, max_size=5).map(", ".join).map(str.strip)
WORDS = (
    "studies series instances frames metadata bulkdata pixeldata {study} {series} {instance} 1 1,2 0 7FE00010"
    " 00080005 .. . %2F %00 %ff"
)
segment = st.one_of(st.sampled_from(["", "9" * 400, *WORDS.split()]), printable)
RESOURCES = ("", "/metadata", "/bulkdata", "/pixeldata", "/frames/1", "/frames/1,1", "/bulkdata/7FE00010")
suffixes = st.one_of(
    st.sampled_from(RESOURCES),
    st.lists(segment, max_size=3).map(lambda parts: "".join(f"/{part}" for part in parts)),
)
CODINGS = ("gzip", "*;q=0", "gzip;q=x", "br, gzip;q=0.1")
headers = st.fixed_dictionaries(
    {},
    optional={
        "Accept-Encoding": st.one_of(printable, st.sampled_from(CODINGS)),
        "Accept-Charset": printable,
        "Range": st.one_of(
            printable, st.builds("bytes={}-{}".format, st.integers(-9, 10**19), st.integers(0, 10**19))
        ),
        "If-None-Match": printable,
        "If-Range": printable,
        "If-Modified-Since": st.one_of(printable, st.just("Thu, 01 Jan 99999 00:00:00 GMT")),
        "Origin": printable,
    },
)


class Image:
    """The stored image, and requests below it."""

    def __init__(self, archive: RunningArchive, content: bytes) -> None:
        archive.store(content)
        dataset = dcmread(BytesIO(content))
        self.archive = archive
        self.uids = {
            "study": dataset.StudyInstanceUID,
            "series": dataset.SeriesInstanceUID,
            "instance": dataset.SOPInstanceUID,
        }
        self.study = f"/studies/{dataset.StudyInstanceUID}"
        self.instance = f"{self.study}/series/{dataset.SeriesInstanceUID}/instances/{dataset.SOPInstanceUID}"

    def request(self, method: str, path: str, named: dict[str, str], query: str = "") -> httpx.Response:
        """Answer a request with these headers; bytes that HTTP cannot carry are left out."""
        for name, uid in self.uids.items():
            path = path.replace(f"{{{name}}}", uid)
        sent = {name.encode(): value.strip().encode("latin-1", "ignore") for name, value in named.items()}
        url = f"{self.archive.base}{quote(path, safe=SAFE)}"
        parameters = {"accept": query} if query else None
        return self.archive.client.request(method, url, headers=sent, params=parameters)


@pytest.fixture(scope="module")
def image(plain: RunningArchive, ct: bytes) -> Iterator[Image]:
    """A stored image; the archive is alive afterwards."""
    yield Image(plain, ct)
    assert plain.get("/studies").status_code == 200


relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(st.sampled_from(["study", "instance"]), suffixes, accept, headers)
def test_no_header_breaks_a_retrieval(
    image: Image, level: str, suffix: str, accept: str, headers: dict[str, str]
) -> None:
    answer = image.request("GET", getattr(image, level) + suffix, {"Accept": accept, **headers})
    assert answer.status_code < 500, answer.text
    assert answer.status_code in (200, 206, 304, 400, 404, 406, 416)
    if answer.status_code == 304:
        assert not answer.content


@relaxed
@given(
    st.lists(segment, max_size=7).map(lambda parts: "".join(f"/{part}" for part in parts)),
    st.sampled_from(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]),
    accept,
)
def test_no_path_breaks_the_archive(image: Image, path: str, method: str, query: str) -> None:
    assert image.request(method, path, {}, query).status_code < 500


@settings(max_examples=300, deadline=None)
@given(accept, st.sampled_from(sorted(FRAME_TYPES)), st.booleans())
def test_what_is_chosen_is_what_was_accepted(header: str, stored: str, single: bool) -> None:  # noqa: FBT001

    try:
        ranges = parse_accept(header)
        choices = frame_choices(ranges, TransferSyntax(stored, encapsulated=True), single=single)
    except (BadRequest, NotAcceptable):
        return
    positive = [each for each in ranges if each.quality > 0]
    for choice in choices:
        assert choice.multipart or single
        families = {each.essence if not each.essence.startswith("multipart/") else "*/*" for each in positive}
        assert any(
            family in ("*/*", choice.media_type, f"{choice.media_type.partition('/')[0]}/*")
            or family in FRAME_TYPES.get(choice.transfer_syntax, ())
            for family in families
        )
