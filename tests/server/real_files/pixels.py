"""Frames of an archive against pydicom's: decoded values as octets, and codec streams as they are stored.

All frames are compared of small objects; of others the first two, the middle and the last, because decoding a
whole slide twice takes minutes and says nothing more.
"""

import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

import httpx
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import get_frame
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRLittleEndian

ALL_FRAMES_UP_TO = 8
PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
OCTETS = "application/octet-stream"
STORED_FRAMES = 'multipart/related; type="*/*"; transfer-syntax=*'
Get = Callable[[str, str], httpx.Response]


@dataclass(frozen=True, slots=True)
class Pixels:
    """The pixel data of a file; `decodable` tells whether pydicom gives the first frame, `why` why not."""

    dataset: Dataset
    decodable: bool
    why: str

    @classmethod
    def of(cls, dataset: Dataset) -> "Pixels":
        """Return the pixel data of a dataset."""
        if not any(each in dataset for each in PIXEL_KEYWORDS):
            return cls(dataset, decodable=False, why="no pixel data")
        try:
            decoded(dataset, 1)
        except Exception as error:  # noqa: BLE001  codecs raise what they like
            return cls(dataset, decodable=False, why=f"pydicom: {error!s:.100}")
        return cls(dataset, decodable=True, why="pydicom decodes it")

    @property
    def count(self) -> int:
        """The number of frames."""
        return int(self.dataset.get("NumberOfFrames") or 1)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return int(self.dataset.Columns), int(self.dataset.Rows)

    @property
    def sample(self) -> list[int]:
        """The numbers of the frames that are compared, from 1."""
        if self.count <= ALL_FRAMES_UP_TO:
            return list(range(1, self.count + 1))
        return [1, 2, self.count // 2, self.count]

    @property
    def encapsulated(self) -> bool:
        """Whether frames are codec streams."""
        return bool(self.dataset.file_meta.TransferSyntaxUID.is_encapsulated)


def decoded(dataset: Dataset, number: int) -> NDArray[np.generic]:
    """Return a frame as pydicom decodes it, with no change of colour space."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dataset.get("BitsAllocated") == 1 and int(dataset.get("NumberOfFrames") or 1) > 1:
            # Alone, pydicom does not decode a frame that begins within a byte.
            whole: NDArray[np.generic] = pixel_array(dataset, raw=True)[number - 1]
            return whole
        return pixel_array(dataset, index=number - 1, raw=True)


def read_back(pixels: Pixels, content: bytes) -> NDArray[np.generic]:
    """Return the octets of a frame as pydicom decodes them in Explicit VR Little Endian.

    The file's attributes describe them, but for what decompression changes: samples are interleaved, and each
    pixel has its own chrominance.
    """
    keyword = next(each for each in PIXEL_KEYWORDS if each in pixels.dataset)
    frame = deepcopy(pixels.dataset.group_dataset(0x0028))
    frame.file_meta = FileMetaDataset()
    frame.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    frame.NumberOfFrames = 1
    if pixels.encapsulated and int(frame.get("SamplesPerPixel") or 1) > 1:
        frame.PlanarConfiguration = 0
        if frame.PhotometricInterpretation == "YBR_FULL_422":
            frame.PhotometricInterpretation = "YBR_FULL"
    vr = {"FloatPixelData": "OF", "DoubleFloatPixelData": "OD"}.get(keyword, "OW")
    frame.add_new(keyword, vr, content + bytes(len(content) % 2))
    return decoded(frame, 1)


def frame_differences(pixels: Pixels, get: Get) -> Iterator[str]:
    """Yield every sampled frame that is not as pydicom gives it."""
    if pixels.why == "no pixel data":
        status = get("/frames/1", "*/*").status_code
        if status != httpx.codes.NOT_FOUND:
            yield f"frame 1 of an object without pixel data answers {status}"
        return
    for number in pixels.sample:
        answer = get(f"/frames/{number}", OCTETS)
        if not pixels.decodable:
            if answer.status_code not in (httpx.codes.OK, httpx.codes.NOT_ACCEPTABLE, httpx.codes.NOT_FOUND):
                yield f"frame {number}, which pydicom cannot decode, answers {answer.status_code}"
        elif answer.status_code != httpx.codes.OK:
            yield f"frame {number} answers {answer.status_code} {answer.text:.200}"
        elif not np.array_equal(read_back(pixels, answer.content), decoded(pixels.dataset, number)):
            yield f"frame {number} has other pixels than pydicom's"
    if pixels.encapsulated:
        yield from stream_differences(pixels, get)


def stream_differences(pixels: Pixels, get: Get) -> Iterator[str]:
    """Yield every sampled codec stream that is not the file's."""
    offsets = None
    if "ExtendedOffsetTable" in pixels.dataset:
        offsets = (pixels.dataset.ExtendedOffsetTable, pixels.dataset.ExtendedOffsetTableLengths)
    for number in pixels.sample:
        try:
            wanted = get_frame(
                pixels.dataset.PixelData, number - 1, number_of_frames=pixels.count, extended_offsets=offsets
            )
        except ValueError:
            return  # the file does not have its frames
        answer = get(f"/frames/{number}", STORED_FRAMES)
        if answer.status_code != httpx.codes.OK or wanted not in answer.content:
            yield f"frame {number} as stored answers {answer.status_code}, not with the stream of the file"
