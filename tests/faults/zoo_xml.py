"""Faults in the Native DICOM Model: documents that are malformed, misnumbered, or other than JSON."""

import re
from collections.abc import Callable

from scenarios.conformance.media_type import DICOM_XML
from scenarios.conformance.message import Request, Response
from scenarios.conformance.multipart import Part
from tests.faults.fault import in_response
from tests.faults.zoo_multipart import map_parts


def map_xml(response: Response, change: Callable[[str], str]) -> Response:
    """Return the response with each part that is an XML document changed."""

    def changed(part: Part) -> Part:
        is_xml = part.content_type.name == DICOM_XML
        return Part(part.headers, change(part.body.decode()).encode()) if is_xml else part

    return map_parts(response, changed)


@in_response("XML-001")
def white_space_is_not_preserved(_: Request, response: Response) -> Response:
    """The root has no xml:space."""
    return map_xml(response, lambda text: text.replace(' xml:space="preserve"', ""))


@in_response("XML-001")
def the_root_is_another(_: Request, response: Response) -> Response:
    """The root is called DicomDataset."""
    return map_xml(response, lambda text: text.replace("NativeDicomModel", "DicomDataset"))


@in_response("XML-001")
def ampersands_stand_bare(_: Request, response: Response) -> Response:
    """An ampersand is not escaped."""
    return map_xml(response, lambda text: text.replace("&amp;", "&"))


@in_response("XML-002")
def tags_are_in_lower_case(_: Request, response: Response) -> Response:
    """The hex digits of tags are small letters."""
    return map_xml(response, lambda text: re.sub(r'tag="\w+"', lambda found: found[0].lower(), text))


@in_response("XML-002")
def keywords_are_left_out(_: Request, response: Response) -> Response:
    """An attribute has no keyword."""
    return map_xml(response, lambda text: re.sub(r' keyword="\w+"', "", text))


@in_response("XML-002")
def value_representations_are_left_out(_: Request, response: Response) -> Response:
    """An attribute has no vr."""
    return map_xml(response, lambda text: re.sub(r' vr="\w+"', "", text))


@in_response("XML-003")
def private_tags_keep_their_block(_: Request, response: Response) -> Response:
    """A private tag is written as in the file."""
    return map_xml(
        response, lambda text: re.sub(r'tag="(\w{4})00(\w\w)" priv', r'tag="\g<1>10\2" priv', text)
    )


@in_response("XML-003")
def private_creators_are_left_out(_: Request, response: Response) -> Response:
    """A private attribute does not name its creator."""
    return map_xml(response, lambda text: re.sub(r' privateCreator="[^"]*"', "", text))


@in_response("XML-003")
def everything_has_a_creator(_: Request, response: Response) -> Response:
    """A public attribute names the standard as its creator."""
    return map_xml(response, lambda text: text.replace(" keyword=", ' privateCreator="DICOM" keyword='))


@in_response("XML-004")
def values_count_from_zero(_: Request, response: Response) -> Response:
    """The first value is number 0."""
    minus_one = re.compile(r'number="(\d+)"')
    return map_xml(response, lambda text: minus_one.sub(lambda found: f'number="{int(found[1]) - 1}"', text))


@in_response("XML-004", "xml/form/text_of_every_vr*")
def empty_values_are_left_out(_: Request, response: Response) -> Response:
    """Of three values of which the second is empty, the first and the third are given."""
    return map_xml(response, lambda text: re.sub(r'<Value number="\d+"></Value>', "", text))


@in_response("XML-004")
def no_value_is_an_empty_value(_: Request, response: Response) -> Response:
    """An attribute without a value has one that is empty."""
    empty = re.compile(r'(<DicomAttribute [^>]*vr="LT">)(</DicomAttribute>)')
    return map_xml(response, lambda text: empty.sub(r'\1<Value number="1"></Value>\2', text))


@in_response("XML-005", "xml/form/xml_and_json*")
def a_name_is_a_value(_: Request, response: Response) -> Response:
    """A person name is plain text."""
    name = re.compile(r'<PersonName number="1">.*?</PersonName>')
    return map_xml(response, lambda text: name.sub('<Value number="1">Anybody</Value>', text))


@in_response("XML-005")
def names_have_one_group(_: Request, response: Response) -> Response:
    """Ideographic and phonetic groups of a name are lost."""
    groups = re.compile(r"<(Ideographic|Phonetic)>.*?</\1>")
    return map_xml(response, lambda text: groups.sub("", text))


@in_response("XML-005")
def names_are_not_taken_apart(_: Request, response: Response) -> Response:
    """A group of a name is its text, without components."""
    group = re.compile(r"<(Alphabetic|Ideographic|Phonetic)>(.*?)</\1>")

    def plain(found: re.Match[str]) -> str:
        return f"<{found[1]}><Name>{re.sub('<[^>]*>', '', found[2])}</Name></{found[1]}>"

    return map_xml(response, lambda text: group.sub(plain, text))


@in_response("xml/form/xml_and_json*")
def xml_lacks_an_attribute(_: Request, response: Response) -> Response:
    """Study ID is in JSON only."""
    attribute = re.compile(r'<DicomAttribute tag="00200010".*?</DicomAttribute>')
    return map_xml(response, lambda text: attribute.sub("", text))


@in_response("xml/form/xml_and_json*")
def numbers_are_text_in_xml(_: Request, response: Response) -> Response:
    """What is US in JSON is LO in XML."""
    return map_xml(response, lambda text: text.replace('vr="US"', 'vr="LO"'))


@in_response("xml/form/text_of_every_vr*")
def text_is_escaped_twice(_: Request, response: Response) -> Response:
    """An ampersand comes out as &amp; when the document is read."""
    return map_xml(response, lambda text: text.replace("&amp;", "&amp;amp;"))


@in_response("XML-007")
def xml_has_a_group_length(_: Request, response: Response) -> Response:
    """A group length element stands before the first attribute."""
    length = '<DicomAttribute tag="00080000" keyword="GenericGroupLength" vr="UL"/>'
    return map_xml(response, lambda text: text.replace("<DicomAttribute", f"{length}<DicomAttribute", 1))
