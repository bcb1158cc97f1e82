"""QIDO-RS: searches for studies, series and instances (PS3.18 10.6)."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from reference_server.dicomweb import attributes
from reference_server.dicomweb.accept import choose_json
from reference_server.dicomweb.archive import acceptable, archive_of, json_response
from reference_server.dicomweb.attributes import KEPT, KNOWN, REQUIRED, level_of, vr_of
from reference_server.dicomweb.dicom_json import Json, with_base
from reference_server.dicomweb.matching import search_predicate
from reference_server.dicomweb.search import Search, parse_search
from reference_server.storage.index import Page, search
from reference_server.storage.records import Found, Level

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
    media_type = choose_json(acceptable(request))
    path = request.path_params
    wanted = parse_search(level, request.query_params.multi_items(), path.get("study"), path.get("series"))
    access = archive.access(request)
    most = archive.settings.max_results
    limit = most if wanted.limit is None else min(wanted.limit, most)
    # One row more than may be sent tells whether there are more, without counting them.
    more = 1 if wanted.limit is None or wanted.limit > most else 0
    page = Page(limit + more, wanted.offset)
    found = await search(archive.database, level, search_predicate(wanted, access), access, page)
    warnings = wanted.warnings + ((TRUNCATED,) if len(found) > limit else ())
    base = archive.base_url(request)
    results = orjson.dumps([render(each, wanted, base) for each in found[:limit]])
    return json_response(with_base(results, base.encode()), media_type, warnings)


def render(found: Found, wanted: Search, base: str) -> Json:
    """Return one result: attributes of its level and of the levels that the path omits, and counts."""
    levels = [wanted.level]
    if wanted.level is not Level.STUDY and wanted.study_uid is None:
        levels.append(Level.STUDY)
    if wanted.level is Level.INSTANCE and wanted.series_uid is None:
        levels.append(Level.SERIES)
    documents: dict[Level, Json] = {Level.STUDY: orjson.loads(found.study_attributes)}
    if found.series_attributes is not None:
        documents[Level.SERIES] = orjson.loads(found.series_attributes)
    if found.metadata is not None:
        documents[Level.INSTANCE] = orjson.loads(found.metadata)
    result: Json = {}
    for level in levels:
        result |= _attributes(documents[level], level, wanted)
    for tag in wanted.include:
        if level_of(tag) in documents and (name := f"{tag:08X}") in documents[level_of(tag)]:
            result[name] = documents[level_of(tag)][name]
    result |= _computed(found, base)
    return dict(sorted(result.items()))


def _attributes(document: Json, level: Level, wanted: Search) -> Json:
    """Return what a result carries of one level: what is required even if empty, the rest where known."""
    if wanted.include_all and level is Level.INSTANCE:
        return document
    optional = KNOWN[level] + (KEPT[level] if wanted.include_all else ())
    result: Json = {f"{tag:08X}": document.get(f"{tag:08X}", {"vr": vr_of(tag)}) for tag in REQUIRED[level]}
    return result | {name: document[name] for tag in optional if (name := f"{tag:08X}") in document}


def _value(tag: int, value: Any) -> Json:
    return {f"{tag:08X}": {"vr": vr_of(tag), "Value": value if isinstance(value, list) else [value]}}


def _computed(found: Found, base: str) -> Json:
    """Return the attributes that describe the result as this archive holds it."""
    url = f"{base}/studies/{found.study_uid}"
    result = _value(attributes.STUDY_UID, found.study_uid)
    if found.series_uid is not None:
        url += f"/series/{found.series_uid}"
        result |= _value(attributes.SERIES_UID, found.series_uid)
    if found.sop_instance_uid is not None:
        url += f"/instances/{found.sop_instance_uid}"
    result |= _value(attributes.RETRIEVE_URL, url) | _value(attributes.INSTANCE_AVAILABILITY, "ONLINE")
    if found.modalities is not None:
        modalities = [each for each in orjson.loads(found.modalities) if each]
        result |= _value(attributes.MODALITIES_IN_STUDY, modalities)
        result |= _value(attributes.STUDY_RELATED_SERIES, found.series_count)
        result |= _value(attributes.STUDY_RELATED_INSTANCES, found.instance_count)
    elif found.instance_count is not None:
        result |= _value(attributes.SERIES_RELATED_INSTANCES, found.instance_count)
    return result
