"""The named workloads: what hospitals, researchers, viewers and benchmarks do, as endless journeys.

Each says which data set fits, and what about it is an assumption rather than a published figure. A journey
uses the names of the fourteen operations where it sends just these; others are named after the workload.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from datasets.manifest import StudyRecord
from scenarios.load.journeys import Journey, Span
from scenarios.load.operations import DICOM_JSON, DICOM_PARTS, Operation, Request
from scenarios.load.stows import StowSource

READS_PER_WRITE = 2.7  # an assumption: 1.6 to 3.8 study reads per study written are derived, none published
WITH_PRIORS, RELEVANT = 0.597, 0.61  # Wirth et al. 2006
PEAK_HOUR = 0.101  # part of the day's exams in its busiest hour (Wilson & Smith 1994)
BATCH = 10

SIZES_KB = {"mr": 513, "ct": 1900, "cr": 5900, "dx": 11000}  # the axes of dcm4chee's STOW measurements
FILES = (5, 10, 50, 100)
CONNECTIONS = (2, 4, 6, 8)
SIZE_DIVISOR, FILES_DIVISOR = 32, 5

# As OHIF asks: a comma list within one includefield, a plain media type, and a limit of 101.
WORKLIST = (
    "/studies?limit=101&offset=0&fuzzymatching=false&includefield=00081030%2C00080060%2C00080090%2C00100030"
)
SERIES_FIELDS = "includefield=00080021%2C00080031%2C0008103E%2C00200011"
FRAME = "multipart/related; type=application/octet-stream; transfer-syntax=*"


@dataclass(frozen=True, slots=True)
class Material:
    """What journeys are made of: the studies there are, STOW bodies of a size (0: as it is), and chance."""

    studies: Sequence[StudyRecord]
    source: Callable[[int], StowSource]
    random: Random
    name: str  # no two materials of a run share it, so that what they store is new


@dataclass(frozen=True, slots=True)
class Named:
    """A workload by name; `clients` ask at the same time, one phase each."""

    name: str
    recipe: str
    summary: str
    assumptions: tuple[str, ...]
    journeys: Callable[[Material], Iterator[Journey]]
    clients: tuple[int, ...] = (1,)
    stores: bool = False


def _hospital(material: Material) -> Iterator[Journey]:
    """Store an examination, or read one with its relevant priors."""
    random, number = material.random, 0
    by_patient: dict[str, list[StudyRecord]] = {}
    for study in material.studies:
        by_patient.setdefault(study.patient_id, []).append(study)
    while True:
        if random.random() < 1 / (1 + READS_PER_WRITE):
            number += 1
            name = f"{material.name}/{number}"
            yield Journey((material.source(0).request(Operation.STOW_BATCH, BATCH, name),))
            continue
        study = random.choice(material.studies)
        requests = [_series(study), _priors(Operation.QIDO_STUDIES_PATIENT_ID, study), _study(study)]
        priors = [prior for prior in by_patient[study.patient_id] if prior is not study]
        if priors and random.random() < WITH_PRIORS * RELEVANT:
            requests.append(_study(random.choice(priors)))
        yield Journey(tuple(requests))


def _research(material: Material) -> Iterator[Journey]:
    """Find a patient's studies and take one series of them whole, with its metadata."""
    while True:
        study = material.random.choice(material.studies)
        path = f"/studies/{study.study_uid}/series/{material.random.choice(study.series).series_uid}"
        yield Journey(
            (
                _priors(Operation.QIDO_STUDIES_PATIENT_ID, study),
                _series(study),
                Request(Operation.WADO_METADATA, f"{path}/metadata", DICOM_JSON),
                Request(Operation.WADO_SERIES, path, DICOM_PARTS),
            )
        )


def _uniform(material: Material) -> Iterator[Journey]:
    """Store one instance of a new study, and retrieve one of those that are there."""
    number = 0
    while True:
        number += 1
        study = material.random.choice(material.studies)
        series = material.random.choice(study.series)
        uid = material.random.choice(series.instances).sop_instance_uid
        path = f"/studies/{study.study_uid}/series/{series.series_uid}/instances/{uid}"
        stored = material.source(0).request(Operation.STOW_INSTANCE, 1, f"{material.name}/{number}")
        yield Journey((stored,))
        yield Journey((Request(Operation.WADO_INSTANCE, path, DICOM_PARTS),))


