"""Faults in transfer syntaxes, in what parts say about them, and in charsets."""

import re
from http import HTTPStatus

from scenarios.conformance.media_type import DICOM_JSON
from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer, with_body, with_header
from tests.faults.fault import in_request, in_response

EXPLICIT = "1.2.840.10008.1.2.1"
ACCEPTS_INSTANCES = re.compile(r'multipart/related; type="application/dicom"')
IS_INSTANCE = re.compile(r"/(studies|series|instances)/[0-9.]+$")
SYNTAX = re.compile(r"\s*;\s*transfer-syntax=[^;,]+")
LABEL = re.compile(rb"; transfer-syntax=[0-9.]+")
FILE_META_SYNTAX = re.compile(rb"\x02\x00\x10\x00UI..([0-9.]+)", re.DOTALL)


def accept_of(request: Request) -> str:
    """Return the Accept header, empty if there is none."""
    return request.header("Accept") or ""


def syntaxes(request: Request) -> list[str]:
    """Return the transfer syntaxes that the Accept header names."""
    return re.findall(r"transfer-syntax=([^;, ]+)", accept_of(request))


def with_syntax(request: Request, syntax: str) -> Request:
    """Return the request as one for this transfer syntax."""
    return with_header(request, "Accept", f"{SYNTAX.sub('', accept_of(request))}; transfer-syntax={syntax}")


def map_parts(response: Response, pattern: re.Pattern[bytes], new: bytes) -> Response:
    """Return a multipart response with something replaced in its body."""
    if response.content_type.name != "multipart/related":
        return response
    return with_body(response, pattern.sub(new, response.body))


def refused(status: int = HTTPStatus.NOT_ACCEPTABLE) -> Response:
    """Return a refusal of the transfer syntax."""
    return answer(status, b"not acceptable")


@in_request(
    "neg/transfer_syntaxes/rle_*",
    "neg/transfer_syntaxes/jpeg_2000_comes*",
    "neg/transfer_syntaxes/jpeg_lossless*",
    "neg/transfer_syntaxes/jpeg_ls*",
    "neg/transfer_syntaxes/htj2k*",
    "neg/transfer_syntaxes/anything_is_explicit*",
    "neg/transfer_syntaxes/a_mixed_series_comes_in_one_syntax",
)
def what_is_stored_is_the_default(request: Request) -> Request:
    """Without transfer-syntax an instance comes as it was stored; */* means just that."""
    is_instance = request.method == "GET" and IS_INSTANCE.search(request.target) and not syntaxes(request)
    return (
        with_header(request, "Accept", 'multipart/related; type="application/dicom"; transfer-syntax=*')
        if (is_instance)
        else request
    )


@in_response("NEG-010")
def lossy_images_get_a_syntax_of_their_own(_: Request, response: Response) -> Response:
    """The File Meta Information of every instance says Deflated."""
    return map_parts(response, FILE_META_SYNTAX, b"\x02\x00\x10\x00UI\x16\x001.2.840.10008.1.2.1.99")


@in_request("NEG-011", "neg/transfer_syntaxes/a_mixed_series_comes_as_it_is")
def any_syntax_is_no_syntax(request: Request) -> Request | Response:
    """transfer-syntax=* is a UID that the server does not know."""
    return refused() if syntaxes(request) == ["*"] else request


@in_request("neg/transfer_syntaxes/the_default_syntax_may_be_named")
def named_syntaxes_are_refused(request: Request) -> Request | Response:
    """A transfer syntax by its UID is 406, even the default one."""
    return refused() if EXPLICIT in syntaxes(request) else request


@in_request("neg/transfer_syntaxes/a_named_compression_is_used", "NEG-013", "NEG-014")
def named_syntaxes_are_ignored(request: Request) -> Request:
    """Whichever transfer syntax is named, the default comes."""
    named = [each for each in syntaxes(request) if each != "*"]
    return with_header(request, "Accept", SYNTAX.sub("", accept_of(request))) if named else request


