"""Instances that arrive as metadata and bulk data are stored as the files that they describe."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.data import get_charset_files, get_testdata_file
from pydicom.encaps import generate_frames

from reference_server.dicomweb.dicom_json import model_of
from reference_server.dicomweb.dicom_xml import json_to_xml
from tests.server.metadata_payloads import (
    DICOM_XML,
    OCTETS,
    metadata,
    model_without_pixels,
    reasons,
    send,
)
from tests.server.running import AS_STORED, RunningArchive, split_parts

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
DESCRIPTION = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
)
XML_WITH_A_LONG_NUMBER = (
    b'<NativeDicomModel><DicomAttribute tag="00080018" vr="UI"><Value number="' + b"9" * 5000 + b'">1</Value>'
    b"</DicomAttribute></NativeDicomModel>"
)
DEEP_EXTENSION = b'[{"00080018": {"vr": "UI", "Value": ["1.2"], "x": ' + b"[" * 300 + b"]" * 300 + b"}}]"
XML_WITH_ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>
<NativeDicomModel xml:space="preserve"><DicomAttribute tag="00080018" vr="UI"><Value number="1">&a;</Value>
</DicomAttribute></NativeDicomModel>"""


def dataset_named(name: str) -> Dataset:
    path = get_testdata_file(name) or get_charset_files(name)[0]
    assert isinstance(path, str)
    return dcmread(path)


def stored(archive: RunningArchive, uid: str) -> Dataset:
    """Return an instance as it is stored."""
    found = archive.client.get(f"{archive.base}/instances", params={"SOPInstanceUID": uid}).json()
    [url] = [each["00081190"]["Value"][0] for each in found]
    [part] = split_parts(archive.client.get(url, headers={"Accept": AS_STORED}))
    return dcmread(BytesIO(part))


def renamed(dataset: Dataset, uid: str) -> Dataset:
    dataset.SOPInstanceUID = uid
    return dataset


@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "MR_small.dcm", "chrGreek.dcm", "rtplan.dcm", "test-SR.dcm"]
)
@pytest.mark.parametrize("form", ["json", "xml"])
def test_metadata_become_the_dataset_that_they_were_of(plain: RunningArchive, name: str, form: str) -> None:
    uid = f"1.2.3.{len(name)}.{sum(name.encode())}.{len(form)}"
    dataset = renamed(dataset_named(name), uid)
    dataset.ReferringPhysicianName = "Doe^Jane"  # XML cannot say a name of empty components
    model = model_of(dataset, "bulk")
    parts = [(DICOM_XML, None, json_to_xml(model)) if form == "xml" else metadata(model)]
    bulk = {tag for tag, attribute in model.items() if "BulkDataURI" in attribute}
    parts += [(OCTETS, f"bulk/{tag}", dataset[tag].value) for tag in bulk]
    answer = send(plain, parts)
    assert answer.status_code == 200, answer.text
    back = stored(plain, uid)
    assert back.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert model_of(back, "bulk") == model
    again = send(plain, parts)
    assert again.status_code == 200, "the same request again changes nothing"


@pytest.mark.parametrize(
    ("name", "media_type", "syntax"),
    [
        ("SC_rgb_jpeg_dcmtk.dcm", "image/jpeg", "1.2.840.10008.1.2.4.50"),
        ("JPGExtended.dcm", "image/jpeg", "1.2.840.10008.1.2.4.51"),
        ("JPEG2000.dcm", "image/jp2", "1.2.840.10008.1.2.4.91"),
        ("MR_small_jp2klossless.dcm", "image/jp2", "1.2.840.10008.1.2.4.90"),
        ("MR_small_jpeg_ls_lossless.dcm", "image/jls", "1.2.840.10008.1.2.4.80"),
        ("MR_small_RLE.dcm", "image/dicom-rle", "1.2.840.10008.1.2.5"),
    ],
)
def test_compressed_pixel_data_are_encapsulated_as_they_are(
    plain: RunningArchive, name: str, media_type: str, syntax: str
) -> None:
    dataset = renamed(dataset_named(name), f"1.2.4.{sum(name.encode())}")
    told = {keyword: dataset[keyword].value for keyword in DESCRIPTION}
    left_out = () if media_type == "image/dicom-rle" else DESCRIPTION
    [frame] = generate_frames(dataset.PixelData, number_of_frames=1)
    model = model_without_pixels(dataset, "pixels", *left_out)
    answer = send(plain, [metadata(model), (media_type, "pixels", frame)])
    assert answer.status_code == 200, answer.text
    back = stored(plain, dataset.SOPInstanceUID)
    assert back.file_meta.TransferSyntaxUID == syntax
    assert list(generate_frames(back.PixelData, number_of_frames=1)) == [frame]
    told.pop("PhotometricInterpretation")  # a stream names its colours less exactly than a dataset
    assert {keyword: back[keyword].value for keyword in told} == told


def test_a_png_becomes_native_pixels_and_a_pdf_a_document(plain: RunningArchive, mr: bytes) -> None:
    pixels = np.arange(64 * 48, dtype=np.uint16).reshape(48, 64) * 21
    png, dataset = BytesIO(), renamed(dcmread(BytesIO(mr)), "1.2.5.1")
    Image.fromarray(pixels).save(png, "PNG")
    picture = model_without_pixels(dataset, "p", *DESCRIPTION, "HighBit", "PixelRepresentation")
    document = model_without_pixels(renamed(dataset, "1.2.5.2"), "p", *DESCRIPTION)
    del document["7FE00010"]
    document["00420011"] = {"vr": "OB", "BulkDataURI": "d"}
    parts = [metadata(picture, document), ("image/png", "p", png.getvalue())]
    answer = send(plain, [*parts, ("application/pdf", "d", b"%PDF-1.7 odd")])
    assert answer.status_code == 200, answer.text
    assert (stored(plain, "1.2.5.1").pixel_array == pixels).all()
    back = stored(plain, "1.2.5.2")
    assert back.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert back.EncapsulatedDocument[: back.get("EncapsulatedDocumentLength")] == b"%PDF-1.7 odd"


