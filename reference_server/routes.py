"""The resources that the archive serves, as data: path, methods, handlers, operations and clause.

One entry is one path with all of its methods, so that a method which is not served is answered 405 with the
complete Allow header, and OPTIONS from the same table. Every method of every path declares its operation.
"""

from reference_server.accounting.policy import Operation
from reference_server.audit.log import PARAMETERS as AUDIT_PARAMETERS
from reference_server.audit.log import XML, retrieve_audit_record, search_audit
from reference_server.capabilities import DESCRIPTIONS, OPENAPI, retrieve_capabilities
from reference_server.dicomweb.accept_rendered import IMAGE_TYPES
from reference_server.dicomweb.bulkdata import (
    retrieve_all_bulkdata,
    retrieve_bulkdata,
    retrieve_pixel_data,
)
from reference_server.dicomweb.instances import retrieve_instances
from reference_server.dicomweb.media import DICOM, DICOM_JSON, DICOM_XML, JSON, MULTIPART, OCTETS
from reference_server.dicomweb.pixels import retrieve_frames
from reference_server.dicomweb.qido import search_instances, search_series, search_studies
from reference_server.dicomweb.readable_documents import DOCUMENT_TYPES
from reference_server.dicomweb.rendered import retrieve_rendered
from reference_server.dicomweb.stow import store_instances
from reference_server.dicomweb.thumbnail import retrieve_thumbnail
from reference_server.dicomweb.transfer import FRAME_TYPES
from reference_server.dicomweb.viewport import RENDERING_PARAMETERS
from reference_server.dicomweb.wado import retrieve_metadata
from reference_server.dicomweb.wado_uri import retrieve_by_query
from reference_server.dicomweb.wado_uri_query import PARAMETERS as WADO_URI_PARAMETERS
from reference_server.management.description import retrieve_description
from reference_server.management.table import PROCEDURES
from reference_server.resource import Action, Resource

STUDY = "/studies/{study}"
SERIES = f"{STUDY}/series/{{series}}"
INSTANCE = f"{SERIES}/instances/{{instance}}"
FRAMES = f"{INSTANCE}/frames/{{frames}}"

_ACCEPT = ("accept",)
_SEARCH = (
    "limit",
    "offset",
    "fuzzymatching",
    "emptyvaluematching",
    "multiplevaluematching",
    "includefield",
    "accept",
)


def _parts_of(media_type: str) -> str:
    """Return the media type of an answer whose parts are of that type."""
    return f'{MULTIPART}; type="{media_type}"'


_PIXELS = (
    OCTETS,
    _parts_of(OCTETS),
    *(_parts_of(each) for each in sorted({types[0] for types in FRAME_TYPES.values()})),
)
_STORE = Action(
    store_instances,
    Operation.APPEND,
    gives=(DICOM_JSON, DICOM_XML),
    takes=(_parts_of(DICOM), _parts_of(DICOM_JSON), _parts_of(DICOM_XML)),
)
_FOUND = (DICOM_JSON, _parts_of(DICOM_XML))
_CAPABILITIES = Action(retrieve_capabilities, Operation.NOTHING, DESCRIPTIONS, parameters=_ACCEPT)
_STUDIES = Action(search_studies, Operation.DISCOVER, _FOUND, parameters=_SEARCH)
_SERIES = Action(search_series, Operation.DISCOVER, _FOUND, parameters=_SEARCH)
_INSTANCES = Action(search_instances, Operation.DISCOVER, _FOUND, parameters=_SEARCH)
_RETRIEVE = Action(
    retrieve_instances, Operation.RETRIEVE, (_parts_of(DICOM), DICOM, _parts_of(OCTETS)), parameters=_ACCEPT
)
_METADATA = Action(
    retrieve_metadata, Operation.RETRIEVE, (DICOM_JSON, _parts_of(DICOM_XML)), parameters=_ACCEPT
)
_FRAMES = Action(retrieve_frames, Operation.RETRIEVE, _PIXELS, parameters=_ACCEPT)
_BULKDATA = Action(retrieve_bulkdata, Operation.RETRIEVE, _PIXELS, parameters=_ACCEPT)
_ALL_BULKDATA = Action(retrieve_all_bulkdata, Operation.RETRIEVE, _PIXELS[1:], parameters=_ACCEPT)
_RENDERED = Action(
    retrieve_rendered,
    Operation.RETRIEVE,
    (*IMAGE_TYPES, *map(_parts_of, IMAGE_TYPES), *DOCUMENT_TYPES),
    parameters=(*_ACCEPT, *RENDERING_PARAMETERS),
)
_THUMBNAIL = Action(retrieve_thumbnail, Operation.RETRIEVE, IMAGE_TYPES, parameters=(*_ACCEPT, "viewport"))
_BY_QUERY = Action(
    retrieve_by_query,
    Operation.RETRIEVE,
    (*IMAGE_TYPES, DICOM, *DOCUMENT_TYPES),
    parameters=WADO_URI_PARAMETERS,
)
_PIXEL_DATA = Action(retrieve_pixel_data, Operation.RETRIEVE, _PIXELS[1:], parameters=_ACCEPT)

