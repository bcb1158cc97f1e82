"""Faults in metadata: attributes that are missing or too many, and instances likewise."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from scenarios.conformance import multipart
from scenarios.conformance.media_type import DICOM_XML
from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer, map_json, with_body, with_header
from tests.faults.fault import in_request, in_response
from tests.faults.zoo_json import is_metadata, map_metadata, map_vr
from tests.faults.zoo_wado import with_parts

Attributes = dict[str, Any]
PIXEL_DATA = "7FE00010"


def without(*names: str) -> Callable[[Attributes], Attributes]:
    """Return a change of a dataset that leaves out these tags, at every level."""

    def stripped(dataset: Attributes) -> Attributes:
        return {tag: inside(attribute) for tag, attribute in dataset.items() if tag not in names}

    def inside(attribute: Attributes) -> Attributes:
        if attribute["vr"] != "SQ":
            return attribute
        return {**attribute, "Value": [stripped(item) for item in attribute.get("Value", ())]}

    return stripped


def is_xml(request: Request) -> bool:
    """Tell whether the request asks for metadata in XML."""
    return is_metadata(request) and DICOM_XML in (request.header("Accept") or "")


@in_request("META-001")
def metadata_are_xml_by_default(request: Request) -> Request:
    """Without preference metadata come in XML."""
    if not is_metadata(request) or request.header("Accept") != "*/*":
        return request
    return with_header(request, "Accept", f'multipart/related; type="{DICOM_XML}"')


@in_response("META-001")
def metadata_are_plain_json(request: Request, response: Response) -> Response:
    """The type of metadata is application/json."""
    if not (is_metadata(request) and response.ok):
        return response
    return with_header(response, "Content-Type", "application/json")


@in_response("META-002")
def one_instance_is_no_array(request: Request, response: Response) -> Response:
    """The metadata of one instance are an object."""
    if not is_metadata(request):
        return response
    return map_json(response, lambda found: found[0] if len(found) == 1 else found)


@in_response("META-001", "META-002")
def metadata_are_of_the_first_instance(request: Request, response: Response) -> Response:
    """The metadata of a study are those of one instance."""
    return map_json(response, lambda found: found[:1]) if is_metadata(request) else response


@in_response("META-003")
def xml_is_of_the_first_instance(request: Request, response: Response) -> Response:
    """Metadata in XML have one part."""
    return with_parts(response, lambda parts: parts[:1]) if is_xml(request) else response


@in_response("META-003")
def one_instance_in_xml_is_no_multipart(request: Request, response: Response) -> Response:
    """The metadata of one instance in XML come as a single part."""
    if not (
        is_xml(request) and "/instances/" in request.target and "multipart" in response.content_type.name
    ):
        return response
    (part,) = multipart.read(response).parts
    return with_header(with_body(response, part.body), "Content-Type", DICOM_XML)


@in_response("META-004")
def metadata_are_the_main_attributes(request: Request, response: Response) -> Response:
    """Nothing above group 0028 is in the metadata."""
    return map_metadata(
        request, response, lambda found: {tag: each for tag, each in found.items() if tag < "0029"}
    )


@in_response("META-004")
def binary_values_are_left_out(request: Request, response: Response) -> Response:
    """OB, OW and UN have a VR and no value."""
    return map_vr(request, response, {"OB", "OW", "UN"}, lambda attribute: {"vr": attribute["vr"]})


@in_response("META-004")
def nested_text_is_left_out(request: Request, response: Response) -> Response:
    """A content tree comes without its text."""
    return map_metadata(request, response, without("0040A160"))


@in_response("META-005")
def names_are_bulk_data(request: Request, response: Response) -> Response:
    """Person names come by URI."""
    return map_vr(request, response, {"PN"}, lambda _: {"vr": "PN", "BulkDataURI": "names"})


@in_response("META-006")
def pixel_data_are_left_out(request: Request, response: Response) -> Response:
    """No metadata say that there are pixels."""
    return map_metadata(request, response, without(PIXEL_DATA))


@in_response("META-006")
def pixel_data_are_empty(request: Request, response: Response) -> Response:
    """Pixel Data are there without a value."""

    def emptied(dataset: Attributes) -> Attributes:
        return {tag: {"vr": "OW"} if tag == PIXEL_DATA else each for tag, each in dataset.items()}

    return map_metadata(request, response, emptied)


@in_response("META-006")
def pixel_data_are_cut(request: Request, response: Response) -> Response:
    """Pixel Data are inline, and three bytes long."""

    def cut(dataset: Attributes) -> Attributes:
        inline = {"vr": "OW", "InlineBinary": "AAAA"}
        return {tag: inline if tag == PIXEL_DATA else each for tag, each in dataset.items()}

    return map_metadata(request, response, cut)


@in_response("META-006")
def everything_has_pixel_data(request: Request, response: Response) -> Response:
    """All metadata have a URI of Pixel Data."""
    pixels = {PIXEL_DATA: {"vr": "OW", "BulkDataURI": "pixels"}}
    return map_metadata(request, response, lambda dataset: {**dataset, **pixels})


@in_response("META-007")
def metadata_describe_planes(request: Request, response: Response) -> Response:
    """Planar Configuration is 1 in the metadata of every image."""
    planar = {"00280006": {"vr": "US", "Value": [1]}}
    return map_metadata(request, response, lambda dataset: {**dataset, **planar})


@in_response("META-008")
def the_transfer_syntax_is_an_attribute(request: Request, response: Response) -> Response:
    """Metadata tell the stored transfer syntax by (0002,0010)."""
    syntax = {"00020010": {"vr": "UI", "Value": ["1.2.840.10008.1.2.1"]}}
    return map_metadata(request, response, lambda dataset: {**syntax, **dataset})


@in_response("META-009")
def unknown_metadata_are_an_empty_array(request: Request, response: Response) -> Response:
    """The metadata of what nobody stored are []."""
    missing = is_metadata(request) and response.status == HTTPStatus.NOT_FOUND
    return answer(HTTPStatus.OK, b"[]", "application/dicom+json") if missing else response


@in_response("META-009")
def unknown_metadata_crash_the_server(request: Request, response: Response) -> Response:
    """The metadata of what nobody stored are 500."""
    missing = is_metadata(request) and response.status == HTTPStatus.NOT_FOUND
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"KeyError") if missing else response
