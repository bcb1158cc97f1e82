"""Whatever a store request holds, it is answered, in time, with a status that blames the caller at most.

What was taken can be read afterwards: its metadata and its bytes are answered too.
"""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.data import get_testdata_file

from reference_server.dicomweb.dicom_json import model_of
from reference_server.dicomweb.dicom_xml import json_to_xml
from tests.server.metadata_payloads import DICOM_JSON, DICOM_XML, OCTETS, send
from tests.server.running import AS_STORED, BOUNDARY, STOW_TYPE, RunningArchive, payload

ANSWERED = {200, 202, 400, 406, 409, 413, 415}
SERVER_ERROR = 500
MUTANTS = 12
NAMES = (
    "CT_small.dcm",
    "MR_small_RLE.dcm",
    "ExplVR_BigEnd.dcm",
    "rtplan.dcm",
    "test-SR.dcm",
    "image_dfl.dcm",
)
SPECIAL = (
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\0",
    b"\xfe\xff\x00\xe0\xff\xff\xff\xff",
    b"\xfe\xff\x0d\xe0\0\0\0\0",
    b"\xfe\xff\xdd\xe0\0\0\0\0",
    b"SQ\0\0\xff\xff\xff\xff",
    b"UN\0\0\xff\xff\xff\xff",
    b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 999",
    b"DICM",
)
PIECES = (
    f"--{BOUNDARY}",
    f"--{BOUNDARY}--",
    "--",
    "\r\n",
    "\n",
    "\r\n\r\n",
    " \t",
    ":",
    "Content-Type: application/dicom\r\n\r\n",
    "content-type:application/dicom+json\r\n\r\n[]",
    'Content-Type: application/dicom+json\r\n\r\n[{"00080018":{"vr":"UI","BulkDataURI":"x"}}]',
    "Content-Type: application/dicom+xml\r\n\r\n<NativeDicomModel/>",
    "Content-Type: ;;;\r\n\r\n",
    "Content-Location: x\r\nContent-Type: image/png\r\n\r\n\x89PNG",
    "Content-Length: 99999999999999999999\r\n",
    "\0" * 300,
)
FUZZED = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


@pytest.fixture(scope="module")
def originals() -> list[bytes]:
    """Some small files of several kinds."""
    return [Path(str(get_testdata_file(name))).read_bytes()[:60_000] for name in NAMES]


@st.composite
def mutations(draw: st.DrawFn) -> list[tuple[int, str, int, bytes]]:
    """Return places (a share of the file in 1/10,000), kinds, lengths and bytes of some changes."""
    change = st.tuples(
        st.integers(0, 9_999) | st.integers(0, 400),
        st.sampled_from(["replace", "insert", "delete", "repeat"]),
        st.sampled_from([1, 2, 4, 8, 100]),
        st.sampled_from(SPECIAL) | st.binary(min_size=1, max_size=4),
    )
    return draw(st.lists(change, min_size=1, max_size=8))


def mutated(content: bytes, changes: list[tuple[int, str, int, bytes]]) -> bytes:
    for place, kind, length, value in changes:
        at = place * len(content) // 10_000
        if kind == "replace":
            content = content[:at] + value + content[at + len(value) :]
        elif kind == "insert":
            content = content[:at] + value + content[at:]
        elif kind == "delete":
            content = content[:at] + content[at + length :]
        else:
            content = content[:at] + content[at : at + length] * 3 + content[at:]
    return content


def urls_of(response: bytes) -> Iterator[str]:
    for item in orjson.loads(response).get("00081199", {}).get("Value", []):
        yield item["00081190"]["Value"][0]


@FUZZED
@given(
    chosen=st.lists(
        st.tuples(st.integers(0, len(NAMES) - 1), mutations()), min_size=MUTANTS, max_size=MUTANTS
    )
)
def test_mutated_files_are_answered(
    plain: RunningArchive,
    originals: list[bytes],
    chosen: list[tuple[int, list[tuple[int, str, int, bytes]]]],
) -> None:
    answer = plain.store(*(mutated(originals[number], changes) for number, changes in chosen))
    assert answer.status_code in ANSWERED, answer.text[:500]
    if answer.status_code not in (200, 202):
        return
    for url in urls_of(answer.content):
        for path, accept in (
            ("", AS_STORED),
            ("", "*/*"),
            ("/metadata", DICOM_JSON),
            ("/metadata", DICOM_XML),
        ):
            read = plain.client.get(url + path, headers={"Accept": accept})
            assert read.status_code < SERVER_ERROR, (path, accept, read.text[:500])


@FUZZED
@given(pieces=st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=24), begun=st.booleans())
def test_any_multipart_body_is_answered(plain: RunningArchive, pieces: list[str], *, begun: bool) -> None:
    body = f"--{BOUNDARY}\r\n" * begun + "".join(pieces)
    answer = plain.client.post(
        f"{plain.base}/studies", content=body.encode(), headers={"Content-Type": STOW_TYPE}
    )
    assert answer.status_code in ANSWERED, answer.text[:500]


@FUZZED
@given(place=st.integers(0, 9_999))
def test_a_cut_request_is_never_reported_as_stored(
    plain: RunningArchive, originals: list[bytes], place: int
) -> None:
    body = payload(originals[:2])
    cut = body[: place * (len(body) - len("--\r\n")) // 9_999]
    answer = plain.client.post(f"{plain.base}/studies", content=cut, headers={"Content-Type": STOW_TYPE})
    assert answer.status_code == 400, answer.text[:500]


@FUZZED
@given(changes=mutations(), form=st.sampled_from([DICOM_JSON, DICOM_XML]))
def test_mutated_metadata_are_answered(
    plain: RunningArchive, changes: list[tuple[int, str, int, bytes]], form: str
) -> None:
    model = model_of(dcmread(str(get_testdata_file("rtplan.dcm"))), "bulk")
    document = json_to_xml(model) if form == DICOM_XML else orjson.dumps([model])
    answer = send(plain, [(form, None, mutated(document, changes)), (OCTETS, "bulk/7FE00010", b"1234")])
    assert answer.status_code in ANSWERED, answer.text[:500]


@st.composite
def json_values(draw: st.DrawFn) -> dict[str, object]:
    """Return a dataset whose attributes hold what they should not."""
    scalar = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    value = st.recursive(
        scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner)
    )
    attribute = st.dictionaries(
        st.sampled_from(["Value", "InlineBinary", "BulkDataURI"]), value | st.lists(value, max_size=3)
    )
    vr = st.sampled_from(["AT", "CS", "DS", "FD", "IS", "OB", "PN", "SQ", "UI", "UL", "UN", "US", "ZZ"])
    tag = st.sampled_from(
        ["00080016", "00080018", "0020000D", "0020000E", "00100010", "7FE00010", "00091001"]
    )
    found: dict[str, object] = {}
    for name in draw(st.lists(tag, unique=True)):
        found[name] = draw(attribute) | {"vr": draw(vr)}
    return found


@FUZZED
@given(models=st.lists(json_values(), max_size=4))
def test_any_json_is_answered(plain: RunningArchive, models: list[dict[str, object]]) -> None:
    try:
        document = orjson.dumps(models)
    except orjson.JSONEncodeError:
        return  # an integer of more than 64 bits
    answer = send(plain, [(DICOM_JSON, None, document)])
    assert answer.status_code in ANSWERED, answer.text[:500]
