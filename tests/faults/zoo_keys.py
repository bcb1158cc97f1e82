"""Faults in which attributes can be searched by, and in the parameters that change how keys match."""

from http import HTTPStatus

from scenarios.conformance.message import Request, Response
from tests.faults.edits import (
    answer,
    map_parameter,
    parameters,
    with_parameters,
    without_header,
    without_parameter,
)
from tests.faults.fault import in_request, in_response

REQUEST_ATTRIBUTES = "RequestAttributesSequence."


@in_request("qido/keys/studies_are_found_by_the_common_keys", "QIDO-067")
def modalities_are_not_searched(request: Request) -> Request:
    """A filter by Modalities in Study is dropped."""
    return without_parameter(request, "ModalitiesInStudy")


@in_request("QIDO-060")
def accession_numbers_are_not_searched(request: Request) -> Request:
    """A filter by accession number is dropped."""
    return without_parameter(request, "AccessionNumber")


@in_request("QIDO-061")
def study_ids_are_not_searched(request: Request) -> Request:
    """A filter by Study ID is dropped."""
    return without_parameter(request, "StudyID")


@in_request("qido/keys/series_of_a_study*", "qido/keys/series_of_all_studies*", "QIDO-031", "QIDO-065")
def modality_is_not_searched(request: Request) -> Request:
    """A filter by modality is dropped."""
    return without_parameter(request, "Modality")


@in_request("qido/keys/series_are_found_by_their_procedure_step")
def procedure_steps_are_not_searched(request: Request) -> Request:
    """A filter by the performed procedure step is dropped."""
    names = [name for name, _ in parameters(request) if name.startswith("PerformedProcedureStep")]
    return without_parameter(request, *names)


@in_request("qido/keys/series_are_found_by_their_request")
def request_attributes_are_not_searched(request: Request) -> Request:
    """A filter by what requested a series is dropped."""
    names = [name for name, _ in parameters(request) if name.startswith(REQUEST_ATTRIBUTES)]
    return without_parameter(request, *names)


@in_request("QIDO-064")
def instance_numbers_match_as_text(request: Request) -> Request:
    """InstanceNumber=2 also finds 12."""
    return map_parameter(request, "InstanceNumber", lambda _: "")


@in_request("QIDO-064")
def sop_classes_are_not_searched(request: Request) -> Request:
    """A filter by SOP class is dropped."""
    return without_parameter(request, "SOPClassUID")


@in_request("QIDO-065")
def upper_keys_are_unknown_below(request: Request) -> Request:
    """A filter by patient is dropped where series or instances are searched."""
    path = request.target.partition("?")[0]
    return request if path.endswith("/studies") else without_parameter(request, "PatientID")


@in_request("QIDO-066")
def a_lower_key_is_an_error(request: Request) -> Request | Response:
    """A filter by instance where studies are searched ends in 500."""
    is_study_search = request.target.partition("?")[0].endswith("/studies")
    is_lower = is_study_search and "SOPInstanceUID" in dict(parameters(request))
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"no such column") if is_lower else request


@in_request("QIDO-025")
def a_list_of_uids_counts_its_first(request: Request) -> Request:
    """Of a list of UIDs only the first is searched."""
    return map_parameter(request, "StudyInstanceUID", lambda value: value.partition(",")[0])


@in_request("QIDO-027")
def uids_may_be_patterns(request: Request) -> Request:
    """A UID with an asterisk finds whatever begins so."""
    found = dict(parameters(request)).get("StudyInstanceUID", "")
    return without_parameter(request, "StudyInstanceUID") if "*" in found else request


@in_request("QIDO-028")
def an_empty_value_asks_for_nothing(request: Request) -> Request:
    """A key without a value is dropped."""
    return with_parameters(request, [(name, value) for name, value in parameters(request) if value])


@in_request("QIDO-032", "QIDO-033")
def fuzzy_matching_is_refused(request: Request) -> Request | Response:
    """A search that asks for fuzzy matching gives 400."""
    is_fuzzy = "fuzzymatching" in dict(parameters(request))
    return answer(HTTPStatus.BAD_REQUEST, b"fuzzymatching") if is_fuzzy else request


@in_request("QIDO-033")
def fuzzy_matching_is_literal_in_silence(request: Request) -> Request:
    """The server never heard of fuzzymatching."""
    return without_parameter(request, "fuzzymatching")


@in_response("QIDO-031")
def parameters_are_ignored_in_silence(_: Request, response: Response) -> Response:
    """No response has a Warning."""
    return without_header(response, "Warning")