@in_request("NEG-013")
def unknown_syntaxes_are_bad_requests(request: Request) -> Request | Response:
    """A transfer syntax that is not offered is 400."""
    return refused(HTTPStatus.BAD_REQUEST) if "1.2.840.10008.1.2.4.999" in syntaxes(request) else request


@in_request("neg/transfer_syntaxes/stored_implicit_vr_is_not_sent")
def implicit_vr_is_sent_as_stored(request: Request) -> Request:
    """Who asks for Implicit VR gets what is stored."""
    return with_syntax(request, "*") if "1.2.840.10008.1.2" in syntaxes(request) else request


@in_response("neg/transfer_syntaxes/implicit_vr_is_not_made")
def implicit_vr_is_made(request: Request, response: Response) -> Response:
    """Who asks for Implicit VR gets an instance in it."""
    if "1.2.840.10008.1.2" not in syntaxes(request):
        return response
    meta = b"\0" * 128 + b"DICM\x02\x00\x10\x00UI\x12\x001.2.840.10008.1.2\0"
    body = b"--x\r\nContent-Type: application/dicom\r\n\r\n" + meta + b"\r\n--x--\r\n"
    return answer(HTTPStatus.OK, body, 'multipart/related; type="application/dicom"; boundary=x')


@in_request("NEG-015")
def two_syntaxes_in_a_range_crash_the_server(request: Request) -> Request | Response:
    """A second transfer-syntax parameter surfaces as 500."""
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"Traceback") if len(syntaxes(request)) > 1 else request


@in_response("neg/labels/the_label_of_an_instance*", "neg/labels/the_label_of_a_frame*", "NEG-019")
def every_label_is_jpeg(_: Request, response: Response) -> Response:
    """Each part is labelled with JPEG baseline."""
    return map_parts(response, LABEL, b"; transfer-syntax=1.2.840.10008.1.2.4.50")


@in_response("NEG-017")
def the_label_repeats_the_request(_: Request, response: Response) -> Response:
    """Each part says transfer-syntax=*."""
    return map_parts(response, LABEL, b"; transfer-syntax=*")


@in_response("NEG-018", "neg/labels/jpeg_is_told_from_lossless_jpeg")
def no_part_is_labelled(_: Request, response: Response) -> Response:
    """No part names its transfer syntax."""
    return map_parts(response, LABEL, b"")


@in_response("neg/labels/image_types*", "neg/labels/newer_image_types*", "neg/labels/old_names*")
def image_types_are_of_an_old_edition(_: Request, response: Response) -> Response:
    """Frames come as image/dicom+rle, image/dicom+jp2 and the like."""
    return map_parts(
        response, re.compile(rb"Content-Type: image/(dicom-|x-)?(?=\w)"), b"Content-Type: image/dicom+"
    )


@in_request("neg/charsets/accept_charset_utf_8_is_honoured")
def charsets_are_refused(request: Request) -> Request | Response:
    """Any Accept-Charset is 406."""
    return refused() if request.header("Accept-Charset") else request


@in_request("neg/charsets/an_unknown_charset_breaks_nothing")
def an_unknown_charset_crashes_the_server(request: Request) -> Request | Response:
    """A charset that no codec knows surfaces as 500."""
    unknown = request.header("Accept-Charset") == "x-phantom"
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"LookupError") if unknown else request


@in_response("NEG-024")
def utf_8_is_encoded_twice(_: Request, response: Response) -> Response:
    """UTF-8 is taken for Latin-1 and encoded once more."""
    if response.content_type.name != DICOM_JSON:
        return response
    return with_body(response, response.body.decode("latin-1").encode())


@in_response("NEG-025")
def what_latin_1_lacks_is_a_question_mark(request: Request, response: Response) -> Response:
    """charset=ISO-8859-1 is obeyed, and a question mark stands for each character that is lost."""
    if "ISO-8859-1" not in accept_of(request):
        return response
    latin = with_body(response, response.body.decode().encode("latin-1", "replace"))
    return with_header(latin, "Content-Type", f"{DICOM_JSON};charset=ISO-8859-1")
