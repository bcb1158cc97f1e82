"""The manifest says what a data set holds, who owns it, and who may see it.

`manifest.json` is the bridge between `datasets`, which writes it, and whoever fills or measures an
archive. Its schema is versioned (`manifest.schema.json`); a reader refuses a version that it does not
know.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from datasets.json_fields import Fields
from datasets.people import Facility, Operation, People, Share, SubjectKind, User

SCHEMA = "dicomweb-phantom/manifest/1"
FILE_NAME = "manifest.json"


class ManifestError(Exception):
    """A manifest cannot be read; the message says which file, what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """One file: identity, size in bytes, SHA-256 of its bytes, and the users who may see it.

    `frames` is 0 for an instance without pixels; `path` is relative to the root, with forward slashes.
    """

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
    """A data set: how it was made, its people and its studies. `root` is the folder that holds the files.

    The scales say how far the recipe stays below the archive whose quantiles it draws from, as text such
    as `1/9`; a data set that was not drawn has none.
    """

    recipe: str
    seed: int
    people: People
    studies: tuple[StudyRecord, ...]
    root: Path
    instances_scale: str = ""
    bytes_scales: tuple[tuple[str, str], ...] = ()

    def write(self) -> Path:
        """Write `manifest.json` into the root, canonically (sorted keys), and return its path."""
        head = {
            "schema": SCHEMA,
            "recipe": self.recipe,
            "seed": self.seed,
            "instances_scale": self.instances_scale,
            "bytes_scales": dict(self.bytes_scales),
            "people": asdict(self.people),
        }
        target = self.root / FILE_NAME
        # Bytes rather than text: a platform's line ends must not change the digest. "studies" sorts last, so
        # the head can be closed by it, and no more than one study is held as text.
        with target.open("wb") as file:
            file.write(_canonical(head)[:-1] + b',"studies":[')
            for index, study in enumerate(self.studies):
                file.write((b",\n" if index else b"\n") + _canonical(asdict(study)))
            file.write(b"\n]}\n")
        return target

    @classmethod
    def read(cls, root: Path) -> "Manifest":
        """Read `root/manifest.json`; a missing, malformed or unknown-version file raises ManifestError."""
        source = root / FILE_NAME
        try:
            document = json.loads(source.read_bytes())
        except FileNotFoundError:
            raise ManifestError(f"{source} does not exist; make one with python -m datasets") from None
        except (OSError, ValueError) as error:
            raise ManifestError(f"{source} is not readable as JSON: {error}") from error
        schema = document.get("schema") if isinstance(document, dict) else None
        if schema != SCHEMA:
            raise ManifestError(
                f"{source} has schema {schema!r}; this version reads {SCHEMA!r}; make it anew"
            )
        try:
            return _parse(document, root)
        except (KeyError, TypeError, ValueError) as error:
            raise ManifestError(f"{source} is damaged: {error}; make it anew") from error


def _canonical(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _parse(document: object, root: Path) -> Manifest:
    """Return the manifest in a document; a fault raises TypeError or ValueError."""
    fields = Fields(document, "manifest")
    people = fields.object("people")
    return Manifest(
        recipe=fields.text("recipe"),
        seed=fields.number("seed"),
        people=People(
            organizations=people.texts("organizations"),
            facilities=people.each("facilities", lambda f: Facility(f.text("name"), f.text("organization"))),
            roles=people.texts("roles"),
            users=people.each(
                "users", lambda f: User(f.text("name"), f.texts("facilities"), f.texts("roles"))
            ),
            shares=people.each("shares", _share),
        ),
        studies=fields.each("studies", _study),
        root=root,
        instances_scale=fields.text("instances_scale"),
        bytes_scales=fields.object("bytes_scales").items(),
    )


def _share(fields: Fields) -> Share:
    return Share(
        subject_kind=SubjectKind(fields.text("subject_kind")),
        subject=fields.text("subject"),
        repository=fields.text("repository"),
        study_uid=fields.text("study_uid"),
        operations=tuple(Operation(each) for each in fields.texts("operations")),
        granted_by=fields.text("granted_by"),
        series_uid=fields.optional_text("series_uid"),
        sop_instance_uid=fields.optional_text("sop_instance_uid"),
    )


def _study(fields: Fields) -> StudyRecord:
    return StudyRecord(
        study_uid=fields.text("study_uid"),
        patient_id=fields.text("patient_id"),
        patient_name=fields.text("patient_name"),
        study_date=fields.text("study_date"),
        accession_number=fields.text("accession_number"),
        facility=fields.text("facility"),
        owner=fields.text("owner"),
        series=fields.each("series", _series),
    )


def _series(fields: Fields) -> SeriesRecord:
    return SeriesRecord(
        series_uid=fields.text("series_uid"),
        modality=fields.text("modality"),
        series_number=fields.number("series_number"),
        instances=fields.each("instances", _instance),
    )


def _instance(fields: Fields) -> InstanceRecord:
    path = fields.text("path")
    # A manifest may come from elsewhere; it must not make a reader send files from outside its folder.
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise ValueError(f"{fields.place}.path leads out of the folder: {path}")
    return InstanceRecord(
        sop_instance_uid=fields.text("sop_instance_uid"),
        sop_class_uid=fields.text("sop_class_uid"),
        transfer_syntax_uid=fields.text("transfer_syntax_uid"),
        instance_number=fields.number("instance_number"),
        frames=fields.number("frames"),
        path=path,
        size_bytes=fields.number("size_bytes"),
        sha256=fields.text("sha256"),
        visible_to=fields.texts("visible_to"),
    )
