"""The workload picks, from a manifest, what the requests of each operation aim at.

The targets of an operation lie around the median of their kind (bytes of an instance, studies of a patient,
...), because the median over targets of two very different sizes jumps between them. What a STOW adds never
matches a search: the study that serves as its template is left out of the targets where others remain.
Targets are the same in every round and arm; their order is drawn anew for each round, and is the same in
every arm.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar
from urllib.parse import quote

from datasets.manifest import InstanceRecord, Manifest, SeriesRecord, StudyRecord
from scenarios.load.operations import DICOM_JSON, DICOM_PARTS, FRAME_PARTS, Operation, Request

PREFIX_LETTERS = 2
DATE = re.compile(r"[0-9]{8}")  # old files bear dates of ACR-NEMA, with dots, which no search accepts
T = TypeVar("T")


class WorkloadError(Exception):
    """The data set has nothing that an operation could aim at."""


@dataclass(frozen=True, slots=True)
class Workload:
    """The requests of every read, and the instance that STOWs are spliced from."""

    reads: dict[Operation, tuple[Request, ...]]
    template: InstanceRecord

    def in_round(self, operation: Operation, seed: int, round_number: int) -> list[Request]:
        """Return the requests of an operation in the order of this round."""
        requests = list(self.reads[operation])
        Random(f"{seed}/{round_number}/{operation}").shuffle(requests)  # noqa: S311  a workload, not a secret
        return requests


def build_workload(manifest: Manifest, targets: int, page_limit: int) -> Workload:
    """Return the workload with at most that many targets per operation; raises WorkloadError."""
    if not manifest.studies:
        raise WorkloadError("the data set holds no study")
    template_study, template = _template(manifest.studies)
    studies = _without(manifest.studies, template_study)
    searches = _searches(studies, targets, min(page_limit, len(manifest.studies)), len(manifest.studies))
    reads = searches | _retrieves(studies, targets)
    for operation, requests in reads.items():
        if not requests:
            raise WorkloadError(f"the data set holds nothing that {operation} could ask for")
    return Workload(reads, template)


def _template(studies: Sequence[StudyRecord]) -> tuple[StudyRecord, InstanceRecord]:
    """Return the single-frame image of median size, and its study."""
    images = [(s, i) for s in studies for e in s.series for i in e.instances if i.frames == 1]
    found = around_median(images, 1, lambda pair: pair[1].size_bytes)
    if not found:
        raise WorkloadError("the data set holds no single-frame image that a STOW could be spliced from")
    return found[0]


def _without(studies: Sequence[StudyRecord], template: StudyRecord) -> Sequence[StudyRecord]:
    """Return the studies that share no search key with the template; all, where none would remain."""
    prefix = template.patient_name[:PREFIX_LETTERS]
    others = [
        study
        for study in studies
        if study.patient_id != template.patient_id
        and study.study_date[:6] != template.study_date[:6]
        and study.patient_name[:PREFIX_LETTERS] != prefix
    ]
    return others or studies


def around_median(candidates: Iterable[T], number: int, weight: Callable[[T], int]) -> list[T]:
    """Return at most that many candidates, whose weights lie around the median; ties keep their order."""
    ordered = sorted(candidates, key=weight)
    first = max(0, (len(ordered) - number) // 2)
    return ordered[first : first + number]


def _searches(
    studies: Sequence[StudyRecord], targets: int, limit: int, total: int
) -> dict[Operation, tuple[Request, ...]]:
    """Return the searches at study level."""
    patients = Counter(study.patient_id for study in studies if study.patient_id)
    prefixes = Counter(study.patient_name[:PREFIX_LETTERS] for study in studies if study.patient_name)
    dates = [study.study_date for study in studies if DATE.fullmatch(study.study_date)]
    months = Counter(date[:6] for date in dates)
    pages = range(max(1, total - limit + 1))
    offsets = [pages[index * len(pages) // targets] for index in range(targets)]
    page = f"limit={limit}"
    return {
        Operation.QIDO_STUDIES_PAGE: tuple(
            _search(Operation.QIDO_STUDIES_PAGE, f"/studies?{page}&offset={offset}")
            for offset in dict.fromkeys(offsets)
        ),
        Operation.QIDO_STUDIES_PATIENT_ID: tuple(
            _search(Operation.QIDO_STUDIES_PATIENT_ID, f"/studies?PatientID={quote(patient)}")
            for patient in around_median(patients, targets, patients.__getitem__)
        ),
        Operation.QIDO_STUDIES_UID: tuple(
            _search(Operation.QIDO_STUDIES_UID, f"/studies?StudyInstanceUID={study.study_uid}")
            for study in around_median(studies, targets, _study_bytes)
        ),
        Operation.QIDO_STUDIES_NAME_WILDCARD: tuple(
            _search(Operation.QIDO_STUDIES_NAME_WILDCARD, f"/studies?PatientName={quote(prefix)}*&{page}")
            for prefix in around_median(prefixes, targets, prefixes.__getitem__)
        ),
        Operation.QIDO_STUDIES_DATE_RANGE: tuple(
            _search(Operation.QIDO_STUDIES_DATE_RANGE, f"/studies?StudyDate={month}01-{month}31&{page}")
            for month in around_median(months, targets, months.__getitem__)
        ),
    }


def _retrieves(studies: Sequence[StudyRecord], targets: int) -> dict[Operation, tuple[Request, ...]]:
    """Return what aims at one study, series, instance or frame."""
    series = [(study, each) for study in studies for each in study.series]
    instances = [(study, each, instance) for study, each in series for instance in each.instances]
    some_studies = around_median(studies, targets, _study_bytes)
    some_series = around_median(series, targets, lambda pair: _series_bytes(pair[1]))
    some_instances = around_median(instances, targets, lambda found: found[2].size_bytes)
    framed = [found for found in instances if found[2].frames]
    some_framed = around_median(framed, targets, lambda found: found[2].size_bytes // found[2].frames)

    def study_path(study: StudyRecord) -> str:
        return f"/studies/{study.study_uid}"

    def series_path(study: StudyRecord, each: SeriesRecord) -> str:
        return f"{study_path(study)}/series/{each.series_uid}"

    def instance_path(study: StudyRecord, each: SeriesRecord, instance: InstanceRecord) -> str:
        return f"{series_path(study, each)}/instances/{instance.sop_instance_uid}"

    paths: dict[Operation, tuple[str, list[str]]] = {
        Operation.QIDO_SERIES: (DICOM_JSON, [f"{study_path(s)}/series" for s in some_studies]),
        Operation.QIDO_INSTANCES: (DICOM_JSON, [f"{series_path(*pair)}/instances" for pair in some_series]),
        Operation.WADO_STUDY: (DICOM_PARTS, [study_path(s) for s in some_studies]),
        Operation.WADO_SERIES: (DICOM_PARTS, [series_path(*pair) for pair in some_series]),
        Operation.WADO_INSTANCE: (DICOM_PARTS, [instance_path(*found) for found in some_instances]),
        Operation.WADO_METADATA: (DICOM_JSON, [f"{series_path(*pair)}/metadata" for pair in some_series]),
        Operation.WADO_FRAME: (FRAME_PARTS, [f"{instance_path(*found)}/frames/1" for found in some_framed]),
    }
    return {
        operation: tuple(Request(operation, path, accept) for path in targeted)
        for operation, (accept, targeted) in paths.items()
    }


def _search(operation: Operation, path: str) -> Request:
    return Request(operation, path, DICOM_JSON)


def _series_bytes(series: SeriesRecord) -> int:
    return sum(instance.size_bytes for instance in series.instances)


def _study_bytes(study: StudyRecord) -> int:
    return sum(_series_bytes(series) for series in study.series)
