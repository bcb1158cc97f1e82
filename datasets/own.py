"""A folder of a user's own DICOM files becomes a manifest without copying or changing a file.

The files bring no people, so the smallest cast that can disagree is invented: one organization with two
facilities and a user in each, between whom the studies alternate in the order of their UIDs.
"""

import hashlib
import logging
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset

from datasets.draws import Draws
from datasets.manifest import FILE_NAME, InstanceRecord, Manifest, ManifestError, SeriesRecord, StudyRecord
from datasets.people import People
from datasets.population import populate, tenure_of
from datasets.visibility import Place, visible_to

RECIPE = "own"
SHOWN = 5  # of the skipped files, in the log

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not part of the data set, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What one file says about its study and series, and its own record."""

    study: StudyRecord
    series: SeriesRecord
    instance: InstanceRecord


def manifest_of_folder(folder: Path) -> Manifest:
    """Return the manifest of the DICOM files below a folder; skipped files are counted in the log.

    Raises ManifestError where there is not one usable file.
    """
    manifest, skipped = scan(folder)
    if skipped:
        shown = "; ".join(f"{each.path}: {each.reason}" for each in skipped[:SHOWN])
        more = f"; and {len(skipped) - SHOWN} more" if len(skipped) > SHOWN else ""
        logger.warning("%d files below %s are left out: %s%s", len(skipped), folder, shown, more)
    if not manifest.studies:
        raise ManifestError(f"{folder} holds no DICOM file (PS3.10) that belongs to a study")
    return manifest


def scan(folder: Path) -> tuple[Manifest, tuple[Skipped, ...]]:
    """Return the manifest of the files below a folder, and what was skipped, in the order of paths."""
    found: dict[str, _Found] = {}
    skipped: list[Skipped] = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file() and each.name != FILE_NAME):
        relative = path.relative_to(folder).as_posix()
        try:
            one = _read(path, relative)
        except Exception as error:  # noqa: BLE001  pydicom raises whatever a damaged file provokes
            skipped.append(Skipped(relative, f"{type(error).__name__}: {error}"))
            continue
        if one.instance.sop_instance_uid in found:
            first = found[one.instance.sop_instance_uid].instance.path
            skipped.append(Skipped(relative, f"has the SOP Instance UID of {first}"))
        else:
            found[one.instance.sop_instance_uid] = one
    people = populate(organizations=1, facilities_each=2, users_each=1)
    studies = _studies(list(found.values()), people)
    return Manifest(RECIPE, 0, people, studies, folder), tuple(skipped)


def _read(path: Path, relative: str) -> _Found:
    """Return what a file says; raises whatever makes it unusable."""
    with warnings.catch_warnings():
        # Odd values are the archive's affair; here they only have to be readable.
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        uids = [_text(dataset, f"{level}InstanceUID") for level in ("Study", "Series", "SOP")]
        if not all(uids) or not _text(dataset, "SOPClassUID"):
            raise ValueError("does not belong to a study")
        study_uid, series_uid, sop_uid = uids
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return _Found(
            StudyRecord(
                study_uid=study_uid,
                patient_id=_text(dataset, "PatientID"),
                patient_name=_text(dataset, "PatientName"),
                study_date=_text(dataset, "StudyDate"),
                accession_number=_text(dataset, "AccessionNumber"),
                facility="",
                owner="",
                series=(),
            ),
            SeriesRecord(series_uid, _text(dataset, "Modality"), _number(dataset, "SeriesNumber"), ()),
            InstanceRecord(
                sop_instance_uid=sop_uid,
                sop_class_uid=_text(dataset, "SOPClassUID"),
                transfer_syntax_uid=str(dataset.file_meta.TransferSyntaxUID),
                instance_number=_number(dataset, "InstanceNumber"),
                frames=max(1, _number(dataset, "NumberOfFrames")) if _number(dataset, "Rows") else 0,
                path=relative,
                size_bytes=path.stat().st_size,
                sha256=sha256,
                visible_to=(),
            ),
        )


def _text(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    return "" if value is None else str(value)


def _number(dataset: Dataset, keyword: str) -> int:
    """Return an integer, 0 where there is none or several."""
    value: Any = dataset.get(keyword)
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _studies(found: list[_Found], people: People) -> tuple[StudyRecord, ...]:
    """Group what was found into studies and series, and give each study an owner."""
    by_study: dict[str, dict[str, list[_Found]]] = {}
    for one in found:
        by_study.setdefault(one.study.study_uid, {}).setdefault(one.series.series_uid, []).append(one)
    return tuple(
        _owned(index, by_study[uid], people, Draws(RECIPE, uid)) for index, uid in enumerate(sorted(by_study))
    )


def _owned(index: int, by_series: dict[str, list[_Found]], people: People, draws: Draws) -> StudyRecord:
    tenure = tenure_of(people, index, draws)
    first = next(iter(by_series.values()))[0].study
    series = []
    for uid in sorted(by_series):
        members = sorted((one.instance for one in by_series[uid]), key=lambda i: (i.instance_number, i.path))
        place = Place(tenure.facility.name, first.study_uid, uid, "")
        audience = visible_to(people, (), place)  # without shares, the same for every instance
        instances = tuple(replace(each, visible_to=audience) for each in members)
        series.append(replace(by_series[uid][0].series, instances=instances))
    return replace(first, facility=tenure.facility.name, owner=tenure.owner, series=tuple(series))
