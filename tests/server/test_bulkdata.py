"""Bulk data: every URI of the metadata leads to its value, and a resource gives all of them at once."""

from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    EncapsulatedPDFStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    RLELossless,
    generate_uid,
)

from tests.server.running import RunningArchive, split_parts

OCTETS = "application/octet-stream"
OCTET_PARTS = f'multipart/related; type="{OCTETS}"'
DOCUMENT = b"%PDF-1.4 " + bytes(range(256)) * 8 + b"end"
FRAMES = 3
ICON = bytes(range(64)) * 64


def written(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def renamed(content: bytes, study: str) -> Dataset:
    dataset = dcmread(BytesIO(content))
    dataset.StudyInstanceUID = study
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return dataset


def image(content: bytes, study: str) -> Dataset:
    """Return an RLE image of several frames, with bulk data inside a sequence and of another kind."""
    dataset = renamed(content, study)
    pixels = np.stack([dataset.pixel_array + number for number in range(FRAMES)])
    dataset.PixelData, dataset.NumberOfFrames = pixels.tobytes(), FRAMES
    dataset.compress(RLELossless, generate_instance_uid=False)
    icon = Dataset()
    icon.Rows = icon.Columns = 64
    icon.SamplesPerPixel, icon.PhotometricInterpretation, icon.PixelRepresentation = 1, "MONOCHROME2", 0
    icon.BitsAllocated = icon.BitsStored = 8
    icon.HighBit = 7
    icon.file_meta = FileMetaDataset()
    icon.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    icon.PixelData = ICON
    icon.compress(RLELossless, generate_instance_uid=False)
    dataset.IconImageSequence = [icon]
    dataset.add_new(0x00420011, "OB", b"\x07" * 2000)
    return dataset


def document(content: bytes, study: str) -> Dataset:
    """Return an encapsulated PDF."""
    dataset = renamed(content, study)
    for tag in [each.tag for each in dataset if each.tag.group in (0x0028, 0x7FE0)]:
        del dataset[tag]
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = EncapsulatedPDFStorage
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.add_new(0x00420011, "OB", DOCUMENT)
    return dataset


class Study:
    """A study of an image, a document and a report without bulk data, and what was stored."""

    def __init__(self, archive: RunningArchive, content: bytes) -> None:
        self.archive = archive
        uid = generate_uid()
        self.path = f"/studies/{uid}"
        self.image, self.document, self.plain = (
            image(content, uid),
            document(content, uid),
            renamed(content, uid),
        )
        for tag in [each.tag for each in self.plain if each.tag.group in (0x0028, 0x7FE0, 0x0043)]:
            del self.plain[tag]
        stored = archive.store(*map(written, (self.image, self.document, self.plain)))
        assert stored.status_code == 200, stored.text

    def path_of(self, dataset: Dataset) -> str:
        """Return the path of an instance of the study."""
        return f"{self.path}/series/{dataset.SeriesInstanceUID}/instances/{dataset.SOPInstanceUID}"

    def get(self, path: str, accept: str = "*/*") -> httpx.Response:
        """Answer a GET below the base URL."""
        return self.archive.get(path, accept)


@pytest.fixture(scope="module")
def study(plain: RunningArchive, ct: bytes) -> Study:
    """A stored study."""
    return Study(plain, ct)


def uris(model: Any) -> list[str]:
    """Return every BulkDataURI in DICOM JSON."""
    if isinstance(model, list):
        return [uri for each in model for uri in uris(each)]
    if not isinstance(model, dict):
        return []
    own = [model["BulkDataURI"]] if "BulkDataURI" in model else []
    return own + [uri for value in model.values() for uri in uris(value)]


def locations(answer: httpx.Response) -> list[str]:
    lines = answer.content.decode("latin-1").split("\r\n")
    return [line.split()[1] for line in lines if line.startswith("Content-Location: ")]


@pytest.mark.parametrize("suffix", ["", "/series/{series}", "image"])
def test_a_resource_gives_what_its_metadata_name(study: Study, suffix: str) -> None:
    path = (
        study.path_of(study.image)
        if suffix == "image"
        else study.path + suffix.format(series=study.image.SeriesInstanceUID)
    )
    wanted = uris(study.get(f"{path}/metadata").json())
    assert len(wanted) >= 3
    for answer in (study.get(f"{path}/bulkdata"), study.get(path, OCTET_PARTS)):
        assert answer.status_code == 200
        assert locations(answer) == wanted
        for uri, part in zip(wanted, split_parts(answer), strict=True):
            alone = study.archive.client.get(uri, headers={"Accept": OCTETS})
            assert (alone.status_code, alone.content) == (200, part)
            assert alone.headers["content-location"] == uri


def test_native_pixels_are_one_value_and_compressed_frames_are_parts(study: Study) -> None:
    pixels = pixel_array(study.image)
    for path in (f"{study.path_of(study.image)}/bulkdata/7FE00010", f"{study.path}/pixeldata"):
        assert split_parts(study.get(path, OCTET_PARTS)) == [pixels.tobytes()]
        compressed = study.get(path, f"{OCTET_PARTS}; transfer-syntax=*")
        assert len(split_parts(compressed)) == len(locations(compressed)) == FRAMES
        assert compressed.text.count(f"transfer-syntax={RLELossless}") == FRAMES
        assert len(set(locations(compressed))) == 1
        anew = study.get(path, 'multipart/related; type="image/jls"')
        assert [part[:2] for part in split_parts(anew)] == [b"\xff\xd8"] * FRAMES


def test_pixels_that_cannot_be_sent_so_are_refused_before_the_answer_begins(
    plain: RunningArchive, ct: bytes
) -> None:
    whole = renamed(ct, generate_uid())
    broken = image(ct, whole.StudyInstanceUID)
    del broken.IconImageSequence
    broken.PixelData = encapsulate([b"\x01" + bytes(63)] * FRAMES)
    assert plain.store(written(whole), written(broken)).status_code == 200
    path = f"/studies/{whole.StudyInstanceUID}/pixeldata"
    assert plain.get(path, OCTET_PARTS).status_code == 406
    assert plain.get(path, f"{OCTET_PARTS}; transfer-syntax=*").status_code == 200


def test_icons_are_no_pixel_data_of_a_study(study: Study) -> None:
    assert all(uri.endswith("/bulkdata/7FE00010") for uri in locations(study.get(f"{study.path}/pixeldata")))
    everything = study.get(f"{study.path}/bulkdata")
    at = next(at for at, uri in enumerate(locations(everything)) if uri.endswith("/00880200/0/7FE00010"))
    assert (
        split_parts(everything)[at] == ICON
    )  # compressed like the image, sent as the octets that its label says


def test_a_document_comes_in_its_own_media_type_or_as_octets(study: Study) -> None:
    path = f"{study.path_of(study.document)}/bulkdata/00420011"
    padded = DOCUMENT + bytes(len(DOCUMENT) % 2)
    for accept, media_type in (
        ("application/pdf", "application/pdf"),
        (OCTETS, OCTETS),
        (f"application/pdf;q=0.1, {OCTETS}", OCTETS),
    ):
        answer = study.get(path, accept)
        assert (answer.headers["content-type"], answer.content) == (media_type, padded)
    parts = study.get(path, 'multipart/related; type="application/pdf"')
    assert split_parts(parts) == [padded]
    assert 'type="application/pdf"' in parts.headers["content-type"]
    assert study.get(path, "image/jls").status_code == 406


@pytest.mark.parametrize(
    "suffix", ["/bulkdata", "/pixeldata", "/bulkdata/00100010", "/bulkdata/0/0/0", "/bulkdata/"]
)
def test_what_has_no_bulk_data_has_no_such_resource(study: Study, suffix: str) -> None:
    assert study.get(study.path_of(study.plain)).status_code == 200
    assert study.get(f"{study.path_of(study.plain)}{suffix}").status_code == 404


def test_the_values_of_a_big_endian_file_are_little_endian(plain: RunningArchive, ct: bytes) -> None:
    dataset = renamed(ct, generate_uid())
    wanted = dataset.PixelData
    dataset.PixelData = np.frombuffer(wanted, "<u2").astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    buffer = BytesIO()
    dcmwrite(buffer, dataset, little_endian=False, implicit_vr=False, overwrite=True, force_encoding=True)
    plain.store(buffer.getvalue())
    answer = plain.get(f"/studies/{dataset.StudyInstanceUID}/pixeldata")
    assert split_parts(answer) == [wanted]
    assert answer.text.count(f"transfer-syntax={ExplicitVRLittleEndian}") == 1
