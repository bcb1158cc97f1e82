"""QIDO-RS: searches for studies, series and instances (PS3.18 10.6)."""

from collections.abc import Iterable

import orjson
from starlette.requests import Request
from starlette.responses import Response

from reference_server.dicomweb.accept import choose_json
from reference_server.dicomweb.archive import acceptable, archive_of, json_response
from reference_server.dicomweb.attributes import KNOWN, REQUIRED, level_of, vr_of
from reference_server.dicomweb.dicom_json import Json, with_base
from reference_server.dicomweb.matching import reads_metadata, search_predicate
from reference_server.dicomweb.search import Search, parse_search
from reference_server.storage.index import Page, search
from reference_server.storage.records import Found, Level

EMPTY: dict[Level, Json] = {
    level: {f"{tag:08X}": {"vr": vr_of(tag)} for tag in required} for level, required in REQUIRED.items()
}
RETURNED = {level: [f"{tag:08X}" for tag in (*REQUIRED[level], *KNOWN[level])] for level in Level}
TRUNCATED = (
    "The number of results exceeded the maximum supported by the server. Additional results can be requested."
)


async def search_studies(request: Request) -> Response:
    """Answer `/studies`."""
    return await _answer(request, Level.STUDY)


async def search_series(request: Request) -> Response:
    """Answer `/series` and `/studies/{study}/series`."""
    return await _answer(request, Level.SERIES)


async def search_instances(request: Request) -> Response:
    """Answer `/instances`, `/studies/{study}/instances` and `/studies/{study}/series/{series}/instances`."""
    return await _answer(request, Level.INSTANCE)


async def _answer(request: Request, level: Level) -> Response:
    archive = archive_of(request)
    access = archive.access(request)
    media_type = choose_json(acceptable(request))
    path = request.path_params
    wanted = parse_search(level, request.query_params.multi_items(), path.get("study"), path.get("series"))
    most = archive.settings.max_results
    limit = most if wanted.limit is None else min(wanted.limit, most)
    # One row more than may be sent tells whether there are more, without counting them.
    more = 1 if wanted.limit is None or wanted.limit > most else 0
    page = Page(limit + more, wanted.offset)
    where = search_predicate(wanted, access)
    found = await search(archive.database, level, where, access, page, with_metadata=reads_metadata(wanted))
    warnings = wanted.warnings + ((TRUNCATED,) if len(found) > limit else ())
    base = archive.base_url(request)
    results = orjson.dumps([render(each, wanted, base) for each in found[:limit]])
    return json_response(with_base(results, base.encode()), media_type, warnings)


def render(found: Found, wanted: Search, base: str) -> Json:
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
        if level_of(tag) in documents:
            result |= _pick(documents[level_of(tag)], (f"{tag:08X}",))
    return dict(sorted((result | _computed(found, base)).items()))


def _pick(document: Json, names: Iterable[str]) -> Json:
    return {name: document[name] for name in names if name in document}


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
