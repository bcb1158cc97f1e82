"""The manifest says what a data set holds, who owns it, and who may see it.

`manifest.json` is the bridge between `datasets`, which writes it, and whoever fills or measures an archive. Its schema
is versioned; a reader refuses a version that it does not know.
"""

from dataclasses import dataclass
from pathlib import Path

from datasets.people import People

SCHEMA = "dicomweb-phantom/manifest/1"


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """One file: identity, size in bytes, SHA-256 of its bytes, and the users who may see it."""

    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    instance_number: int
    frames: int
    path: str
    size_bytes: int
    sha256: str
    visible_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeriesRecord:
    """One series and its instances, in the order of InstanceNumber."""

    series_uid: str
    modality: str
    series_number: int
    instances: tuple[InstanceRecord, ...]


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """One study, owned by a facility (its repository) and the user who stored it."""

    study_uid: str
    patient_id: str
    patient_name: str
    study_date: str
    accession_number: str
    facility: str
    owner: str
    series: tuple[SeriesRecord, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A data set: how it was made, its people and its studies. `root` is the folder that holds the files."""

    recipe: str
    seed: int
    people: People
    studies: tuple[StudyRecord, ...]
    root: Path

    def write(self) -> Path:
        """Write `manifest.json` into the root, canonically (sorted keys), and return its path."""
        raise NotImplementedError

    @classmethod
    def read(cls, root: Path) -> "Manifest":
        """Read `root/manifest.json`; a missing, malformed or unknown-version file raises ManifestError."""
        raise NotImplementedError


class ManifestError(Exception):
    """A manifest cannot be read; the message says which file, what is wrong and what to do."""
