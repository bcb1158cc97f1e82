"""Faults in how an Accept header is read."""

import re
from http import HTTPStatus

from scenarios.conformance.media_type import OCTETS
from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer, with_body, with_header, without_header
from tests.faults.fault import in_request, in_response

WEIGHT = re.compile(r"\s*;\s*q=([0-9.]+)")
UNQUOTED_TYPE = re.compile(r";\s*type=[^\"]")


def ranges(request: Request) -> list[str]:
    """Return the media ranges of the Accept header."""
    return [each.strip() for each in (request.header("Accept") or "").split(",")]


def accepting(request: Request, *accept: str) -> Request:
    """Return the request with another Accept header."""
    return with_header(request, "Accept", ", ".join(accept)) if accept else without_header(request, "Accept")


def refused(status: int = HTTPStatus.NOT_ACCEPTABLE) -> Response:
    """Return a refusal of what was acceptable."""
    return answer(status, b"not acceptable")


@in_request("NEG-001", "neg/weights/the_highest_weight_wins", "neg/weights/a_range_without_weight_weighs_one")
def weights_are_ignored(request: Request) -> Request:
    """The first type of the list is the one that counts."""
    return accepting(request, *(WEIGHT.sub("", each) for each in ranges(request)))


@in_request("neg/weights/what_the_archive_lacks_does_not_win", "NEG-007", "NEG-008")
def the_first_range_decides(request: Request) -> Request:
    """Whatever weighs most is the only thing that is looked at."""
    found = ranges(request)
    weights = [float(match[1]) if (match := WEIGHT.search(each)) else 1.0 for each in found]
    return accepting(request, found[weights.index(max(weights))])


@in_request("neg/weights/a_weight_is_no_parameter_of_the_type")
def a_weight_is_a_parameter_of_the_type(request: Request) -> Request | Response:
    """A type with q is another type, which the server does not have."""
    known = [each for each in ranges(request) if not WEIGHT.search(each)]
    return accepting(request, *known) if known else refused()


@in_request("neg/weights/a_range_without_weight_weighs_one")
def a_missing_weight_is_none(request: Request) -> Request:
    """If one range has a weight, those without count as least acceptable."""
    weighted = [each for each in ranges(request) if WEIGHT.search(each)]
    return accepting(request, *weighted) if weighted else request


@in_request("neg/weights/a_weight_of_zero_excludes", "neg/weights/what_weighs_zero_is_not_chosen")
def zero_is_a_high_weight(request: Request) -> Request:
    """q=0 counts as no weight."""
    return accepting(request, *(re.sub(r";\s*q=0(?![.0-9])", "", each) for each in ranges(request)))


@in_request(
    "neg/accept/nothing_acceptable_is_406",
    "neg/accept/nothing_acceptable_of_bulk_data_is_406",
    "neg/accept/nothing_acceptable_of_a_rendered_image_is_406",
)
def what_nobody_has_is_a_bad_request(request: Request) -> Request | Response:
    """An unknown type is 400."""
    return refused(HTTPStatus.BAD_REQUEST) if "x-phantom" in (request.header("Accept") or "") else request


@in_request("neg/accept/anything_is_the_default_type", "NEG-005", "NEG-008")
def anything_is_plain_bytes(request: Request) -> Request | Response:
    """*/* gives octets."""
    if request.method != "GET" or not any(each.startswith("*/*") for each in ranges(request)):
        return request
    return answer(HTTPStatus.OK, b"\0" * 16, OCTETS)


@in_response("neg/accept/anything_is_the_default_type")
def multipart_is_announced_as_dicom(_: Request, response: Response) -> Response:
    """Parts are sent, but the header says application/dicom."""
    if response.content_type.name != "multipart/related":
        return response
    return with_header(response, "Content-Type", "application/dicom")


@in_response("NEG-022")
def a_single_part_has_no_preamble(_: Request, response: Response) -> Response:
    """The one part of application/dicom begins with the bare File Meta Information."""
    is_single = response.content_type.name == "application/dicom"
    return with_body(response, response.body[132:]) if is_single else response


@in_response("neg/accept/the_default_of_a_thumbnail_is_jpeg")
def a_thumbnail_has_no_type(request: Request, response: Response) -> Response:
    """A thumbnail comes as octets."""
    is_thumbnail = request.target.endswith("/thumbnail")
    return with_header(response, "Content-Type", OCTETS) if is_thumbnail else response


@in_request("NEG-007")
def an_ill_formed_range_is_a_bad_request(request: Request) -> Request | Response:
    """One word that is no media type makes the whole request bad."""
    fits = all("/" in each for each in ranges(request) if each)
    return request if fits else refused(HTTPStatus.BAD_REQUEST)


@in_request("neg/accept/an_unknown_transfer_syntax_is_passed_over")
def an_unknown_transfer_syntax_ends_it(request: Request) -> Request | Response:
    """A transfer syntax that the server does not know is 406, whatever else is acceptable."""
    return refused() if "1.2.840.10008.1.2.4.999" in (request.header("Accept") or "") else request


@in_request("NEG-008")
def browsers_are_for_html(request: Request) -> Request | Response:
    """Who accepts text/html is answered as a browser, with an error page."""
    is_browser = "text/html" in ranges(request)
    return answer(HTTPStatus.NOT_ACCEPTABLE, b"<html/>", "text/html") if is_browser else request


@in_request("NEG-020")
def unquoted_types_are_invalid(request: Request) -> Request | Response:
    """type=application/octet-stream without quotes is 400."""
    return (
        refused(HTTPStatus.BAD_REQUEST) if UNQUOTED_TYPE.search(request.header("Accept") or "") else request
    )


@in_request("NEG-021")
def single_parts_are_never_refused(request: Request) -> Request | Response:
    """A study comes in a single part if that is what is acceptable: its first instance."""
    is_single = request.header("Accept") == "application/dicom"
    return answer(HTTPStatus.OK, b"\0" * 128 + b"DICM", "application/dicom") if is_single else request
