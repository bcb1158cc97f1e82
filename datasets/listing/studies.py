"""The studies of a listing, as DICOM JSON of their patient, study and series attributes (PS3.18 F.2).

They are planned as those of any data set are. Whatever else an instance says is the template's.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from datasets.plans import SeriesPlan, StudyPlan
from datasets.recipes import MixShare, Recipe

SIDE = 512  # of the pixel matrix of the template: a CT image of half a megabyte
NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def recipe_of(studies: int, instances: int) -> Recipe:
    """Return the recipe of so many CT studies with one series of that many instances each."""
    return Recipe(
        "listing",
        "studies of one series of CT images",
        studies=studies,
        mix=(MixShare("CT", 1, Fraction(1)),),
        report_every=0,
        uniform_instances=instances,
        uniform_side=SIDE,
        instances=studies * instances,
    )


def line_of(study: StudyPlan, repository: str, owner: str) -> dict[str, Any]:
    """Return the line of a study: whose it is, its attributes, and its series with their instances."""
    return {
        "repository": repository,
        "owner": owner,
        "attributes": _study_attributes(study),
        "series": [
            {
                "attributes": _series_attributes(study, series),
                "instances": [study.sop_uid(series, number) for number in range(1, series.instances + 1)],
            }
            for series in study.series
        ],
    }


def _study_attributes(study: StudyPlan) -> Mapping[str, Any]:
    patient = study.patient
    return {
        "00100010": {"vr": "PN", "Value": [_name(patient.name)]},
        "00100020": _element("LO", patient.patient_id),
        "00100030": _element("DA", f"{patient.birth_date:%Y%m%d}"),
        "00100040": _element("CS", patient.sex),
        "0020000D": _element("UI", study.uid),
        "00080020": _element("DA", f"{study.day:%Y%m%d}"),
        "00080030": _element("TM", study.time),
        "00200010": _element("SH", str(study.index)),
        "00080050": _element("SH", study.accession_number),
        "00080090": {"vr": "PN", "Value": [_name(study.referring_physician)]},
        "00081030": _element("LO", study.description),
    }


def _series_attributes(study: StudyPlan, series: SeriesPlan) -> Mapping[str, Any]:
    return {
        "0020000E": _element("UI", series.uid),
        "00080060": _element("CS", series.modality),
        "00200011": {"vr": "IS", "Value": [series.index + 1]},
        "0008103E": _element("LO", series.description),
        "00080021": _element("DA", f"{study.day:%Y%m%d}"),
        "00080031": _element("TM", study.time),
        "00180015": _element("CS", study.body_part),
    }


def _element(vr: str, value: str) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}


def _name(text: str) -> dict[str, str]:
    return {group: part for group, part in zip(NAME_GROUPS, text.split("="), strict=False) if part}
