"""Retrievals: representations of instances, frames and bulk data, and what dicomweb-client makes of them."""

import re
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.pixels.utils import pixel_array
from pydicom.uid import generate_uid

from tests.server.running import AS_STORED, RunningArchive, split_parts

ELE = "1.2.840.10008.1.2.1"
RLE = "1.2.840.10008.1.2.5"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
PARTS = 'multipart/related; type="application/dicom"'
OCTETS = 'multipart/related; type="application/octet-stream"'
FILES = (
    "CT_small.dcm",
    "MR_small_RLE.dcm",
    "SC_rgb_small_odd.dcm",
    "SC_rgb_rle_2frame.dcm",
    "liver_1frame.dcm",
    "rtdose.dcm",
    "693_J2KI.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
)


def content_of(name: str) -> bytes:
    path = get_testdata_file(name)
    assert isinstance(path, str)
    return Path(path).read_bytes()


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The URL of each file's instance; files that share a UID lie in archives of their own."""
    archives: list[RunningArchive] = []
    result: dict[str, str] = {}
    for name in FILES:
        for archive in [*archives, None]:
            if archive is None:
                archive = RunningArchive(tmp_path_factory.mktemp("archive")).start()  # noqa: PLW2901  one more
                archives.append(archive)
            answer = archive.store(content_of(name))
            if answer.status_code == 200:
                result[name] = answer.json()["00081199"]["Value"][0]["00081190"]["Value"][0]
                break
    yield result
    for archive in archives:
        archive.end()
        archive.client.close()


def get(plain: RunningArchive, url: str, accept: str) -> Any:
    return plain.client.get(url, headers={"Accept": accept})


@pytest.mark.parametrize("name", FILES)
def test_the_default_is_explicit_little_endian_with_the_same_pixels(
    plain: RunningArchive, urls: dict[str, str], name: str
) -> None:
    [part] = split_parts(get(plain, urls[name], "*/*"))
    again, original = dcmread(BytesIO(part)), dcmread(BytesIO(content_of(name)))
    assert again.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert np.array_equal(pixel_array(again), pixel_array(original))
    assert again.SOPInstanceUID == original.SOPInstanceUID


@pytest.mark.parametrize("name", FILES)
def test_frames_are_native_pixels(plain: RunningArchive, urls: dict[str, str], name: str) -> None:
    dataset = dcmread(BytesIO(content_of(name)))
    count = int(dataset.get("NumberOfFrames") or 1)
    numbers = sorted({1, count})
    answer = get(plain, f"{urls[name]}/frames/{','.join(map(str, numbers))}", OCTETS)
    assert answer.status_code == 200, answer.text
    wanted = [native(dataset, number) for number in numbers]
    assert [part[: len(want)] for part, want in zip(split_parts(answer), wanted, strict=True)] == wanted


def native(dataset: Dataset, number: int) -> bytes:
    """Return a frame as pydicom decodes it, in the sample order of the dataset."""
    frame = pixel_array(dataset, index=number - 1, raw=True)
    if dataset.BitsAllocated == 1:
        return np.packbits(frame.ravel(), bitorder="little").tobytes()
    if (
        dataset.SamplesPerPixel > 1
        and dataset.PlanarConfiguration
        and not dataset.file_meta["TransferSyntaxUID"].value.is_encapsulated
    ):
        frame = np.moveaxis(frame, -1, 0)
    return frame.astype(frame.dtype.newbyteorder("<")).tobytes()


def test_stored_frames_come_as_codec_streams(plain: RunningArchive, urls: dict[str, str]) -> None:
    for name, magic, kind in (
        ("693_J2KI.dcm", b"\xff\x4f\xff\x51", "image/jp2"),
        ("MR_small_jpeg_ls_lossless.dcm", b"\xff\xd8", "image/jls"),
    ):
        accept = f'multipart/related; type="{kind}"'
        for each in (accept, 'multipart/related; type="*/*"; transfer-syntax=*'):
            answer = get(plain, f"{urls[name]}/frames/1", each)
            assert answer.status_code == 200, answer.text
            assert split_parts(answer)[0].startswith(magic)
            assert f"Content-Type: {kind}" in answer.text.split("\r\n\r\n")[0]