AUDIT_LOG: tuple[Resource, ...] = (
    Resource(
        "/accounting/audit",
        {"GET": Action(search_audit, Operation.OWN, (JSON,), parameters=AUDIT_PARAMETERS)},
    ),
    Resource(
        "/accounting/audit/{id}",
        {"GET": Action(retrieve_audit_record, Operation.OWN, (JSON, XML), parameters=_ACCEPT)},
    ),
)

MANAGEMENT: tuple[Resource, ...] = (
    Resource(
        "/accounting/openapi.json", {"GET": Action(retrieve_description, Operation.NOTHING, gives=(OPENAPI,))}
    ),
    *(
        Resource(path, {method: each.action(method) for method, each in procedures.items()})
        for path, procedures in PROCEDURES.items()
    ),
    *AUDIT_LOG,
)

RESOURCES: tuple[Resource, ...] = (
    Resource("/studies", {"GET": _STUDIES, "POST": _STORE}, "10.6.1.1, 10.5.1"),
    Resource("/series", {"GET": _SERIES}, "10.6.1.1"),
    Resource("/instances", {"GET": _INSTANCES}, "10.6.1.1"),
    Resource(STUDY, {"GET": _RETRIEVE, "POST": _STORE}, "10.4.1.1.1, 10.5.1"),
    Resource(f"{STUDY}/metadata", {"GET": _METADATA}, "10.4.1.1.2"),
    Resource(f"{STUDY}/series", {"GET": _SERIES}, "10.6.1.1"),
    Resource(f"{STUDY}/instances", {"GET": _INSTANCES}, "10.6.1.1"),
    Resource(SERIES, {"GET": _RETRIEVE}, "10.4.1.1.1"),
    Resource(f"{SERIES}/metadata", {"GET": _METADATA}, "10.4.1.1.2"),
    Resource(f"{SERIES}/instances", {"GET": _INSTANCES}, "10.6.1.1"),
    Resource(INSTANCE, {"GET": _RETRIEVE}, "10.4.1.1.1"),
    Resource(f"{INSTANCE}/metadata", {"GET": _METADATA}, "10.4.1.1.2"),
    Resource(FRAMES, {"GET": _FRAMES}, "10.4.1.1.6"),
    *(
        Resource(f"{each}/rendered", {"GET": _RENDERED}, "10.4.1.1.3")
        for each in (STUDY, SERIES, INSTANCE, FRAMES)
    ),
    Resource("/wado", {"GET": _BY_QUERY}, "9"),
    *(
        Resource(f"{each}/thumbnail", {"GET": _THUMBNAIL}, "10.4.1.1.4")
        for each in (STUDY, SERIES, INSTANCE, FRAMES)
    ),
    Resource(f"{INSTANCE}/bulkdata/{{attribute:path}}", {"GET": _BULKDATA}, "10.4.1.1.5"),
    *(
        Resource(f"{each}/bulkdata", {"GET": _ALL_BULKDATA}, "10.4.1.1.5")
        for each in (STUDY, SERIES, INSTANCE)
    ),
    *(
        Resource(f"{each}/pixeldata", {"GET": _PIXEL_DATA}, "10.4.1.1.6")
        for each in (STUDY, SERIES, INSTANCE)
    ),
    Resource("", {"GET": _CAPABILITIES, "OPTIONS": _CAPABILITIES}, "8.9"),
    Resource("/", {"GET": _CAPABILITIES, "OPTIONS": _CAPABILITIES}, "8.9"),
)
