"""Discovery: the targets of an archive about which nothing is known but its URL, found by search.

Only searches and metadata are asked for, and only for a few studies, because the archive may be a large one
in service. The result is a manifest without files and people, so that the same workload aims at it.
"""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from datasets.manifest import InstanceRecord, Manifest, SeriesRecord, StudyRecord
from datasets.people import People
from scenarios.load.operations import DICOM_JSON
from scenarios.load.users import Endpoint
from scenarios.load.workload import WorkloadError

TIMEOUT_S = 30.0
NOBODY = People(organizations=(), facilities=(), roles=(), users=(), shares=())


def discover(endpoint: Endpoint, studies: int) -> Manifest:
    """Return what the archive says about that many of its studies; raises WorkloadError."""
    found = _get(endpoint, f"/studies?limit={studies}")
    return Manifest(
        recipe="discovered",
        seed=0,
        people=NOBODY,
        studies=tuple(_study(endpoint, each) for each in found),
        root=Path(),
    )


def _study(endpoint: Endpoint, found: dict[str, Any]) -> StudyRecord:
    uid = _text(found, "0020000D")
    return StudyRecord(
        study_uid=uid,
        patient_id=_text(found, "00100020"),
        patient_name=_text(found, "00100010"),
        study_date=_text(found, "00080020"),
        accession_number=_text(found, "00080050"),
        facility="",
        owner="",
        series=tuple(_series(endpoint, uid, each) for each in _get(endpoint, f"/studies/{uid}/series")),
    )


def _series(endpoint: Endpoint, study_uid: str, found: dict[str, Any]) -> SeriesRecord:
    uid = _text(found, "0020000E")
    metadata = _get(endpoint, f"/studies/{study_uid}/series/{uid}/metadata")
    return SeriesRecord(
        series_uid=uid,
        modality=_text(found, "00080060"),
        series_number=_number(found, "00200011", 0),
        instances=tuple(_instance(each) for each in metadata),
    )


def _instance(metadata: dict[str, Any]) -> InstanceRecord:
    """Return an instance; its size is guessed from its pixels, because nothing is retrieved."""
    rows, columns = _number(metadata, "00280010", 0), _number(metadata, "00280011", 0)
    frames = _number(metadata, "00280008", 1) if rows else 0
    bits, samples = _number(metadata, "00280100", 8), _number(metadata, "00280002", 1)
    return InstanceRecord(
        sop_instance_uid=_text(metadata, "00080018"),
        sop_class_uid=_text(metadata, "00080016"),
        transfer_syntax_uid="",
        instance_number=_number(metadata, "00200013", 0),
        frames=frames,
        path="",
        size_bytes=frames * rows * columns * samples * bits // 8,
        sha256="",
        visible_to=(),
    )


def _get(endpoint: Endpoint, path: str) -> list[dict[str, Any]]:
    url = f"{endpoint.base_url}{path}"
    request = urllib.request.Request(url, headers={**endpoint.headers, "Accept": DICOM_JSON})  # noqa: S310  the operator's URL
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  as above
            body = answer.read()
        found = json.loads(body) if body else []
    except (urllib.error.URLError, ValueError) as error:
        raise WorkloadError(f"{url} was not answered with DICOM JSON: {error}") from None
    if not isinstance(found, list):
        raise WorkloadError(f"{url} was not answered with a list")
    return found


def _text(dataset: dict[str, Any], tag: str) -> str:
    """Return the first value of an element as text; empty without one. Of a name, the alphabetic form."""
    values = dataset.get(tag, {}).get("Value") or [""]
    value = values[0]
    return str(value.get("Alphabetic", "")) if isinstance(value, dict) else str(value or "")


def _number(dataset: dict[str, Any], tag: str, otherwise: int) -> int:
    text = _text(dataset, tag)
    return int(text) if text.isdecimal() else otherwise
