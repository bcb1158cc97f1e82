"""A DICOM file that arrives is read once: its header gives the index keys and the DICOM JSON of every level.

A file that cannot be read, or that lacks what an archive cannot do without, raises `UnreadableError` with the
failure reason that the store response carries.
"""

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from pydicom import Dataset, dcmread
from pydicom import config as pydicom_config
from pydicom.uid import RE_VALID_UID

from reference_server.dicomweb.attributes import INDEXED_NAMES, STANDARD, Catalogue
from reference_server.dicomweb.dicom_json import BASE, BULK, Json, model_of, placed
from reference_server.dicomweb.frames import frame_layout, native_layout
from reference_server.dicomweb.inflating import inflated
from reference_server.dicomweb.plain_file import IDENTITY, read_plain
from reference_server.dicomweb.plain_values import NotPlainError
from reference_server.dicomweb.reasons import MalformedError, Reason, UnreadableError
from reference_server.dicomweb.structure import Encoding, FileMeta, Walk, read_file_meta
from reference_server.dicomweb.transfer import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    syntax_of,
)
from reference_server.storage.names import fold_name, name_words
from reference_server.storage.records import FrameLayout, InstanceRecord, StudyKeys

# What a value says is kept as it is said; an archive stores and does not correct.
pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE

# Later than the dictionary of pydicom: JPEG XL and deflated frames, in Explicit VR Little Endian (PS3.5 A.4).
LATER_SYNTAXES = frozenset(f"1.2.840.10008.1.2.{end}" for end in ("4.110", "4.111", "4.112", "8.1"))
DEFER_BYTES = 65_536
_VALID_UID = re.compile(RE_VALID_UID)
MAX_UID_LENGTH = 64


