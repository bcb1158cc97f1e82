"""Faults in how text keys, dates and times match."""

import re
from http import HTTPStatus

from scenarios.conformance.dicom_json import tag_of
from scenarios.conformance.message import Request, Response
from tests.faults.edits import (
    answer,
    is_search,
    map_json,
    map_parameter,
    parameters,
    with_parameters,
    without_parameter,
)
from tests.faults.fault import in_request, in_response

TEXT_KEYS = ("PatientID", "AccessionNumber")
DATE = re.compile(r"\d{8}")


@in_request("QIDO-012")
def single_values_are_prefixes(request: Request) -> Request:
    """PatientID=AB finds whatever begins with AB."""
    return map_parameter(request, "PatientID", lambda value: f"{value}*")


@in_request("qido/matching/a_single_value_matches_from_its_beginning")
def single_values_are_suffixes(request: Request) -> Request:
    """AccessionNumber=1 finds whatever ends in 1."""
    return map_parameter(request, "AccessionNumber", lambda value: f"*{value}")


@in_request("QIDO-013")
def text_is_stored_in_upper_case(request: Request) -> Request:
    """Keys are folded to upper case before they are compared."""
    for key in TEXT_KEYS:
        request = map_parameter(request, key, str.upper)
    return request


@in_request("QIDO-015", "QIDO-032", "QIDO-033")
def an_asterisk_is_a_character(request: Request) -> Request:
    """Wildcards are unknown."""
    return with_parameters(request, [(key, value.replace("*", "?")) for key, value in parameters(request)])


@in_request("qido/matching/a_pattern_may_begin*")
def a_leading_asterisk_is_cut_off(request: Request) -> Request:
    """Patterns may only end in an asterisk."""
    return with_parameters(request, [(key, value.lstrip("*")) for key, value in parameters(request)])


@in_request("QIDO-016")
def a_question_mark_matches_any_run(request: Request) -> Request:
    """AB?D also finds ABD."""
    return map_parameter(request, "PatientID", lambda value: value.replace("?", "*"))


@in_request("QIDO-017")
def a_lone_asterisk_wants_a_value(request: Request) -> Request:
    """An empty value is not matched by an asterisk."""
    return map_parameter(request, "AccessionNumber", lambda value: "?*" if value == "*" else value)


@in_request("QIDO-019")
def patterns_are_those_of_sql(request: Request) -> Request:
    """An underscore stands for any character, a percent sign for any run of them."""
    return map_parameter(request, "PatientID", lambda value: value.replace("_", "?").replace("%", "*"))


@in_request("QIDO-081")
def only_the_first_key_counts(request: Request) -> Request:
    """A search has one filter."""
    return with_parameters(request, parameters(request)[:1])


@in_request("QIDO-078")
def a_repeated_key_is_an_error(request: Request) -> Request | Response:
    """Two filters by the same attribute end in 500."""
    names = [name for name, _ in parameters(request) if name != "includefield"]
    if len(names) > len(set(names)):
        return answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"duplicate key")
    return request


@in_request("QIDO-083")
def letters_beyond_ascii_are_lost(request: Request) -> Request:
    """Keys are read as ASCII, and what does not fit is left out."""
    pairs = [(name, value.encode("ascii", "ignore").decode()) for name, value in parameters(request)]
    return with_parameters(request, pairs)


@in_request("qido/matching/ideographic_names*")
def ideographic_names_find_everybody(request: Request) -> Request | Response:
    """A name that is no ASCII ends in 500."""
    names = dict(parameters(request)).get("PatientName", "")
    return request if names.isascii() else answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"no such character set")


@in_request("QIDO-020")
def a_date_range_excludes_its_end(request: Request) -> Request:
    """10 to 20 January ends on the 19th."""
    return map_parameter(
        request, "StudyDate", lambda value: re.sub(r"-(\d{8})$", lambda end: f"-{int(end[1]) - 1}", value)
    )


@in_request("qido/dates/a_date_range_may_be_open_at_its_end")
def a_range_without_end_is_a_day(request: Request) -> Request:
    """20200115- means the 15th."""
    return map_parameter(request, "StudyDate", lambda value: value.removesuffix("-"))


@in_request("qido/dates/a_date_range_may_be_open_at_its_beginning")
def a_range_without_beginning_is_a_day(request: Request) -> Request:
    """-20200115 means the 15th."""
    return map_parameter(request, "StudyDate", lambda value: value.removeprefix("-"))


@in_request("QIDO-022", "QIDO-024", "QIDO-061")
def times_are_not_searched(request: Request) -> Request:
    """A filter by time is dropped."""
    return without_parameter(request, "StudyTime")


@in_request("QIDO-024")
def a_time_needs_its_seconds(request: Request) -> Request:
    """2230 is 22:30:00 as text and nothing else."""
    return map_parameter(request, "StudyTime", lambda value: f"{value}*" if value == "2230" else value)


@in_request("QIDO-080")
def a_time_zone_is_an_error(request: Request) -> Request | Response:
    """TimezoneOffsetFromUTC as a parameter ends in 500."""
    is_named = "TimezoneOffsetFromUTC" in dict(parameters(request))
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"no such column") if is_named else request


@in_request("QIDO-085")
def a_malformed_date_is_ignored(request: Request) -> Request:
    """What is no date is no filter."""
    dates = dict(parameters(request)).get("StudyDate", "20200101")
    return request if DATE.search(dates) else without_parameter(request, "StudyDate")


@in_response("QIDO-085")
def a_malformed_date_is_an_error(request: Request, response: Response) -> Response:
    """What is no date ends in 500."""
    is_refused = is_search(request) and response.status == HTTPStatus.BAD_REQUEST
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"no date") if is_refused else response


@in_response("QIDO-023")
def date_and_time_match_each_for_itself(request: Request, response: Response) -> Response:
    """A range of times is held against every day of a range of dates."""
    start, _, end = dict(parameters(request)).get("StudyTime", "").partition("-")
    if not (is_search(request) and end):
        return response
    time = tag_of("StudyTime")
    return map_json(
        response, lambda found: [result for result in found if start <= result[time]["Value"][0][:4] <= end]
    )
