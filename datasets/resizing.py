"""Resizing gives a single-frame image as many pixels as make a file of a wanted size."""

import io
from math import isqrt

import numpy as np
import pydicom
from pydicom.uid import ExplicitVRLittleEndian

BYTES_PER_PIXEL = 2
SMALLEST_SIDE = 16


def resized(dicom: bytes, size_bytes: int) -> bytes:
    """Return the image with a square matrix of 16-bit pixels, uncompressed, about that many bytes long.

    All other elements stay. The pixels are a ramp: a file of constant pixels would be no file to a disk that
    compresses.
    """
    dataset = pydicom.dcmread(io.BytesIO(dicom))
    side = max(SMALLEST_SIDE, isqrt(max(0, size_bytes - _header_bytes(dicom)) // BYTES_PER_PIXEL))
    dataset.Rows = dataset.Columns = side
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    pixels = (np.arange(side * side, dtype=np.uint32) * 40503).astype("<u2").tobytes()
    dataset["PixelData"] = pydicom.DataElement(0x7FE00010, "OW", pixels)
    written = io.BytesIO()
    dataset.save_as(written, enforce_file_format=True, little_endian=True, implicit_vr=False)
    return written.getvalue()


def _header_bytes(dicom: bytes) -> int:
    """Return how long everything before the pixels is."""
    pixels = pydicom.dcmread(io.BytesIO(dicom)).get("PixelData")
    return len(dicom) - (len(pixels.value) if hasattr(pixels, "value") else len(pixels or b""))