def test_bulk_data_without_a_type_are_octets(plain: RunningArchive, mr: bytes) -> None:
    dataset = renamed(dcmread(BytesIO(mr)), "1.2.9")
    answer = send(plain, [metadata(model_without_pixels(dataset, "p")), ("", "p", dataset.PixelData)])
    assert answer.status_code == 200, answer.text
    assert stored(plain, "1.2.9").PixelData == dataset.PixelData


def test_each_instance_fails_for_its_own_reason(plain: RunningArchive, ct: bytes) -> None:
    dataset = dcmread(BytesIO(ct))
    good, lacks_part, too_deep, malformed, no_study, syntax = (
        model_without_pixels(renamed(dataset, f"1.2.6.{number}"), f"p{number}") for number in range(6)
    )
    lacks_part["7FE00010"]["BulkDataURI"] = "nowhere"
    for _ in range(70):
        too_deep = {"00081115": {"vr": "SQ", "Value": [too_deep]}}
    malformed["00280010"] = {"vr": "US", "Value": [-1]}
    del no_study["0020000D"]
    bulk = [(OCTETS, f"p{number}", dataset.PixelData) for number in (0, 2, 3, 4)]
    deflated = f"{OCTETS}; transfer-syntax=1.2.840.10008.1.2.1.99"
    parts = [metadata(good, lacks_part, too_deep, malformed, no_study, syntax), *bulk]
    answer = send(plain, [*parts, (deflated, "p5", dataset.PixelData), (OCTETS, "unnamed", b"12")])
    assert answer.status_code == 202
    assert answer.json()["00081199"]["Value"][0]["00081155"]["Value"] == ["1.2.6.0"]
    # The bulk data of an instance that is refused before they are reached count as named by nobody.
    assert sorted(set(reasons(answer))) == [0xA900, 0xC000, 0xC111, 0xC122]


@pytest.mark.parametrize(
    "parts",
    [
        [(DICOM_XML, None, XML_WITH_ENTITIES)],
        [(DICOM_XML, None, XML_WITH_A_LONG_NUMBER)],
        [("application/dicom+json", None, DEEP_EXTENSION)],
        [(DICOM_XML, None, b"<a>" * 5000 + b"</a>" * 5000)],
        [(DICOM_XML, None, b"<NativeDicomModel>")],
        [("application/dicom+json", None, b"[[[[")],
        [("application/dicom+json", None, b"[1, 2]")],
        [("application/dicom+json", None, b'[{"0008": {}}]')],
        [("application/dicom+json", None, b'[{"00080018": {"vr": "ZZ"}}]')],
        [(OCTETS, "somewhere", b"1234")],
    ],
)
def test_metadata_that_are_none_are_refused(
    plain: RunningArchive, parts: list[tuple[str, str | None, bytes]]
) -> None:
    root = ("application/dicom+json", None, b"[]") if parts[0][0] == OCTETS else parts[0]
    answer = send(plain, [root, *parts] if root is not parts[0] else parts)
    assert answer.status_code == 409, answer.text
    assert set(reasons(answer)) == {0xC000}


J2K_OF_NO_SIZE = (
    b"\xff\x4f\xff\x51\x00\x29\x00\x00" + b"\xff" * 32 + b"\x00\x01\x07\x01\x01\xff\x52" + bytes(60)
)


@pytest.mark.parametrize(
    ("media_type", "location", "content"),
    [
        ("image/jpeg", "p", b"\xff\xd8\xff"),
        ("image/jpeg", "p", b"GIF89a"),
        ("image/jp2", "p", J2K_OF_NO_SIZE),
        ("image/jp2", "p", b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(8)),
        ("image/png", "p", b"\x89PNG\r\n\x1a\n" + bytes(40)),
        ("image/gif", "p", b"GIF89a" + bytes(20)),
        ("application/octet-stream; transfer-syntax=1.2.840.10008.1.2", "p", bytes(8)),
        ("image/jpeg", "http://[", b"\xff\xd8\xff"),
    ],
)
def test_bulk_data_that_are_none_are_refused(
    plain: RunningArchive, ct: bytes, media_type: str, location: str, content: bytes
) -> None:
    model = model_without_pixels(renamed(dcmread(BytesIO(ct)), "1.2.8"), location, *DESCRIPTION)
    answer = send(plain, [metadata(model), (media_type, location, content)])
    assert answer.status_code == 409, answer.text
    assert set(reasons(answer)) <= {0xC000, 0xC122}


def test_the_response_comes_as_xml_in_one_part_or_alone(plain: RunningArchive, ct: bytes) -> None:
    for accept in (DICOM_XML, f'multipart/related; type="{DICOM_XML}"'):
        answer = send(plain, [("application/dicom", None, ct)], accept)
        assert answer.status_code == 200
        document = split_parts(answer)[0] if "multipart" in accept else answer.content
        assert document.startswith(b"<?xml")
        assert dcmread(BytesIO(ct)).SOPInstanceUID.encode() in document
