"""The query of a WADO-URI request: one instance, as a file or as a picture (PS3.18 9.1.2, 9.4, 9.5).

Each parameter is validated here, before anything is read. What is not known is ignored, except where ignoring
it would betray the caller: an object that was to be anonymized, or shown as a presentation state says.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from reference_server.dicomweb.grayscale import WindowFunction
from reference_server.dicomweb.media import DICOM, MediaType, parse_media_type, split_list
from reference_server.dicomweb.reading import valid_uid
from reference_server.dicomweb.viewport import (
    MAX_SIDE,
    Region,
    Rendering,
    Viewport,
    annotations_of,
    checked_window,
    number,
    quality_of,
    single_values,
    whole_number,
)
from reference_server.errors import BadRequest, NotAcceptable

UIDS = {"study": "studyUID", "series": "seriesUID", "instance": "objectUID"}
OF_PICTURES = (
    "frameNumber",
    "imageAnnotation",
    "imageQuality",
    "rows",
    "columns",
    "region",
    "windowCenter",
    "windowWidth",
    "presentationUID",
    "presentationSeriesUID",
)
PARAMETERS = ("requestType", *UIDS.values(), "contentType", "transferSyntax", "anonymize", *OF_PICTURES)
GREATEST_FRAME = 2**31 - 1  # of an integer string


@dataclass(frozen=True, slots=True)
class WadoUri:
    """One instance that is asked for, and how: its media types, best first, are empty where any will do."""

    uids: Mapping[str, str]
    content_types: tuple[MediaType, ...]
    transfer_syntax: str | None
    frame_number: int | None
    rendering: Rendering


def parse_wado_uri(query: QueryParams) -> WadoUri:
    """Return what a query asks for; raises BadRequest where it is malformed or contradicts itself."""
    given = single_values(query, PARAMETERS)
    if given.get("requestType") != "WADO":
        raise BadRequest("requestType has to be WADO")
    content_types = _content_types(given.get("contentType"))
    _check_together(given, content_types)
    _check_offered(given)
    frame = given.get("frameNumber")
    return WadoUri(
        uids={level: _uid(given, name) for level, name in UIDS.items()},
        content_types=content_types,
        transfer_syntax=_uid(given, "transferSyntax") if "transferSyntax" in given else None,
        frame_number=None if frame is None else whole_number(frame, "frameNumber", GREATEST_FRAME),
        rendering=_rendering(given),
    )


def _uid(given: Mapping[str, str], name: str) -> str:
    if not valid_uid(given.get(name, "")):
        raise BadRequest(f"{name} has to be one UID")
    return given[name]


def _content_types(text: str | None) -> tuple[MediaType, ...]:
    """Return the media types of a list, best first (PS3.18 9.1.2.2.1)."""
    types = tuple(parse_media_type(each) for each in split_list(text or ""))
    if text is not None and not types:
        raise BadRequest("contentType has to be a media type")
    if any(name in ("transfer-syntax", "charset") for each in types for name, _ in each.parameters):
        raise BadRequest("contentType: transfer syntax and charset are parameters of their own")
    return tuple(sorted(types, key=lambda each: -each.quality))


def _check_together(given: Mapping[str, str], content_types: tuple[MediaType, ...]) -> None:
    """Refuse parameters that exclude or need one another."""
    essences = {each.essence for each in content_types}
    if essences == {DICOM}:
        for name in OF_PICTURES:
            if name in given:
                raise BadRequest(f"{name} is not for {DICOM}")
    elif essences and "transferSyntax" in given and not essences & {DICOM, "application/*", "*/*"}:
        raise BadRequest(f"transferSyntax is for {DICOM}")
    for pair in (("windowCenter", "windowWidth"), ("presentationUID", "presentationSeriesUID")):
        if len(given.keys() & set(pair)) == 1:
            raise BadRequest(f"{' and '.join(pair)} are given together")


def _check_offered(given: Mapping[str, str]) -> None:
    """Refuse what must not be ignored and is not done here."""
    if "presentationUID" in given:
        for name in ("presentationUID", "presentationSeriesUID"):
            _uid(given, name)
        if given.keys() & {"windowCenter", "region"}:
            raise BadRequest("a presentation state has a window and a region of its own")
        raise NotAcceptable("presentation states are not applied here")
    if given.get("anonymize", "yes") != "yes":
        raise BadRequest("anonymize has to be yes")
    if "anonymize" in given:
        raise NotAcceptable("objects are not anonymized here")


def _rendering(given: Mapping[str, str]) -> Rendering:
    window = None
    if "windowCenter" in given:
        center, width = (number(given[name], name) for name in ("windowCenter", "windowWidth"))
        window = checked_window(center, width, WindowFunction.LINEAR)
    annotations, warnings = annotations_of(given.get("imageAnnotation"), "imageAnnotation")
    return Rendering(
        viewport=Viewport(
            columns=_side(given, "columns"), rows=_side(given, "rows"), region=_region(given.get("region"))
        ),
        window=window,
        quality=quality_of(given.get("imageQuality"), "imageQuality"),
        annotations=annotations,
        warnings=warnings,
    )


def _side(given: Mapping[str, str], name: str) -> int | None:
    return whole_number(given[name], name, MAX_SIDE) if name in given else None


def _region(text: str | None) -> Region:
    """Return a rectangle whose corners are fractions of the image's sides (PS3.18 9.5.1.2.5)."""
    if text is None:
        return Region()
    parts = text.split(",")
    if len(parts) != 4:  # noqa: PLR2004  two corners
        raise BadRequest("region: it has four numbers, from 0 to 1")
    left, top, right, bottom = (number(part, "region") for part in parts)
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise BadRequest("region: its corners lie within 0 and 1, the upper left one first")
    return Region(left, top, right - left, bottom - top, relative=True)