def in_syntax(content: bytes, syntax: str) -> bytes:
    """Return a new instance of the same series in another transfer syntax."""
    dataset = dcmread(BytesIO(content))
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    if syntax != dataset.file_meta.TransferSyntaxUID:
        dataset.compress(syntax, generate_instance_uid=False)
    buffer = BytesIO()
    dcmwrite(buffer, dataset)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ("", [ELE, ELE, ELE]),
        ("; transfer-syntax=*", [ELE, RLE, JPEG_2000]),
        (f"; transfer-syntax={RLE}", [RLE, RLE, RLE]),
        (f"; transfer-syntax={JPEG_2000}; transfer-syntax=*", [JPEG_2000, JPEG_2000, JPEG_2000]),
        (f"; transfer-syntax=1.2.840.10008.1.2.4.50, {PARTS}; transfer-syntax=*", [ELE, RLE, JPEG_2000]),
    ],
)
def test_each_part_of_a_mixed_series_is_decided_on_its_own(
    plain: RunningArchive, wanted: str, sent: list[str]
) -> None:
    content = content_of("CT_small.dcm")
    series = dcmread(BytesIO(content))
    series.StudyInstanceUID, series.SeriesInstanceUID = generate_uid(), generate_uid()
    buffer = BytesIO()
    dcmwrite(buffer, series)
    plain.store(*(in_syntax(buffer.getvalue(), each) for each in (ELE, RLE, JPEG_2000)))
    answer = plain.get(f"/studies/{series.StudyInstanceUID}", f"{PARTS}{wanted}")
    parts = [dcmread(BytesIO(part)) for part in split_parts(answer)]
    assert [part.file_meta.TransferSyntaxUID for part in parts] == sent
    assert [label.split(b"\r")[0].decode() for label in answer.content.split(b"transfer-syntax=")[1:]] == sent
    for part in parts:
        assert np.array_equal(pixel_array(part), series.pixel_array)


def test_one_instance_that_an_encoding_would_harm_is_told_before_the_answer_begins(
    plain: RunningArchive,
) -> None:
    dataset = dcmread(BytesIO(content_of("CT_small.dcm")))
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    contents = []
    for overlay in (0, 0, 0x8000):
        dataset.PixelData = (pixel_array(dataset).astype(np.uint16) | overlay).tobytes()
        dataset.PixelRepresentation, dataset.BitsStored, dataset.HighBit = 0, 12, 11
        buffer = BytesIO()
        dcmwrite(buffer, dataset)
        contents.append(in_syntax(buffer.getvalue(), ELE))
    plain.store(*contents)
    study = f"/studies/{dataset.StudyInstanceUID}"
    assert plain.get(study, f"{PARTS}; transfer-syntax={JPEG_2000}").status_code == 406
    answer = plain.get(study, f"{PARTS}; transfer-syntax={JPEG_2000}; transfer-syntax=*")
    sent = [dcmread(BytesIO(part)).file_meta.TransferSyntaxUID for part in split_parts(answer)]
    assert sent == [JPEG_2000, JPEG_2000, ELE]


@pytest.mark.parametrize(
    ("frames", "status"),
    [("1", 200), ("1,1", 200), ("2", 404), ("0", 400), ("-1", 400), ("a", 400), ("1,,1", 400)],
)
def test_frame_lists_are_checked(
    plain: RunningArchive, urls: dict[str, str], frames: str, status: int
) -> None:
    assert get(plain, f"{urls['CT_small.dcm']}/frames/{frames}", "*/*").status_code == status


