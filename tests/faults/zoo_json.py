"""Faults in DICOM JSON: names out of form, values of the wrong type, text that is cut or padded."""

import json
from collections.abc import Callable
from typing import Any

from scenarios.conformance.message import Request, Response
from tests.faults.edits import has_json, map_json, with_body, with_header
from tests.faults.fault import in_response

Attribute = dict[str, Any]


def is_metadata(request: Request) -> bool:
    """Tell whether the request asks for metadata."""
    return request.method == "GET" and request.target.endswith("/metadata")


def map_metadata(request: Request, response: Response, change: Callable[[Any], Any]) -> Response:
    """Return the response with each dataset changed if it answers a request for metadata."""
    if not is_metadata(request):
        return response
    return map_json(response, lambda found: [change(each) for each in found])


def map_vr(
    request: Request, response: Response, vrs: set[str], change: Callable[[Attribute], Attribute]
) -> Response:
    """Return the metadata with every attribute of these VRs at the top level changed."""

    def changed(dataset: Any) -> Any:
        return {
            tag: change(attribute) if attribute["vr"] in vrs else attribute
            for tag, attribute in dataset.items()
        }

    return map_metadata(request, response, changed)


def with_values(change: Callable[[Any], Any]) -> Callable[[Attribute], Attribute]:
    """Return a change of each value of an attribute that has values."""

    def changed(attribute: Attribute) -> Attribute:
        if "Value" not in attribute:
            return attribute
        return {**attribute, "Value": [change(value) for value in attribute["Value"]]}

    return changed


@in_response("JSON-001", "json/form/a_json_payload_is_json")
def json_starts_with_a_byte_order_mark(request: Request, response: Response) -> Response:
    """Metadata begin with a byte order mark."""
    return with_body(response, b"\xef\xbb\xbf" + response.body) if is_metadata(request) else response


@in_response("JSON-002")
def tags_are_lower_case(request: Request, response: Response) -> Response:
    """Names are hex digits in lower case."""
    return map_metadata(request, response, lambda dataset: {k.lower(): v for k, v in dataset.items()})


@in_response("JSON-003")
def attributes_come_in_any_order(request: Request, response: Response) -> Response:
    """The last attribute comes first."""
    return map_metadata(request, response, lambda dataset: dict(reversed(dataset.items())))


@in_response("JSON-004")
def group_lengths_are_shown(request: Request, response: Response) -> Response:
    """The length of group 0008 is part of the metadata."""
    length = {"00080000": {"vr": "UL", "Value": [100]}}
    return map_metadata(request, response, lambda dataset: {**length, **dataset})


@in_response("JSON-005")
def long_text_has_an_old_vr(request: Request, response: Response) -> Response:
    """UC, which the server does not know, is called UT."""
    return map_vr(request, response, {"UC"}, lambda attribute: {**attribute, "vr": "UT"})


@in_response("JSON-006")
def bulk_data_is_given_twice(request: Request, response: Response) -> Response:
    """A bulk data URI has an inline value beside it."""

    def doubled(attribute: Attribute) -> Attribute:
        return {"vr": attribute["vr"], "BulkDataURI": "bulk", "InlineBinary": "AAAA"}

    return map_vr(request, response, {"OB"}, doubled)


@in_response("JSON-007")
def empty_attributes_have_an_empty_value(request: Request, response: Response) -> Response:
    """What is empty has the Value []."""
    kinds = {"LO", "LT", "PN", "SQ"}
    return map_vr(request, response, kinds, lambda attribute: {"Value": [], **attribute})


@in_response("json/form/an_empty_attribute_has_a_vr_only")
def empty_attributes_are_dropped(request: Request, response: Response) -> Response:
    """What is empty is left out."""

    def full(dataset: Any) -> Any:
        return {tag: attribute for tag, attribute in dataset.items() if len(attribute) > 1}

    return map_metadata(request, response, full)


@in_response("JSON-008")
def an_empty_value_is_an_empty_string(request: Request, response: Response) -> Response:
    """An empty value among others is "" rather than null."""
    return map_vr(request, response, {"LO", "CS"}, with_values(lambda value: value or ""))


@in_response("JSON-009")
def empty_items_are_dropped(request: Request, response: Response) -> Response:
    """An item without attributes is left out."""

    def full(attribute: Attribute) -> Attribute:
        return {**attribute, "Value": [item for item in attribute.get("Value", ()) if item]}

    return map_vr(request, response, {"SQ"}, full)


