"""The store instances response: what was stored, and why the rest was not (PS3.18 10.5.3, Annex I)."""

from collections.abc import Sequence
from dataclasses import dataclass

from reference_server.dicomweb.dicom_json import Json
from reference_server.dicomweb.reasons import Reason
from reference_server.storage.records import InstanceRecord

ALL_STORED = 200
SOME_STORED = 202
NONE_STORED = 409


@dataclass(frozen=True, slots=True)
class Failure:
    """An instance that was not stored: the failure reason, and its UIDs as far as they are known."""

    reason: Reason
    sop_class_uid: str = ""
    sop_instance_uid: str = ""


def status_of(results: Sequence[InstanceRecord | Failure]) -> int:
    """Return the status of a store request with these outcomes."""
    failed = sum(isinstance(each, Failure) for each in results)
    if not failed:
        return ALL_STORED
    return SOME_STORED if failed < len(results) else NONE_STORED


def _value(vr: str, *values: str | int) -> Json:
    return {"vr": vr, "Value": list(values)} if values and values[0] != "" else {"vr": vr}


def _reference(sop_class_uid: str, sop_instance_uid: str) -> Json:
    return {"00081150": _value("UI", sop_class_uid), "00081155": _value("UI", sop_instance_uid)}


def receipt(results: Sequence[InstanceRecord | Failure], base: str, study: str | None) -> Json:
    """Return the response dataset; a failure without UIDs goes to Other Failures Sequence."""
    stored = [each for each in results if isinstance(each, InstanceRecord)]
    failures = [each for each in results if isinstance(each, Failure)]
    studies = {each.study_uid for each in stored} | ({study} if study and stored else set())
    dataset: Json = {
        "00081190": _value("UR", *(f"{base}/studies/{uid}" for uid in studies if len(studies) == 1))
    }
    if stored:
        dataset["00081199"] = {"vr": "SQ", "Value": [_stored_item(each, base) for each in stored]}
    named = [each for each in failures if each.sop_instance_uid]
    unnamed = [each for each in failures if not each.sop_instance_uid]
    if named:
        items = [
            _reference(each.sop_class_uid, each.sop_instance_uid) | {"00081197": _value("US", each.reason)}
            for each in named
        ]
        dataset["00081198"] = {"vr": "SQ", "Value": items}
    if unnamed:
        dataset["0008119A"] = {
            "vr": "SQ",
            "Value": [{"00081197": _value("US", each.reason)} for each in unnamed],
        }
    return dict(sorted(dataset.items()))


def _stored_item(record: InstanceRecord, base: str) -> Json:
    url = f"{base}/studies/{record.study_uid}/series/{record.series_uid}/instances/{record.sop_instance_uid}"
    return _reference(record.sop_class_uid, record.sop_instance_uid) | {"00081190": _value("UR", url)}
