"""Faults in which resources can be searched, and in what the results hold."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from scenarios.conformance.dicom_json import tag_of
from scenarios.conformance.message import Request, Response
from tests.faults.edits import (
    answer,
    is_search,
    map_json,
    map_parameter,
    parameters,
    with_header,
    with_parameters,
    without_parameter,
)
from tests.faults.fault import in_request, in_response

Result = Mapping[str, Any]


def level_of(request: Request) -> str:
    """Return the last segment of the path, which names what is searched."""
    return request.target.partition("?")[0].rpartition("/")[2]


def map_results(request: Request, response: Response, change: Callable[[Result], Result]) -> Response:
    """Return the response of a search with each result changed; another response stays as it is."""
    if not is_search(request):
        return response
    return map_json(response, lambda found: [change(result) for result in found])


def without(*names: str) -> Callable[[Result], Result]:
    """Return a change that leaves attributes out."""
    tags = {tag_of(name) for name in names}
    return lambda result: {tag: value for tag, value in result.items() if tag not in tags}


@in_response("QIDO-001", "QIDO-002", "QIDO-003", "QIDO-004", "QIDO-005", "QIDO-006")
def searches_are_forbidden(request: Request, response: Response) -> Response:
    """Nothing can be searched."""
    return answer(HTTPStatus.FORBIDDEN, b"no search") if is_search(request) else response


@in_response("QIDO-002", "QIDO-003", "QIDO-004")
def the_last_result_is_lost(request: Request, response: Response) -> Response:
    """A list of more than one result holds one less than it should."""
    if not is_search(request):
        return response
    return map_json(response, lambda found: found[: max(1, len(found) - 1)])


@in_request("QIDO-005", "QIDO-006", "QIDO-055", "QIDO-058")
def there_are_no_relational_searches(request: Request) -> Request | Response:
    """Series and instances are searched within their parent only."""
    path = request.target.partition("?")[0].removesuffix("/series").removesuffix("/instances")
    is_relational = is_search(request) and level_of(request) != "studies" and "/studies/" not in path
    return answer(HTTPStatus.NOT_FOUND, b"no such resource") if is_relational else request


@in_response("QIDO-007")
def results_are_plain_json(request: Request, response: Response) -> Response:
    """Results come as application/json whatever was asked for."""
    is_result = is_search(request) and response.ok and response.body
    return with_header(response, "Content-Type", "application/json") if is_result else response


@in_response("QIDO-077")
def below_an_unknown_study_is_an_error(request: Request, response: Response) -> Response:
    """The series of a study that does not exist end in 500."""
    is_nothing = response.body.strip() in {b"", b"[]"} or response.status == HTTPStatus.NOT_FOUND
    is_below = is_search(request) and level_of(request) == "series"
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"no study") if is_below and is_nothing else response


@in_response("QIDO-084")
def what_is_unacceptable_is_an_error(_: Request, response: Response) -> Response:
    """An Accept that cannot be served gives 400."""
    is_refused = response.status == HTTPStatus.NOT_ACCEPTABLE
    return answer(HTTPStatus.BAD_REQUEST, b"Accept") if is_refused else response


@in_response("QIDO-082")
def a_study_is_a_result_per_series(request: Request, response: Response) -> Response:
    """A study of two series is listed twice."""
    if not is_search(request) or level_of(request) != "studies":
        return response
    series = tag_of("NumberOfStudyRelatedSeries")
    return map_json(
        response, lambda found: [result for result in found for _ in range(result[series]["Value"][0])]
    )


@in_response(
    "QIDO-042", "QIDO-043", "qido/results/a_study_has_its_patient", "QIDO-046", "QIDO-055",
    "qido/results/instances_of_all_studies*",
)  # fmt: skip
def results_identify_and_no_more(request: Request, response: Response) -> Response:
    """Results lack the times, numbers, and names of a study."""
    names = ("StudyTime", "StudyID", "PatientName", "ReferringPhysicianName")
    return map_results(request, response, without(*names))


@in_response("QIDO-045")
def empty_attributes_are_left_out(request: Request, response: Response) -> Response:
    """An attribute without a value is not in the result."""
    return map_results(
        request, response, lambda result: {tag: found for tag, found in result.items() if found.get("Value")}
    )


@in_response("QIDO-044", "QIDO-082")
def a_study_has_one_modality(request: Request, response: Response) -> Response:
    """Modalities in Study holds the modality of the first series."""

    def change(result: Result) -> Result:
        tag = tag_of("ModalitiesInStudy")
        return {**result, tag: {"vr": "CS", "Value": result[tag]["Value"][:1]}} if tag in result else result

    return map_results(request, response, change)


@in_response("QIDO-047", "QIDO-051", "QIDO-082")
def counts_are_of_the_first_store(request: Request, response: Response) -> Response:
    """Whatever is counted is 1."""
    counts = [
        tag_of(f"NumberOf{name}")
        for name in ("StudyRelatedSeries", "StudyRelatedInstances", "SeriesRelatedInstances")
    ]
    one = {"vr": "IS", "Value": [1]}
    return map_results(
        request, response, lambda result: {tag: one if tag in counts else result[tag] for tag in result}
    )


@in_response("QIDO-048", "QIDO-054", "QIDO-056")
def retrieve_urls_of_results_lead_nowhere(request: Request, response: Response) -> Response:
    """The Retrieve URL of a result is 404."""
    nowhere = {"vr": "UR", "Value": ["/nowhere"]}
    return map_results(request, response, lambda result: {**result, tag_of("RetrieveURL"): nowhere})


@in_response("QIDO-049")
def time_zones_are_left_out(request: Request, response: Response) -> Response:
    """A study result has no Timezone Offset From UTC."""
    return map_results(request, response, without("TimezoneOffsetFromUTC"))


@in_response(
    "QIDO-050", "QIDO-052", "qido/results/a_series_has_its_procedure_step",
    "qido/results/a_series_has_its_request*", "qido/results/instances_of_a_study*",
)  # fmt: skip
def series_attributes_are_left_out(request: Request, response: Response) -> Response:
    """No result has number, description, procedure step and request of a series."""
    names = ("SeriesNumber", "SeriesDescription", "RequestAttributesSequence")
    step = ("PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime")
    return map_results(request, response, without(*names, *step))


@in_response("QIDO-056", "QIDO-057")
def instance_attributes_are_left_out(request: Request, response: Response) -> Response:
    """No result has the SOP class or the size of an image."""
    return map_results(request, response, without("SOPClassUID", "NumberOfFrames"))


@in_request("QIDO-034")
def fields_are_no_list(request: Request) -> Request:
    """Of a list of fields only the first is read."""
    return map_parameter(request, "includefield", lambda value: value.partition(",")[0])


@in_request("QIDO-034", "QIDO-035", "QIDO-036", "QIDO-039")
def fields_are_ignored(request: Request) -> Request:
    """The server never heard of includefield."""
    return without_parameter(request, "includefield")


@in_request("QIDO-035")
def fields_are_keywords(request: Request) -> Request:
    """A field that is asked for by its tag does not come."""
    pairs = [pair for pair in parameters(request) if pair != ("includefield", "00081030")]
    return with_parameters(request, pairs)


@in_request("QIDO-037")
def too_many_fields_are_an_error(request: Request) -> Request | Response:
    """A field beside all ends in 500."""
    fields = [value for name, value in parameters(request) if name == "includefield"]
    is_mixed = len(fields) > 1 and "all" in fields
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"fields") if is_mixed else request


@in_response("QIDO-038")
def studies_have_what_was_asked_for(request: Request, response: Response) -> Response:
    """A study result has the modality of its first series if that was asked for."""
    if level_of(request) != "studies" or "includefield" not in dict(parameters(request)):
        return response
    modality = {"vr": "CS", "Value": ["CT"]}
    return map_results(request, response, lambda result: {**result, tag_of("Modality"): modality})


@in_response("QIDO-040", "QIDO-028")
def keys_are_not_returned(request: Request, response: Response) -> Response:
    """A key beside the default attributes is matched and not returned."""
    keys = dict(parameters(request))
    return (
        map_results(request, response, without("StudyDescription"))
        if "includefield" not in keys
        else response
    )