def _stow_axes(material: Material) -> Iterator[Journey]:
    """Store every size in every number of files per request, in turn."""
    turn = 0
    while True:
        for modality, size_kb in SIZES_KB.items():
            for files in FILES:
                source = material.source(size_kb * 1000 // SIZE_DIVISOR)
                name = f"{material.name}/{modality}/{files}/{turn}"
                operation = f"stow-{modality}-x{files}"
                yield Journey((source.request(operation, files // FILES_DIVISOR, name),))
        turn += 1


def _viewer(material: Material) -> Iterator[Journey]:
    """Open one study after the other, as OHIF does, over one connection."""
    while True:
        yield opening(material.random.choice(material.studies))


def opening(study: StudyRecord) -> Journey:
    """Return the opening of a study: work list, series, priors, metadata of each series, first frames."""
    root = f"/studies/{study.study_uid}/series"
    images = [
        (series, [each.sop_instance_uid for each in series.instances if each.frames])
        for series in study.series
    ]
    requests = [
        Request("viewer-worklist", WORKLIST, DICOM_JSON),
        Request("viewer-series", f"{root}?{SERIES_FIELDS}", DICOM_JSON),
        _priors("viewer-priors", study),
        *(
            Request("viewer-metadata", f"{root}/{series.series_uid}/metadata", DICOM_JSON)
            for series in study.series
        ),
    ]
    first_image = len(requests)
    frames = [f"{series.series_uid}/instances/{uid}/frames/1" for series, uids in images for uid in uids]
    requests += [Request("viewer-frame", f"{root}/{path}", FRAME) for path in frames]
    if first_image == len(requests):
        return Journey(tuple(requests))
    spans = (
        Span("viewer-first-image", 1, first_image),
        Span("viewer-whole-study", 1, len(requests) - 1),
    )
    return Journey(tuple(requests), spans)


def _series(study: StudyRecord) -> Request:
    return Request(Operation.QIDO_SERIES, f"/studies/{study.study_uid}/series", DICOM_JSON)


def _study(study: StudyRecord) -> Request:
    return Request(Operation.WADO_STUDY, f"/studies/{study.study_uid}", DICOM_PARTS)


def _priors(operation: str, study: StudyRecord) -> Request:
    return Request(operation, f"/studies?00100020={study.patient_id}&limit=101", DICOM_JSON)


NAMED = {
    each.name: each
    for each in (
        Named(
            "hospital",
            "hospital",
            "examinations of a clinical mix are stored and read with their priors",
            (
                f"{READS_PER_WRITE} study reads per study written: an assumption, no figure is published",
                f"one study in {1 / (WITH_PRIORS * RELEVANT):.1f} is read with a relevant prior (Wirth 2006)",
                f"the busiest hour holds {PEAK_HOUR:.1%} of a day (Wilson & Smith 1994)",
            ),
            _hospital,
            stores=True,
        ),
        Named(
            "research",
            "research",
            "series of a research archive are found by patient and taken whole",
            ("each journey takes one series; which one is drawn evenly",),
            _research,
        ),
        Named(
            "uniform-500k",
            "uniform-500k",
            "instances of 500 kB are stored and retrieved in turn",
            ("as many are stored as are retrieved",),
            _uniform,
            stores=True,
        ),
        Named(
            "stow-axes",
            "tiny",
            "sizes x files per request x connections of STOW",
            (
                f"sizes are 1/{SIZE_DIVISOR} of {', '.join(map(str, SIZES_KB.values()))} kB",
                f"files per request are 1/{FILES_DIVISOR} of {', '.join(map(str, FILES))}",
            ),
            _stow_axes,
            clients=CONNECTIONS,
            stores=True,
        ),
        Named(
            "viewer",
            "research",
            "a viewer opens studies as OHIF does; spans tell time to first image and of the whole study",
            ("one connection, one request after the other: OHIF itself uses several",),
            _viewer,
        ),
    )
}
