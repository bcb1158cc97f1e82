"""The store instances response: what was stored, and why the rest was not (PS3.18 10.5.3, Annex I)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from reference_server.dicomweb.dicom_json import Json
from reference_server.dicomweb.reasons import Reason
from reference_server.storage.records import Kept

ALL_STORED = 200
SOME_STORED = 202
NONE_STORED = 409
NO_ROOM = 507  # RFC 4918 11.5


@dataclass(frozen=True, slots=True)
class Failure:
    """An instance that was not stored: the failure reason, and its UIDs as far as they are known."""

    reason: Reason
    sop_class_uid: str = ""
    sop_instance_uid: str = ""


def status_of(results: Sequence[Kept | Failure]) -> int:
    """Return the status of a store request with these outcomes."""
    failed = sum(isinstance(each, Failure) for each in results)
    if not failed:
        return ALL_STORED
    if failed < len(results):
        return SOME_STORED
    full = any(isinstance(each, Failure) and each.reason is Reason.OUT_OF_RESOURCES for each in results)
    return NO_ROOM if full else NONE_STORED


def _value(vr: str, *values: str | int) -> Json:
    return {"vr": vr, "Value": list(values)} if values and values[0] != "" else {"vr": vr}


def _reference(sop_class_uid: str, sop_instance_uid: str) -> Json:
    return {"00081150": _value("UI", sop_class_uid), "00081155": _value("UI", sop_instance_uid)}


def receipt(results: Sequence[Kept | Failure], base: str, study: str | None) -> bytes:
    """Return the response dataset as DICOM JSON; a failure without UIDs goes to Other Failures Sequence."""
    stored = [each for each in results if isinstance(each, Kept)]
    failures = [each for each in results if isinstance(each, Failure)]
    studies = {each.study_uid for each in stored} | ({study} if study and stored else set())
    dataset: Json = {
        "00081190": _value("UR", *(f"{base}/studies/{uid}" for uid in studies if len(studies) == 1))
    }
    named = [each for each in failures if each.sop_instance_uid]
    unnamed = [each for each in failures if not each.sop_instance_uid]
    if named:
        dataset["00081198"] = _sequence(
            _reference(each.sop_class_uid, each.sop_instance_uid) | {"00081197": _value("US", each.reason)}
            for each in named
        )
    if stored:
        dataset["00081199"] = _sequence(_stored_item(each, base) for each in stored)
    if unnamed:
        dataset["0008119A"] = _sequence({"00081197": _value("US", each.reason)} for each in unnamed)
    return orjson.dumps(dataset)


def _sequence(items: Iterable[Json]) -> Json:
    """Return a sequence whose items are encoded one by one, because there may be very many."""
    return {"vr": "SQ", "Value": [orjson.Fragment(orjson.dumps(item)) for item in items]}


def _stored_item(kept: Kept, base: str) -> Json:
    url = f"{base}/studies/{kept.study_uid}/series/{kept.series_uid}/instances/{kept.sop_instance_uid}"
    return _reference(kept.sop_class_uid, kept.sop_instance_uid) | {"00081190": _value("UR", url)}
