"""Faults in storing metadata and bulk data, in answering a store in XML, and in saying where the study is."""

from dataclasses import replace

from scenarios.conformance.media_type import DICOM_JSON, DICOM_XML
from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer, with_body, with_header, without_header
from tests.faults.fault import in_request, in_response
from tests.faults.zoo_stow import is_store

DAMAGED_BYTES = 16


def stores_metadata(request: Request, media_type: str) -> bool:
    """Tell whether the request stores metadata of that media type."""
    return is_store(request) and f'type="{media_type}"' in (request.header("Content-Type") or "")


def with_damaged_bulk_data(request: Request) -> Request:
    """Return the request with the last bytes of its last part inverted."""
    end = request.body.rindex(b"\r\n--")
    damaged = bytes(byte ^ 0xFF for byte in request.body[end - DAMAGED_BYTES : end])
    return replace(request, body=request.body[: end - DAMAGED_BYTES] + damaged + request.body[end:])


@in_request("STOW-004")
def a_store_is_answered_in_json_alone(request: Request) -> Request:
    """The Accept header of a store is not looked at."""
    return with_header(request, "Accept", DICOM_JSON) if is_store(request) else request


@in_request("STOW-004")
def xml_is_not_acceptable_as_answer_of_a_store(request: Request) -> Request | Response:
    """A store that asks for XML is 406."""
    wants_xml = DICOM_XML in (request.header("Accept") or "")
    return answer(406) if is_store(request) and wants_xml else request


@in_response("STOW-004")
def an_answer_in_xml_names_no_instance(request: Request, response: Response) -> Response:
    """The Native DICOM Model of the answer is empty."""
    if not is_store(request) or b"<NativeDicomModel" not in response.body:
        return response
    return with_body(response, b'<NativeDicomModel xml:space="preserve"/>')


@in_request("STOW-031")
def metadata_in_json_are_no_payload(request: Request) -> Request | Response:
    """DICOM JSON is an unsupported media type."""
    return answer(415) if stores_metadata(request, DICOM_JSON) else request


@in_request("STOW-032")
def metadata_in_xml_are_no_payload(request: Request) -> Request | Response:
    """DICOM XML is an unsupported media type."""
    return answer(415) if stores_metadata(request, DICOM_XML) else request


@in_request("STOW-031", "STOW-033", "STOW-035")
def bulk_data_beside_json_are_damaged(request: Request) -> Request:
    """The last pixels of bulk data beside JSON are stored inverted."""
    return with_damaged_bulk_data(request) if stores_metadata(request, DICOM_JSON) else request


@in_request("STOW-032")
def bulk_data_beside_xml_are_damaged(request: Request) -> Request:
    """The last pixels of bulk data beside XML are stored inverted."""
    return with_damaged_bulk_data(request) if stores_metadata(request, DICOM_XML) else request


@in_response("STOW-039")
def a_new_study_is_not_located(request: Request, response: Response) -> Response:
    """A store says nowhere where the study is."""
    return without_header(response, "Location") if is_store(request) else response


@in_response("STOW-013")
def an_unknown_transfer_syntax_is_a_processing_failure(request: Request, response: Response) -> Response:
    """Whatever the server cannot store is a processing failure."""
    if not is_store(request):
        return response
    return with_body(response, response.body.replace(b"[49442]", b"[272]"))


@in_request("STOW-034")
def images_without_rows_have_one(request: Request) -> Request:
    """What metadata leave out of the pixel description is made up."""
    if not stores_metadata(request, DICOM_JSON) or b'"00280010"' in request.body:
        return request
    one_row = b'"00280010": {"vr": "US", "Value": [1]}, "00080018":'
    return replace(request, body=request.body.replace(b'"00080018":', one_row))
