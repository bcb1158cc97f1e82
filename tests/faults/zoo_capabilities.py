"""Faults in the description that a service gives of itself."""

import re
from http import HTTPStatus

from scenarios.conformance.message import Request, Response
from scenarios.conformance.wadl import JSON, WADL
from tests.faults.edits import answer, with_body, with_header
from tests.faults.fault import in_request, in_response


def is_description(response: Response) -> bool:
    """Tell whether the response describes the service."""
    return response.content_type.name == WADL


@in_request("CAP-001")
def preflight_eats_options(request: Request) -> Request | Response:
    """OPTIONS is answered by a layer for CORS, which has nothing to say."""
    return answer(HTTPStatus.NO_CONTENT) if request.method == "OPTIONS" else request


@in_response("CAP-001")
def the_description_is_called_xml(_: Request, response: Response) -> Response:
    """WADL comes as text/xml."""
    return with_header(response, "Content-Type", "text/xml") if is_description(response) else response


@in_response("cap/description/the_description_is_of_this_service")
def the_base_is_behind_a_proxy(_: Request, response: Response) -> Response:
    """The base URL is the one that the server has within its own network."""
    if not is_description(response):
        return response
    return with_body(response, re.sub(rb'base="[^"]*"', b'base="http://10.0.0.7:8080/dicom"', response.body))


@in_response("cap/description/the_description_is_the_same_in_json")
def the_json_form_is_of_another_time(_: Request, response: Response) -> Response:
    """The JSON form was written by hand and lacks the newest resources."""
    if response.content_type.name != JSON or b'"application"' not in response.body:
        return response
    return with_body(response, response.body.replace(b"metadata", b"meta"))


@in_response("cap/description/what_is_declared_exists")
def a_resource_is_declared_that_is_not_there(_: Request, response: Response) -> Response:
    """The description declares a resource of a later version."""
    if not is_description(response):
        return response
    later = b'<resource path="studies/{study}/holograms"><method name="GET"/></resource></resources>'
    return with_body(response, response.body.replace(b"</resources>", later))


@in_response("cap/description/what_exists_is_declared")
def storing_is_not_declared(_: Request, response: Response) -> Response:
    """The description is of a read-only service."""
    if not is_description(response):
        return response
    return with_body(response, response.body.replace(b'name="POST"', b'name="GET"'))
