"""Faults in paths, URLs, codings and the Accept header."""

import gzip
import re

from scenarios.conformance.message import Request, Response
from tests.faults.edits import answer, map_json, parameters, with_body, with_header, without_parameter
from tests.faults.fault import in_request, in_response

PARENT = re.compile(r"(/studies/)[^/]+(/series/)[^/]+(/instances/)")


@in_response("HTTP-016")
def urls_lack_the_base(request: Request, response: Response) -> Response:
    """Retrieve URLs name the server by what is behind its proxy."""
    url = {"vr": "UR", "Value": ["http://127.0.0.1:9/studies/1"]}
    if not request.target.startswith("/") or "/studies?" not in request.target:
        return response
    return map_json(response, lambda found: [{**each, "00081190": url} for each in found])


@in_request("HTTP-019")
def the_accept_parameter_is_ignored(request: Request) -> Request:
    """Only the Accept header counts."""
    return without_parameter(request, "accept") if parameters(request) else request


@in_request("HTTP-021")
def the_accept_parameter_beats_the_header(request: Request) -> Request | Response:
    """The accept parameter is obeyed, whatever the header says."""
    wanted = dict(parameters(request)).get("accept", "")
    return answer(200, b"<NativeDicomModel/>", wanted) if "xml" in wanted else request


@in_response("HTTP-026")
def payloads_are_always_compressed(request: Request, response: Response) -> Response:
    """Metadata are gzipped, asked or not, and nobody is told."""
    if not (request.target.endswith("/metadata") and response.body):
        return response
    return with_body(response, gzip.compress(response.body))


@in_response("http/resources/a_content_coding_is_asked_for_and_named")
def a_coding_is_named_but_not_applied(request: Request, response: Response) -> Response:
    """Metadata claim to be gzipped."""
    if not request.target.endswith("/metadata"):
        return response
    return with_header(response, "Content-Encoding", "gzip")


@in_response("HTTP-028")
def what_is_below_the_wrong_parent_is_found(request: Request, response: Response) -> Response:
    """An instance is known by its own UID; its parents are not looked at."""
    if request.method != "GET" or response.status != 404:
        return response
    return answer(200, b"[]", "application/dicom+json") if PARENT.search(request.target) else response


@in_request("HTTP-030")
def media_types_are_compared_as_text(request: Request) -> Request | Response:
    """One spelling of Accept is known: type first, in quotes, and a blank after each semicolon."""
    accept = request.header("Accept") or ""
    known = not accept.startswith("multipart") or accept.startswith("multipart/related; type=")
    return request if known else answer(406, b"not acceptable")
