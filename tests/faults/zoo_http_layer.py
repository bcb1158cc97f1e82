"""Faults in what stands before the handlers: credentials, caches, origins, negotiation, old syntaxes."""

from http import HTTPStatus
from io import BytesIO
from urllib.parse import urlsplit

from pydicom import dcmread, dcmwrite
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer, parameters, with_body, with_header, without_header, without_parameter
from tests.faults.fault import in_request, in_response

EMPTY_LIST = b"[]"
JSON = "application/dicom+json"


@in_response("HTTP-014")
def errors_say_nothing(_: Request, response: Response) -> Response:
    """A client error has no body."""
    return with_body(response, b"") if response.is_client_error else response


@in_response("HTTP-013")
def a_refusal_has_no_challenge(_: Request, response: Response) -> Response:
    """A 401 does not say which credentials would do."""
    return without_header(response, "WWW-Authenticate")


def _implicit(body: bytes) -> bytes:
    """Return a multipart body of one instance with the instance in Implicit VR Little Endian."""
    boundary = body.partition(b"\r\n")[0]
    head, _, rest = body.partition(b"\r\n\r\n")
    content, _, end = rest.rpartition(b"\r\n" + boundary)
    dataset = dcmread(BytesIO(content))
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    written = BytesIO()
    dcmwrite(written, dataset, little_endian=True, implicit_vr=True, overwrite=True)
    label = head.replace(ExplicitVRLittleEndian.encode(), ImplicitVRLittleEndian.encode())
    return label + b"\r\n\r\n" + written.getvalue() + b"\r\n" + boundary + end


@in_response("HTTP-017")
def any_syntax_is_implicit_vr(request: Request, response: Response) -> Response:
    """What is stored uncompressed is sent in Implicit VR to who asks for any transfer syntax."""
    asked = "transfer-syntax=*" in (request.header("Accept") or "").replace('"', "")
    one = response.ok and response.body.count(b"\0DICM") == 1
    native = f"transfer-syntax={ExplicitVRLittleEndian}\r\n".encode() in response.body
    return with_body(response, _implicit(response.body)) if asked and one and native else response


@in_request("HTTP-020")
def a_wildcard_as_a_parameter_is_ignored(request: Request) -> Request:
    """The accept parameter counts for nothing where it is a wildcard."""
    return without_parameter(request, "accept") if ("accept", "*/*") in parameters(request) else request


@in_request("HTTP-022")
def mixed_types_have_no_answer(request: Request) -> Request | Response:
    """DICOM and rendered types in one Accept header are not acceptable, though each would be."""
    accept = request.header("Accept") or ""
    mixed = "application/dicom" in accept and "image/jpeg" in accept
    return answer(HTTPStatus.NOT_ACCEPTABLE, b"neither") if mixed else request


@in_response("HTTP-023")
def head_has_another_type(request: Request, response: Response) -> Response:
    """HEAD is answered by something that knows no media types."""
    return with_header(response, "Content-Type", "text/html") if request.method == "HEAD" else response


@in_response("HTTP-024")
def no_origin_is_allowed(_: Request, response: Response) -> Response:
    """No page of another origin may read an answer."""
    return without_header(response, "Access-Control-Allow-Origin")


@in_request("HTTP-025")
def an_entity_tag_holds_for_ever(request: Request) -> Request | Response:
    """Whoever has had a study once is told that it is unchanged."""
    return answer(HTTPStatus.NOT_MODIFIED) if request.header("If-None-Match") else request


@in_response("HTTP-027")
def caches_are_told_nothing_of_accept(_: Request, response: Response) -> Response:
    """Answers may be kept by any cache, which is not told that they depend on Accept."""
    return with_header(without_header(response, "Vary"), "Cache-Control", "public, max-age=3600")


@in_request("HTTP-029")
def what_is_no_uid_is_an_empty_study(request: Request) -> Request | Response:
    """A study whose UID is none exists and is empty."""
    segments = urlsplit(request.target).path.split("/")
    named = segments[segments.index("studies") + 1 :][:1] if "studies" in segments else []
    is_uid = all(set(each) <= set("0123456789.") and ".." not in each and len(each) <= 64 for each in named)
    return request if is_uid else answer(HTTPStatus.OK, EMPTY_LIST, JSON)
