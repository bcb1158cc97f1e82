"""Bulk data beside metadata in forms of their own: compressed images, and documents."""

from collections.abc import Iterable
from http import HTTPStatus
from io import BytesIO

import numpy as np
from PIL import Image
from pydicom.encaps import generate_frames

from scenarios.conformance.answers import Retrieved
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures.documents import ENCAPSULATED_PDF, PDF
from scenarios.conformance.fixtures.instance import SECONDARY_CAPTURE, Instance, Pixels
from scenarios.conformance.fixtures.metadata_requests import document_parts, json_parts
from scenarios.conformance.multipart import Part

AS_STORED = "*"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
NOT_OFFERED = {HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.NOT_IMPLEMENTED}
DESCRIPTION = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
)


def grey(dtype: type[np.generic], step: int) -> Pixels:
    """Return 24 rows and 16 columns that grow along the rows."""
    return np.repeat(np.arange(16, dtype=dtype)[np.newaxis] * dtype(step), 24, axis=0)


def picture(pixels: Pixels, form: str) -> bytes:
    """Return the pixels as a file of Pillow's format of that name."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    return buffer.getvalue()


def stored_from(archive: Archive, instance: Instance, parts: Iterable[Part]) -> Retrieved:
    """Store metadata and bulk data; return the instance as stored. An archive may take no metadata."""
    answer = archive.store_parts(parts)
    if answer.status in NOT_OFFERED:
        archive.stored(instance)
        raise Unsupported("the archive stores no metadata with bulk data of this kind")
    expect_equal(answer.status, HTTPStatus.OK, "status")
    (back,) = archive.retrieve(instance.path, AS_STORED)
    return back


@check("STOW-033", writes=True)
def a_jpeg_is_encapsulated_and_a_png_is_not(archive: Archive) -> None:
    """JPEG bulk data are stored as a frame with the same bytes, PNG bulk data as native pixels."""
    instance = archive.image("jpeg", pixels=grey(np.uint8, 16), SOPClassUID=SECONDARY_CAPTURE)
    stream = picture(grey(np.uint8, 16), "JPEG")
    back = stored_from(archive, instance, json_parts(instance, "image/jpeg", stream)).dataset
    expect_equal(str(back.file_meta.TransferSyntaxUID), JPEG_BASELINE, "transfer syntax")
    frames = list(generate_frames(back.PixelData, number_of_frames=1))
    expect([frame.rstrip(b"\0") for frame in frames] == [stream], "the bytes of the JPEG", got=frames[0][:40])
    instance = archive.image("png", pixels=grey(np.uint16, 1000))
    back = stored_from(
        archive, instance, json_parts(instance, "image/png", picture(grey(np.uint16, 1000), "PNG"))
    ).dataset
    expect((back.pixel_array == grey(np.uint16, 1000)).all(), "the pixels of the PNG", got="others")


@check("STOW-034", writes=True)
def a_jpeg_tells_the_size_of_its_image(archive: Archive) -> None:
    """Metadata beside a JPEG may leave out rows, columns, bits and samples, which are stored all the same."""
    whole = archive.image("jpeg", pixels=grey(np.uint8, 16), SOPClassUID=SECONDARY_CAPTURE)
    bare = whole.changed(**dict.fromkeys(DESCRIPTION))
    stream = picture(grey(np.uint8, 16), "JPEG")
    back = stored_from(archive, whole, json_parts(bare, "image/jpeg", stream)).dataset
    for keyword in DESCRIPTION:
        expect_equal(back.get(keyword), whole.dataset.get(keyword), keyword)


@check("STOW-035", writes=True)
def a_document_comes_in_its_own_type(archive: Archive) -> None:
    """A part of type application/pdf becomes the encapsulated document of its instance."""
    removed = dict.fromkeys(("PixelData", *DESCRIPTION, "HighBit", "PixelRepresentation"))
    instance = archive.image(
        "pdf", SOPClassUID=ENCAPSULATED_PDF, Modality="DOC", MIMETypeOfEncapsulatedDocument="application/pdf"
    ).changed(**removed)
    back = stored_from(archive, instance, document_parts(instance, "application/pdf", PDF)).dataset
    document = bytes(back.get("EncapsulatedDocument", b""))
    expect(document in (PDF, PDF + b"\0"), "the bytes of the document", got=document[:40])
    expect_equal(back.get("MIMETypeOfEncapsulatedDocument"), "application/pdf", "its MIME type")
