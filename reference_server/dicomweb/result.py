"""What a search returns of a match: PS3.18 Tables 10.6.3-3 to 10.6.3-5, and what was asked for."""

from collections.abc import Iterable

import orjson

from reference_server.dicomweb.attributes import KNOWN, REQUIRED, Catalogue, vr_of
from reference_server.dicomweb.dicom_json import Json
from reference_server.dicomweb.private_tags import BLOCKS, block_of, is_creator
from reference_server.dicomweb.search import PrivateField, Search
from reference_server.storage.records import Found, Level

EMPTY: dict[Level, Json] = {
    level: {f"{tag:08X}": {"vr": vr_of(tag)} for tag in required} for level, required in REQUIRED.items()
}
RETURNED = {level: [f"{tag:08X}" for tag in (*REQUIRED[level], *KNOWN[level])] for level in Level}


def render(found: Found, wanted: Search, catalogue: Catalogue, base: str) -> Json:
    """Return one result: attributes of its level and of the levels that the path omits, and counts."""
    documents: dict[Level, Json] = {Level.STUDY: orjson.loads(found.study_attributes)}
    if found.series_attributes is not None:
        documents[Level.SERIES] = orjson.loads(found.series_attributes)
    if found.instance_attributes is not None:
        documents[Level.INSTANCE] = orjson.loads(found.metadata or found.instance_attributes)
    result: Json = {}
    for level, document in documents.items():
        if level is wanted.level or level not in wanted.levels_of_path:
            result |= EMPTY[level]
            result |= document if wanted.include_all else _pick(document, RETURNED[level])
    for tag in wanted.include:
        if catalogue.level_of(tag) in documents:
            result |= _pick(documents[catalogue.level_of(tag)], (f"{tag:08X}",))
    for field in wanted.private:
        result |= _private(documents.get(Level.INSTANCE, {}), field)
    return dict(sorted((result | _computed(found, base)).items()))


def _pick(document: Json, names: Iterable[str]) -> Json:
    return {name: document[name] for name in names if name in document}


def _private(document: Json, field: PrivateField) -> Json:
    """Return a private attribute from the block that its creator has, and where the creator is named.

    The block may be another one than the request says (PS3.5 7.8.1).
    """
    number, asked = block_of(field.tag)
    group = f"{number:04X}"
    result: Json = {}
    for block in BLOCKS:
        creator = f"{group}00{block:02X}"
        values = document.get(creator, {}).get("Value")
        if values == [field.creator] if field.creator else values and block == asked:
            attribute = creator if is_creator(field.tag) else f"{group}{block:02X}{field.tag & 0xFF:02X}"
            result |= _pick(document, (creator, attribute))
    return result


def _computed(found: Found, base: str) -> Json:
    """Return the attributes that describe the result as this archive holds it."""
    url = f"{base}/studies/{found.study_uid}"
    result: Json = {"0020000D": {"vr": "UI", "Value": [found.study_uid]}}
    if found.series_uid is not None:
        url += f"/series/{found.series_uid}"
        result["0020000E"] = {"vr": "UI", "Value": [found.series_uid]}
    if found.sop_instance_uid is not None:
        url += f"/instances/{found.sop_instance_uid}"
    result["00081190"] = {"vr": "UR", "Value": [url]}
    result["00080056"] = {"vr": "CS", "Value": ["ONLINE"]}
    if found.modalities is not None:
        modalities = [each for each in orjson.loads(found.modalities) if each]
        result["00080061"] = {"vr": "CS", "Value": modalities} if modalities else {"vr": "CS"}
        result["00201206"] = {"vr": "IS", "Value": [found.series_count]}
        result["00201208"] = {"vr": "IS", "Value": [found.instance_count]}
    elif found.instance_count is not None:
        result["00201209"] = {"vr": "IS", "Value": [found.instance_count]}
    return result
