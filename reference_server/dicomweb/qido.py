"""QIDO-RS: searches for studies, series and instances (PS3.18 10.6)."""

from functools import partial
from http import HTTPStatus

import orjson
from starlette.requests import Request
from starlette.responses import Response

from reference_server.dicomweb.accept import choose_metadata
from reference_server.dicomweb.archive import acceptable, archive_of, json_response, with_warnings
from reference_server.dicomweb.dicom_json import with_base
from reference_server.dicomweb.dicom_xml import json_to_xml
from reference_server.dicomweb.matching import reads_metadata, search_predicate
from reference_server.dicomweb.media import DICOM_JSON, DICOM_XML
from reference_server.dicomweb.parts import PartSource, PartsResponse
from reference_server.dicomweb.query_string import parse_search
from reference_server.dicomweb.result import render
from reference_server.storage.index import search
from reference_server.storage.page import Page
from reference_server.storage.records import Level, Results


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
    choice = choose_metadata(acceptable(request), single=False)
    path = request.path_params
    parameters = request.query_params.multi_items()
    wanted = parse_search(level, parameters, path.get("study"), path.get("series"), archive.catalogue)
    most = archive.settings.max_results
    limit = most if wanted.limit is None else min(wanted.limit, most)
    # One match more than is counted tells a number from a lower bound.
    page = Page(limit, wanted.offset, archive.settings.max_counted + 1)
    where = search_predicate(wanted, access, archive.catalogue)
    with_metadata = reads_metadata(wanted, archive.catalogue)
    results = await search(archive.database, level, where, access, page, with_metadata=with_metadata)
    warnings = wanted.warnings + _remaining(results, archive.settings.max_counted)
    documents = []
    for each in results.found:
        base = archive.base_url(request, each.other_repository)
        result = orjson.dumps(render(each, wanted, archive.catalogue, base))
        documents.append(with_base(result, base.encode()))
    if choice.media_type == DICOM_JSON:
        return json_response(b"[" + b",".join(documents) + b"]", DICOM_JSON, warnings)
    return with_warnings(_xml(documents), warnings)


def _remaining(results: Results, most: int) -> tuple[str, ...]:
    """Return the warning that there are more matches (PS3.18 8.3.4.4.1), if there are."""
    if not results.remaining:
        return ()
    number = f"more than {most}" if results.remaining > most else str(results.remaining)
    return (f"There are {number} additional results that can be requested",)


def _xml(documents: list[bytes]) -> Response:
    """Return the results as XML, one part each; a message of no parts does not exist, so none is 204."""
    if not documents:
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def part(document: bytes) -> bytes:
        return json_to_xml(orjson.loads(document))

    headers = (("Content-Type", DICOM_XML),)
    return PartsResponse([PartSource(headers, partial(part, each)) for each in documents], DICOM_XML)