@pytest.mark.parametrize(
    ("suffix", "accept", "status"),
    [
        ("", "image/png", 406),
        ("", "application/dicom", 200),
        ("", 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1', 200),
        ("", "multipart/related;transfer-syntax=*;type=application/dicom", 200),
        ("", 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.999', 406),
        ("", 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90', 200),
        ("", 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.50', 406),
        ("", 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2', 406),
        ("/metadata", "application/x-nope", 406),
        ("/metadata", "application/dicom+json", 200),
        ("/frames/1", "image/png", 406),
        ("/frames/1", "image/jpeg", 406),
        ("/frames/1", 'multipart/related; type="image/jls"', 200),
        ("/frames/1", "image/x-dicom-rle", 200),
        ("/frames/1", "application/octet-stream", 200),
        ("/bulkdata/7FE00010", 'multipart/related; type="*/*"', 200),
        ("/bulkdata/00100010", "*/*", 404),
        ("/bulkdata/zzz", "*/*", 404),
    ],
)
def test_what_is_acceptable_decides(
    plain: RunningArchive, urls: dict[str, str], suffix: str, accept: str, status: int
) -> None:
    assert get(plain, f"{urls['CT_small.dcm']}{suffix}", accept).status_code == status


def test_bulk_data_uris_lead_to_the_values(plain: RunningArchive, urls: dict[str, str]) -> None:
    [metadata] = get(plain, f"{urls['CT_small.dcm']}/metadata", "*/*").json()
    answer = get(plain, metadata["7FE00010"]["BulkDataURI"], "*/*")
    assert split_parts(answer) == [dcmread(BytesIO(content_of("CT_small.dcm"))).PixelData]


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_RLE.dcm"])
def test_an_instance_names_its_url(plain: RunningArchive, urls: dict[str, str], name: str) -> None:
    """PS3.18 8.6.1.2: a part that represents a resource has its URL, sent as stored or converted."""
    for accept in (PARTS, AS_STORED):
        body = get(plain, urls[name].rpartition("/instances/")[0], accept).content
        assert f"\r\nContent-Location: {urls[name]}\r\n".encode() in body


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_RLE.dcm"])
@pytest.mark.parametrize("suffix", ["", "/frames/1", "/bulkdata", "/rendered"])
def test_every_part_says_its_length(
    plain: RunningArchive, urls: dict[str, str], name: str, suffix: str
) -> None:
    accept = 'multipart/related; type="image/png"' if suffix == "/rendered" else "multipart/related"
    answer = get(plain, urls[name] + suffix, accept)
    lengths = re.findall(rb"\r\nContent-Length: (\d+)\r\n\r\n", answer.content)
    assert [int(length) for length in lengths] == [len(part) for part in split_parts(answer)]


def test_path_levels_are_checked_together(plain: RunningArchive, ct: bytes, mr: bytes) -> None:
    plain.store(ct, mr)
    one, other = dcmread(BytesIO(ct)), dcmread(BytesIO(mr))
    wrong = (
        f"/studies/{one.StudyInstanceUID}/series/{other.SeriesInstanceUID}/instances/{other.SOPInstanceUID}"
    )
    assert plain.get(wrong).status_code == 404
    assert plain.get(f"{wrong}/metadata").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/studies/nope", 400),
        ("/studies/1..2", 400),
        (f"/studies/{'1' * 65}", 400),
        ("/studies/%00", 400),
        ("/studies/1.2/series/x/metadata", 400),
        ("/studies/1.2/series/1.2/instances/01/frames/1", 400),
        ("/studies/1.2", 404),
        ("/x", 404),
    ],
)
def test_what_is_no_uid_is_malformed_and_what_is_not_there_not_found(
    plain: RunningArchive, path: str, status: int
) -> None:
    assert plain.get(path).status_code == status


def test_lengths_are_announced_and_head_has_no_body(plain: RunningArchive, ct: bytes) -> None:
    plain.store(ct)
    study = f"/studies/{dcmread(BytesIO(ct)).StudyInstanceUID}"
    answer = plain.get(study, AS_STORED)
    assert int(answer.headers["content-length"]) == len(answer.content)
    head = plain.client.head(f"{plain.base}{study}", headers={"Accept": AS_STORED})
    assert head.status_code == 200
    assert head.content == b""


def test_dicomweb_client_stores_searches_and_retrieves(plain: RunningArchive, ct: bytes) -> None:
    original = dcmread(BytesIO(ct))
    uids = (original.StudyInstanceUID, original.SeriesInstanceUID, original.SOPInstanceUID)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = DICOMwebClient(plain.base)
        client.store_instances([original])
        assert client.search_for_studies(search_filters={"PatientID": original.PatientID})
        assert client.search_for_series(uids[0])
        assert client.search_for_instances(uids[0], uids[1])
        assert client.retrieve_instance(*uids).PixelData == original.PixelData
        assert len(client.retrieve_study(uids[0])) == len(client.retrieve_series(*uids[:2])) == 1
        assert client.retrieve_instance_frames(*uids, [1]) == [original.PixelData]
        assert client.retrieve_instance_metadata(*uids)["00080018"]["Value"] == [uids[2]]
        assert len(client.retrieve_study_metadata(uids[0])) == 1
        # It sends its Host header without the port, so the URI is put together here.
        path = f"/studies/{uids[0]}/series/{uids[1]}/instances/{uids[2]}/bulkdata/7FE00010"
        assert client.retrieve_bulkdata(f"{plain.base}{path}") == [original.PixelData]
