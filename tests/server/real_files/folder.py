"""The DICOM files of a folder, found by their content, in waves in which every SOP Instance UID occurs once.

Collections of test files hold many variants of one object. An archive refuses the second of them, so that
each wave needs an archive of its own.
"""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.config import IGNORE
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID

PREAMBLE_BYTES = 128
PREFIX = b"DICM"
IDENTIFYING = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


@dataclass(frozen=True, slots=True)
class RealFile:
    """A DICOM file that an archive has to accept: pydicom reads its header, and its UIDs are there."""

    path: Path
    study: str
    series: str
    instance: str
    transfer_syntax: str

    @property
    def resource(self) -> str:
        """The path of the instance below the base URL."""
        return f"/studies/{self.study}/series/{self.series}/instances/{self.instance}"


def begins_as_dicom(path: Path) -> bool:
    """Tell whether the file has the preamble and prefix of PS3.10 7.1."""
    with path.open("rb") as stream:
        return stream.read(PREAMBLE_BYTES + len(PREFIX))[PREAMBLE_BYTES:] == PREFIX


def dicom_paths(folder: Path) -> Iterator[Path]:
    """Yield every DICOM file below a folder, or the one that is named."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
        if path.is_file() and begins_as_dicom(path):
            yield path


def read_silently(path: Path | BytesIO, *, header: bool = False) -> Dataset:
    """Return a file's dataset; pydicom's warnings about real files are not ours.

    Of a file that ends within the fragments of its pixel data pydicom gives nothing but the header.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return (None if header else dcmread(path)) or dcmread(path, stop_before_pixels=True)


def real_file(path: Path) -> RealFile | str:
    """Return the file, or why an archive need not accept it."""
    try:
        dataset = read_silently(path, header=True)
    except (InvalidDicomError, ValueError, KeyError, TypeError, AttributeError, OSError, EOFError) as error:
        return f"pydicom cannot read it: {error}"
    missing = [keyword for keyword in IDENTIFYING if not dataset.get(keyword)]
    if "TransferSyntaxUID" not in dataset.file_meta:
        missing.append("TransferSyntaxUID")
    if missing:
        return f"it has no {', '.join(missing)}"
    uids = (str(dataset.StudyInstanceUID), str(dataset.SeriesInstanceUID), str(dataset.SOPInstanceUID))
    for uid in uids:
        if not UID(uid, IGNORE).is_valid:
            return f"{uid} is no UID (PS3.5 9.1)"
    return RealFile(path, *uids, str(dataset.file_meta.TransferSyntaxUID))


def waves(files: Iterable[RealFile]) -> list[list[RealFile]]:
    """Return the files in the fewest waves in which no SOP Instance UID occurs twice."""
    result: list[list[RealFile]] = []
    times: dict[str, int] = {}
    for each in files:
        number = times[each.instance] = times.get(each.instance, -1) + 1
        if number == len(result):
            result.append([])
        result[number].append(each)
    return result
