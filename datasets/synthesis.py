"""Synthesis writes the instances of a series: one header by pydicom, then splicing and whole-number pixels.

Instances are written one by one and only their records are kept, so memory does not grow with the pixels.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite

from datasets.documents import REPORT_SOP_CLASS_UID, describe_report
from datasets.headers import MARKS, NUMBER_MARK, POSITION_MARK, file_meta, header
from datasets.images import IMAGE_MODALITIES, SLICE_MM, describe_pixels
from datasets.phantom import image
from datasets.plans import SeriesPlan, StudyPlan
from datasets.splice import Spliced

_PIXEL_DATA = b"\xe0\x7f\x10\x00"
PLANES = ("CT", "MR", "PT")  # the modalities whose images have a position in the patient


@dataclass(frozen=True, slots=True)
class Written:
    """One written file; `path` is relative to the root."""

    sop_instance_uid: str
    instance_number: int
    path: str
    size_bytes: int
    sha256: str


class SeriesWriter:
    """Writes the instances of one series below a root folder."""

    def __init__(self, study: StudyPlan, series: SeriesPlan, root: Path) -> None:
        self._study, self._series, self._root = study, series, root
        self.sop_class_uid = (
            IMAGE_MODALITIES[series.modality].sop_class_uid if series.frames else REPORT_SOP_CLASS_UID
        )
        self._folder = f"{study.index:05d}/{series.index:02d}"
        marks = {
            name: mark for name, mark in MARKS.items() if name != "position" or series.modality in PLANES
        }
        self._head = Spliced(self._prepared(), marks)

    def write(self) -> Iterator[Written]:
        """Write the instances in the order of their numbers, and yield what each became."""
        (self._root / self._folder).mkdir(parents=True, exist_ok=True)
        for number in range(1, self._series.instances + 1):
            uid = self._study.sop_uid(self._series, number)
            parts = (self._head.filled(self._values(uid, number)), self._pixels(uid, number))
            path = f"{self._folder}/{number:05d}.dcm"
            digest = hashlib.sha256()
            with (self._root / path).open("wb") as file:
                for part in parts:
                    digest.update(part)
                    file.write(part)
            yield Written(uid, number, path, sum(map(len, parts)), digest.hexdigest())

    def _values(self, uid: str, number: int) -> dict[str, bytes]:
        values = {"sop": uid.encode(), "number": str(number).ljust(len(NUMBER_MARK)).encode()}
        if self._series.modality in PLANES:
            # Leading zeros keep the length; the first slice lies lowest.
            values["position"] = f"{(number - 1) * SLICE_MM - 200:0{len(POSITION_MARK)}.1f}".encode()
        return values

    def _prepared(self) -> bytes:
        """Return the bytes of an instance up to its first pixel, with marks."""
        dataset = header(self._study, self._series, self.sop_class_uid)
        dataset.file_meta = file_meta(self.sop_class_uid)
        if not self._series.frames:
            describe_report(dataset, self._study)
            return _encoded(dataset)
        modality = IMAGE_MODALITIES[self._series.modality]
        modality.describe(dataset, self._series)
        describe_pixels(dataset, self._series, modality)
        length = self._frame_bytes(modality.bits_allocated) * self._series.frames
        # Explicit VR Little Endian, PS3.5 7.1.2: tag, VR, two reserved bytes, length.
        return _encoded(dataset) + _PIXEL_DATA + b"OW\0\0" + length.to_bytes(4, "little")

    def _frame_bytes(self, bits_allocated: int) -> int:
        series = self._series
        return series.rows * series.columns * (3 if series.color else 1) * bits_allocated // 8

    def _pixels(self, uid: str, number: int) -> bytes:
        """Return the value of Pixel Data; its length is even because every matrix side is."""
        series = self._series
        frames = [
            image(series.modality, series.rows, series.columns, f"{uid}/{frame}", number + frame)
            for frame in range(series.frames)
        ]
        if series.modality != "US":
            return b"".join(frame.tobytes() for frame in frames)
        gray = np.stack([frame.astype(np.uint8) for frame in frames])
        return np.repeat(gray, 3, axis=-1).tobytes() if series.color else gray.tobytes()


def _encoded(dataset: Dataset) -> bytes:
    target = io.BytesIO()
    dcmwrite(target, dataset, enforce_file_format=True)
    return target.getvalue()
