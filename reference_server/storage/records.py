"""What goes into the index and what comes out of it, as values."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """A level of the hierarchy; the value is also the name of its table."""

    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """Where frames lie in a file whose pixel data are native, little endian and made of whole bytes."""

    offset: int
    frame_bytes: int
    count: int


@dataclass(frozen=True, slots=True)
class StudyKeys:
    """The indexed attributes of a study; names are case-folded, an absent value is None."""

    patient_id: str | None
    patient_name: str | None
    patient_birth_date: str | None
    study_date: str | None
    study_time: str | None
    accession_number: str | None
    referring_physician: str | None
    study_id: str | None
    study_description: str | None


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """An instance as it enters the index: UIDs, keys, DICOM JSON of each level, and its blob."""

    study_uid: str
    series_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    modality: str | None
    series_number: str | None
    instance_number: str | None
    study_keys: StudyKeys
    name_words: tuple[tuple[int, str], ...]  # of the study: the tag of a name, and a word of it
    study_attributes: str
    series_attributes: str
    instance_attributes: str
    metadata: bytes
    size_bytes: int
    sha256: str
    blob: str
    frames: FrameLayout | None


@dataclass(frozen=True, slots=True)
class Kept:
    """An instance whose blob is on disk, as far as the answer of its request names it."""

    study_uid: str
    series_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    blob: str


class Outcome(StrEnum):
    """What became of an instance that was to be stored."""

    STORED = "stored"
    IDENTICAL = "identical"  # the same bytes are held already
    CONFLICT = "conflict"  # the SOP Instance UID is held with other content
    REFUSED = "refused"  # the caller may not append there


@dataclass(frozen=True, slots=True)
class Located:
    """A stored instance that the caller may see: where its bytes are, and whether they may be retrieved."""

    instance_id: int
    repository_id: int
    study_uid: str
    series_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    size_bytes: int
    blob: str
    frames: FrameLayout | None
    retrievable: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A search result: UIDs down to its level, DICOM JSON of each level, and counts of what is visible."""

    repository_id: int
    study_uid: str
    series_uid: str | None
    sop_instance_uid: str | None
    study_attributes: str
    series_attributes: str | None
    instance_attributes: str | None
    metadata: bytes | None
    modalities: str | None
    series_count: int | None
    instance_count: int | None
    other_repository: str | None  # at whose root it is found, where the common root gives another's study


@dataclass(frozen=True, slots=True)
class Results:
    """One page of search results, and how many matches after it were counted."""

    found: list[Found]
    remaining: int
