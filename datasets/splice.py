"""Splicing replaces values of constant length inside prepared bytes, without parsing or encoding anything.

A file is written once by pydicom with marks: values of the final length that occur nowhere else. Finding
the marks gives the places; from then on a new instance costs a copy of the bytes and a few slice
assignments.
"""

import io
import warnings
from collections.abc import Mapping

import pydicom
from pydicom.dataset import FileDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from datasets.uids import UID_LENGTH, uid_of


class SpliceError(ValueError):
    """Bytes cannot serve as a template, or a value does not fit its place."""


class Spliced:
    """Prepared bytes and the places of their marks; each mark is a name and the bytes that stand for it."""

    def __init__(self, prepared: bytes, marks: Mapping[str, bytes]) -> None:
        self._prepared = prepared
        self._places = {name: _places(prepared, mark, name) for name, mark in marks.items()}
        self._lengths = {name: len(mark) for name, mark in marks.items()}

    def filled(self, values: Mapping[str, bytes]) -> bytearray:
        """Return a copy with a value, of exactly the mark's length, in each of its places."""
        copy = bytearray(self._prepared)
        for name, value in values.items():
            length = self._lengths[name]
            if len(value) != length:
                raise SpliceError(f"{name} is {len(value)} bytes long, but its place holds {length}")
            for place in self._places[name]:
                copy[place : place + length] = value
        return copy


def _places(prepared: bytes, mark: bytes, name: str) -> tuple[int, ...]:
    places: list[int] = []
    place = prepared.find(mark)
    while place >= 0:
        places.append(place)
        place = prepared.find(mark, place + len(mark))
    if not places:
        raise SpliceError(f"the mark of {name} does not occur in the prepared bytes")
    return tuple(places)


class Template:
    """One DICOM file that lends its content to any number of new instances.

    The file is re-written once, so that its UIDs get the fixed length of `datasets.uids`; pixels, private
    elements and transfer syntax stay, except that a deflated file is inflated because compressed bytes
    cannot be spliced.
    """

    def __init__(self, dicom: bytes) -> None:
        marks = {name: uid_of("template", name) for name in ("study", "series", "sop")}
        prepared = _rewritten(dicom, marks)
        self._spliced = Spliced(prepared, {name: mark.encode() for name, mark in marks.items()})
        self.size_bytes = len(prepared)

    def fresh(self, study_uid: str, series_uid: str, sop_uid: str) -> bytearray:
        """Return the file with other UIDs; one that is not `UID_LENGTH` long raises SpliceError."""
        for uid in (study_uid, series_uid, sop_uid):
            if len(uid) != UID_LENGTH:
                raise SpliceError(f"{uid} has {len(uid)} characters; spliced UIDs have {UID_LENGTH}")
        values = {"study": study_uid.encode(), "series": series_uid.encode(), "sop": sop_uid.encode()}
        return self._spliced.filled(values)


def _rewritten(dicom: bytes, uids: Mapping[str, str]) -> bytes:
    """Return the file as pydicom writes it with these UIDs; raises SpliceError where it cannot."""
    try:
        with warnings.catch_warnings():
            # Odd values are the archive's affair; here they only have to be written again.
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(io.BytesIO(dicom))
            _rename(dataset, uids)
            target = io.BytesIO()
            dcmwrite(target, dataset, enforce_file_format=True)
    except Exception as error:
        # pydicom raises whatever a damaged file provokes.
        raise SpliceError(f"the file cannot serve as a template: {error}") from error
    return target.getvalue()


def _rename(dataset: FileDataset, uids: Mapping[str, str]) -> None:
    if "SOPClassUID" not in dataset:
        raise SpliceError("it has no SOP Class UID, so it is not a composite instance")
    meta = dataset.file_meta
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uids["study"], uids["series"]
    dataset.SOPInstanceUID = uids["sop"]
    meta.MediaStorageSOPInstanceUID = UID(uids["sop"])
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    if meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian:
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