def valid_uid(text: str) -> bool:
    """Tell whether the text is a UID (PS3.5 9.1)."""
    return len(text) <= MAX_UID_LENGTH and _VALID_UID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that arrived: where it lies, the name under which its blob is kept, size in bytes and digest.

    One that is still in memory lies nowhere yet.
    """

    path: Path
    blob: str
    size_bytes: int
    sha256: str
    content: bytes | None = None

    def open(self) -> BinaryIO:
        """Open the file for reading."""
        return self.path.open("rb") if self.content is None else BytesIO(self.content)

    def dataset(self, *, stop_before_pixels: bool = False) -> Dataset:
        """Return what pydicom reads, large values of a file on disk left there."""
        if self.content is None:
            return dcmread(self.path, defer_size=DEFER_BYTES, stop_before_pixels=stop_before_pixels)
        return dcmread(BytesIO(self.content), stop_before_pixels=stop_before_pixels)


@dataclass(frozen=True, slots=True)
class Read:
    """What a file says: its UIDs by keyword, its DICOM JSON, and where its frames lie."""

    identity: dict[str, str]
    model: Json
    frames: FrameLayout | None


def read_instance(file: Arrived, catalogue: Catalogue = STANDARD) -> InstanceRecord:
    """Return the record of a DICOM file, with what the catalogue keeps; raises UnreadableError."""
    try:
        return read_plain_instance(file, catalogue)
    except NotPlainError:
        return read_with_pydicom(file, catalogue)  # it tells what the file is


def read_plain_instance(file: Arrived, catalogue: Catalogue = STANDARD) -> InstanceRecord:
    """Return the record of a well-formed file in memory; NotPlainError where it is anything else."""
    if file.content is None:
        raise NotPlainError
    return _record(_read_plainly(file.content), file, catalogue)


def read_with_pydicom(file: Arrived, catalogue: Catalogue = STANDARD) -> InstanceRecord:
    """Return the record of any DICOM file, or raise UnreadableError."""
    _admit(file)
    try:
        dataset = file.dataset()
        if not dataset:
            # pydicom drops everything where fragments of pixel data break off; what comes before is whole.
            dataset = file.dataset(stop_before_pixels=True)
        read = Read(_identity(dataset), model_of(dataset, BULK), frame_layout(dataset, file.size_bytes))
        return _record(read, file, catalogue)
    except UnreadableError:
        raise
    except Exception as error:
        # pydicom raises many types on bytes that are not DICOM; none of them may end the request.
        raise UnreadableError(Reason.CANNOT_UNDERSTAND, "the part is not a readable DICOM file") from error


def _read_plainly(content: bytes) -> Read:
    """Return what a well-formed file says; NotPlainError where it is anything else, or is to be refused."""
    plain = read_plain(content)
    identity = {keyword: plain.value(keyword) for keyword in IDENTITY}
    identity["TransferSyntaxUID"] = plain.transfer_syntax_uid
    if not all(isinstance(uid, str) and valid_uid(uid) for uid in identity.values()):
        raise NotPlainError
    frames = native_layout(plain.value, plain.pixels, len(content)) if plain.pixels else None
    return Read(identity, plain.model, frames)


def _admit(file: Arrived) -> None:
    """Raise UnreadableError where the file cannot be parsed, or not at a bounded cost."""
    meta = FileMeta("", "", "")
    try:
        with file.open() as content:
            meta = read_file_meta(content)
            syntax = meta.transfer_syntax_uid
            if syntax and syntax_of(syntax) is None and syntax not in LATER_SYNTAXES:
                raise _refused(meta, Reason.TRANSFER_SYNTAX_NOT_SUPPORTED, f"{syntax[:64]} is not known")
            encoding = Encoding(syntax == IMPLICIT_VR_LITTLE_ENDIAN, syntax != EXPLICIT_VR_BIG_ENDIAN)
            if syntax != DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
                Walk(content, file.size_bytes, encoding).run()
                return
            with inflated(content, file.size_bytes, str(file.path.parent)) as dataset:
                Walk(dataset, os.fstat(dataset.fileno()).st_size, encoding).run()
    except MalformedError as error:
        raise _refused(meta, Reason.CANNOT_UNDERSTAND, str(error)) from None


def _refused(meta: FileMeta, reason: Reason, message: str) -> UnreadableError:
    uids = (uid if valid_uid(uid) else "" for uid in (meta.sop_class_uid, meta.sop_instance_uid))
    return UnreadableError(reason, message, *uids)


def _identity(dataset: Dataset) -> dict[str, str]:
    """Return the UIDs that place an instance; one that is missing or malformed raises UnreadableError."""
    found = {keyword: str(dataset.get(keyword) or "") for keyword in IDENTITY}
    found["TransferSyntaxUID"] = str(dataset.file_meta.get("TransferSyntaxUID") or "")
    for keyword, uid in found.items():
        if not valid_uid(uid):
            problem = f"{keyword} {uid[:80]!r} is not a UID" if uid else f"{keyword} is missing"
            known = {k: v if valid_uid(v) else "" for k, v in found.items()}
            raise UnreadableError(
                Reason.DOES_NOT_MATCH_SOP_CLASS, problem, known["SOPClassUID"], known["SOPInstanceUID"]
            )
    return found


def _record(read: Read, file: Arrived, catalogue: Catalogue) -> InstanceRecord:
    identity, model = read.identity, read.model
    bulk_uri = (
        f"{BASE}/studies/{identity['StudyInstanceUID']}/series/{identity['SeriesInstanceUID']}"
        f"/instances/{identity['SOPInstanceUID']}/bulkdata"
    )
    return InstanceRecord(
        study_uid=identity["StudyInstanceUID"],
        series_uid=identity["SeriesInstanceUID"],
        sop_instance_uid=identity["SOPInstanceUID"],
        sop_class_uid=identity["SOPClassUID"],
        transfer_syntax_uid=identity["TransferSyntaxUID"],
        modality=_text(model, "00080060"),
        series_number=_text(model, "00200011"),
        instance_number=_text(model, "00200013"),
        study_keys=study_keys(model),
        name_words=study_name_words(model),
        study_attributes=placed(kept(model, catalogue.study), bulk_uri).decode(),
        series_attributes=placed(kept(model, catalogue.series), bulk_uri).decode(),
        instance_attributes=placed(kept(model, catalogue.instance), bulk_uri).decode(),
        metadata=placed(model, bulk_uri),
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        blob=file.blob,
        frames=read.frames,
    )


def _text(model: Json, tag: str) -> str | None:
    """Return the first value of an attribute as text, a person name as its case-folded alphabetic group."""
    values = model.get(tag, {}).get("Value") or [None]
    first: Any = values[0]
    if isinstance(first, dict):
        return fold_name(first.get("Alphabetic"))
    return None if first is None else str(first)


def study_keys(model: Json) -> StudyKeys:
    """Return the indexed attributes of a study."""
    return StudyKeys(
        patient_id=_text(model, "00100020"),
        patient_name=_text(model, "00100010"),
        patient_birth_date=_text(model, "00100030"),
        study_date=_text(model, "00080020"),
        study_time=_text(model, "00080030"),
        accession_number=_text(model, "00080050"),
        referring_physician=_text(model, "00080090"),
        study_id=_text(model, "00200010"),
        study_description=_text(model, "00081030"),
    )


def study_name_words(model: Json) -> tuple[tuple[int, str], ...]:
    """Return the words of the names that fuzzy matching finds in the index."""
    return tuple(
        (tag, word)
        for tag in INDEXED_NAMES
        for name in model.get(f"{tag:08X}", {}).get("Value", ())
        for word in name_words(orjson.dumps(name).decode()).split()
    )


def subset(model: Json, wanted: frozenset[int]) -> str:
    """Return the DICOM JSON of these attributes, as far as they are there."""
    return orjson.dumps(kept(model, wanted)).decode()


def kept(model: Json, wanted: frozenset[int]) -> Json:
    """Return these attributes of a model, as far as they are there."""
    names = _names(wanted)
    return {name: value for name, value in model.items() if name in names}


@lru_cache(maxsize=64)
def _names(wanted: frozenset[int]) -> frozenset[str]:
    return frozenset(f"{tag:08X}" for tag in wanted)
