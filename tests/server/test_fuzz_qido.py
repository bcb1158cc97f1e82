"""No query string makes a search fail: it is answered, or refused as the caller's mistake."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.server.running import RunningArchive

PATHS = ("/studies", "/series", "/instances", "/studies/{study}/series", "/studies/{study}/instances")
NAMES = (
    "PatientID", "PatientName", "StudyDate", "StudyTime", "ModalitiesInStudy", "StudyInstanceUID", "Rows",
    "SeriesNumber", "AcquisitionDateTime", "RequestAttributesSequence.ScheduledProcedureStepID",
    "RequestAttributesSequence", "PixelData", "SmallestImagePixelValue", "00091001", "00090010", "FFFFFFFF",
    "00080020", "TimezoneOffsetFromUTC", "SpecificCharacterSet", "InstanceAvailability", "includefield",
    "limit", "offset", "fuzzymatching", "emptyvaluematching", "multiplevaluematching", "accept", "", ".",
    "PatientID.PatientID", "OperatorsName", "ImageType", "FrameIncrementPointer",
)  # fmt: skip
TEXTS = (
    "", "*", '""', "?", "[", "a*b*c*" * 20, "-", "20200101-", "20201301", "true", "false", "1", "-1",
    "1e999", "nan", "9" * 30, "1,2", "\\", "\\\\", "=", "^", "all", "\x00", "\ud7ff", "\U0010ffff", "%",
    "'", "';--", "ACME", "PatientID,Rows", "+0100", " 0100", "20200101120000.5+0100", "99991231",
)  # fmt: skip
ACCEPT = st.sampled_from(("*/*", "application/dicom+json", 'multipart/related; type="application/dicom+xml"'))
TEXT = st.one_of(st.sampled_from(TEXTS), st.text(st.characters(codec="utf-8"), max_size=20))
NAME = st.one_of(st.sampled_from(NAMES), TEXT)
QUERY = st.lists(st.tuples(NAME, TEXT), max_size=6)
FRAGMENTS = (
    [b"%", b"%zz", b"&", b"=", b"%ED%A0%80", b"%FF", b"%00", b"+", b";", b"PatientID", b"limit", b"%26"]
    + [bytes([each]) for each in b"*?[]\"'.,-"]
)  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, ct: bytes, mr: bytes) -> Iterator[RunningArchive]:
    archive = RunningArchive(tmp_path_factory.mktemp("fuzz")).start()
    assert archive.store(ct, mr).status_code == 200
    yield archive
    archive.end()
    archive.client.close()


def expect_an_answer(archive: RunningArchive, path: str, query: str, accept: str = "*/*") -> None:
    """Ask, and expect success or a refusal that is the caller's fault."""
    target = path.format(study="1.3.6.1.4.1.5962.1.2.1.20040119072730.12322")
    answer = archive.get(f"{target}?{query}", accept)
    assert answer.status_code in (200, 204, 400, 406), (query, answer.text)
    if answer.status_code in (200, 204):
        assert "sql;dur=1" in answer.headers["server-timing"]


@given(path=st.sampled_from(PATHS), pairs=QUERY, accept=ACCEPT)
@example(path="/studies", pairs=[("PatientID", "*a" * 500)], accept="*/*")
@example(
    path="/instances", pairs=[("ImageType", "A," * 400), ("multiplevaluematching", "true")], accept="*/*"
)
@example(path="/studies", pairs=[("PatientName", "a " * 400), ("fuzzymatching", "true")], accept="*/*")
@example(path="/series", pairs=[("PatientID", "x")] * 500, accept="*/*")
@example(
    path="/instances",
    pairs=[("RequestAttributesSequence" + ".RequestAttributesSequence" * 200, "x")],
    accept="*/*",
)
@example(path="/studies", pairs=[("ModalitiesInStudy", "CT," * 500)], accept="*/*")
@example(path="/studies", pairs=[("StudyInstanceUID", "1.2.3," * 2000)], accept="*/*")
@settings(max_examples=200, deadline=None)
def test_no_parameters_are_an_error_of_the_archive(
    filled: RunningArchive, path: str, pairs: list[tuple[str, str]], accept: str
) -> None:
    query = "&".join(f"{quote(name)}={quote(text)}" for name, text in pairs)
    expect_an_answer(filled, path, query, accept)


@given(chosen=st.lists(st.sampled_from(FRAGMENTS), max_size=20))
@settings(max_examples=100, deadline=None)
def test_no_bytes_are_an_error_of_the_archive(filled: RunningArchive, chosen: list[bytes]) -> None:
    expect_an_answer(filled, "/studies", b"".join(chosen).decode("latin-1"))