@in_response("JSON-010")
def names_are_strings(request: Request, response: Response) -> Response:
    """A person name is one string."""
    return map_vr(request, response, {"PN"}, with_values(lambda value: "=".join(value.values())))


@in_response("JSON-011")
def empty_groups_of_names_are_shown(request: Request, response: Response) -> Response:
    """A name has all three groups, whether they are empty or not."""
    empty = dict.fromkeys(("Alphabetic", "Ideographic", "Phonetic"), "")
    return map_vr(request, response, {"PN"}, with_values(lambda value: {**empty, **value}))


@in_response("JSON-012", "JSON-013")
def decimals_are_cut(request: Request, response: Response) -> Response:
    """DS values have six digits."""
    return map_vr(request, response, {"DS", "IS"}, with_values(lambda value: float(f"{float(value):.6g}")))


@in_response("JSON-014")
def numbers_are_strings(request: Request, response: Response) -> Response:
    """Every number is sent as text."""
    kinds = {"US", "UL", "SS", "SL", "FL", "FD"}
    return map_vr(request, response, kinds, with_values(str))


@in_response("JSON-015")
def not_a_number_is_a_bare_token(request: Request, response: Response) -> Response:
    """NaN is written as a token that JSON does not have."""
    if not is_metadata(request):
        return response
    body = response.body.replace(b'"NaN"', b"NaN")
    return with_body(response, body)


@in_response("JSON-016")
def attribute_tags_are_numbers(request: Request, response: Response) -> Response:
    """AT values are decimal numbers."""
    return map_vr(request, response, {"AT"}, with_values(lambda value: int(value, 16)))


@in_response("JSON-017")
def inline_binary_is_hexadecimal(request: Request, response: Response) -> Response:
    """Binary is written in hex digits instead of base64."""

    def in_hex(attribute: Attribute) -> Attribute:
        return {**attribute, "InlineBinary": "0102"} if "InlineBinary" in attribute else attribute

    return map_vr(request, response, {"OB", "OW", "UN"}, in_hex)


@in_response("JSON-018")
def binary_floats_are_arrays(request: Request, response: Response) -> Response:
    """OF is an array of numbers."""
    return map_vr(request, response, {"OF"}, lambda _: {"vr": "OF", "Value": [0.0, 0.5]})


@in_response("JSON-019")
def sequences_end_at_the_first_level(request: Request, response: Response) -> Response:
    """Items have no sequences of their own."""

    def shallow(item: Any) -> Any:
        return {tag: attribute for tag, attribute in item.items() if attribute["vr"] != "SQ"}

    return map_vr(request, response, {"SQ"}, with_values(shallow))


@in_response("JSON-020")
def values_keep_their_padding(request: Request, response: Response) -> Response:
    """UIDs come with the NUL that makes their length even."""
    return map_vr(request, response, {"UI"}, with_values(lambda value: f"{value}\0"))


@in_response("JSON-021")
def every_text_parts_at_a_backslash(request: Request, response: Response) -> Response:
    """LT and ST are split like any other text."""

    def split(attribute: Attribute) -> Attribute:
        if "Value" not in attribute:
            return attribute
        return {**attribute, "Value": attribute["Value"][0].split("\\")}

    return map_vr(request, response, {"LT", "ST"}, split)


@in_response("JSON-022")
def text_is_read_as_ascii(request: Request, response: Response) -> Response:
    """Whatever is not ASCII comes as a question mark."""
    if not is_metadata(request) or not has_json(response):
        return response
    text = json.dumps(json.loads(response.body), ensure_ascii=False)
    return with_body(response, text.encode("ascii", "replace"))


@in_response("JSON-023", "JSON-024")
def private_attributes_are_dropped(request: Request, response: Response) -> Response:
    """Attributes of odd groups are left out."""

    def public(dataset: Any) -> Any:
        return {tag: attribute for tag, attribute in dataset.items() if int(tag[3], 16) % 2 == 0}

    return map_metadata(request, response, public)


@in_response("JSON-025")
def json_is_announced_as_plain_json(request: Request, response: Response) -> Response:
    """Metadata come as application/json."""
    if not (is_metadata(request) and response.content_type.is_json):
        return response
    return with_header(response, "Content-Type", "application/json")
