"""Pixels of what an archive sent, decoded by pydicom, so that transfer syntaxes compare by what they show."""

import copy

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from scenarios.conformance.answers import Retrieved
from scenarios.conformance.findings import Violation, expect
from scenarios.conformance.fixtures.instance import Instance, Pixels

OCTET_BITS = 8


def pixels_of(dataset: Dataset) -> Pixels:
    """Return the pixels of a dataset as its File Meta says; what cannot be decoded is a violation."""
    try:
        return pixel_array(dataset)
    except Exception as error:  # codecs raise many kinds for broken input
        raise Violation("pixel data that decode", f"{type(error).__name__}: {error}") from error


def expect_same_pixels(retrieved: Retrieved, instance: Instance) -> None:
    """Expect an instance that comes back to show the pixels of the fixture."""
    _expect_same(pixels_of(retrieved.dataset), instance.pixels, instance.label)


def expect_frame(body: bytes, transfer_syntax: str, instance: Instance, number: int | None = None) -> None:
    """Expect the bytes of a frame, read in this transfer syntax, to show the pixels of the fixture.

    Without a number the instance has one frame; with it, its pixels are those of all frames.
    """
    syntax = UID(transfer_syntax)
    dataset = copy.deepcopy(instance.dataset)
    dataset.file_meta.TransferSyntaxUID = syntax
    if "NumberOfFrames" in dataset:
        dataset.NumberOfFrames = 1
    dataset.PixelData = encapsulate([body]) if syntax.is_encapsulated else body
    octets = syntax.is_encapsulated or dataset.BitsAllocated == OCTET_BITS
    dataset["PixelData"].VR = "OB" if octets else "OW"  # PS3.5 A.2
    pixels = instance.pixels if instance.pixels is None or number is None else instance.pixels[number - 1]
    _expect_same(pixels_of(dataset), pixels, f"{instance.label} as {syntax.name}")


def _expect_same(got: Pixels, expected: Pixels | None, what: str) -> None:
    same = expected is not None and got.shape == expected.shape and np.array_equal(got, expected)
    expect(same, f"the pixels of {what}", got=f"{got.dtype} {got.shape}, first {got.ravel()[:8]}")
