"""The Native DICOM Model (PS3.19 A.1) of an instance, read into its DICOM JSON object (PS3.18 Annex F).

Both forms say the same, so what is stored from either goes one way. A document type declaration is refused
before anything of it is expanded, and so is a document that nests deeper than sequences of an instance may.
The block of a private attribute is the one that its creator has reserved in the same dataset; a creator that
has reserved none gets the next free block (PS3.5 7.8.1).
"""

import re
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers.expat import ExpatError, ParserCreate

from reference_server.dicomweb.dicom_json import Json
from reference_server.dicomweb.dicom_json_reader import TAG
from reference_server.dicomweb.dicom_xml import FIRST_BLOCK, LAST_BLOCK, NAME_COMPONENTS, NAME_GROUPS
from reference_server.dicomweb.reasons import MalformedError
from reference_server.dicomweb.structure import MAX_SEQUENCE_DEPTH

LEVELS_PER_ITEM = 2  # DicomAttribute and Item
_NUMBER = re.compile(r"[0-9]{1,9}\Z")
MAX_XML_DEPTH = LEVELS_PER_ITEM * MAX_SEQUENCE_DEPTH + 8


def xml_to_json(document: bytes) -> Json:
    """Return the DICOM JSON object of an XML document; raises MalformedError."""
    root = _tree(document)
    if _name(root) != "NativeDicomModel":
        raise MalformedError(f"the root is {_name(root)[:40]}, not NativeDicomModel")
    return _attributes(root)


def _tree(document: bytes) -> Element:
    builder = TreeBuilder()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_XML_DEPTH:
            raise MalformedError("the XML document nests too deep")
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def refuse(*_: object) -> None:
        raise MalformedError("a document type declaration is not read")

    parser = ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(document, True)
    except (ExpatError, LookupError, ValueError) as error:
        raise MalformedError(f"the XML document cannot be read: {error}") from None
    return builder.close()


def _name(element: Element) -> str:
    """Return the name of an element, whatever its namespace."""
    return element.tag.rpartition("}")[2]


def _attributes(parent: Element) -> Json:
    elements = [each for each in parent if _name(each) == "DicomAttribute"]
    blocks = _reserved_blocks(elements)
    found: Json = {}
    for element in elements:
        tag = _tag(element, blocks, found)
        if tag in found:
            raise MalformedError(f"the attribute {tag} occurs twice")
        found[tag] = _attribute(element)
    return found


def _reserved_blocks(elements: list[Element]) -> dict[tuple[str, str], int]:
    """Return the block of each creator that the dataset itself names, by group and creator."""
    blocks = {}
    for element in elements:
        tag = element.get("tag", "").upper()
        if _is_creator(tag):
            texts = [each.text or "" for each in element if _name(each) == "Value"]
            blocks[tag[:4], "".join(texts).strip()] = int(tag[6:], 16)
    return blocks


def _is_creator(tag: str) -> bool:
    group, element = _numbers(tag)
    return group % 2 == 1 and FIRST_BLOCK <= element <= LAST_BLOCK


def _numbers(tag: str) -> tuple[int, int]:
    if not TAG.match(tag):
        raise MalformedError(f"{tag[:40]!r} is not a tag of eight hexadecimal digits")
    return int(tag[:4], 16), int(tag[4:], 16)


def _tag(element: Element, blocks: dict[tuple[str, str], int], found: Json) -> str:
    """Return the tag of an attribute; a new private creator is entered into what was found."""
    tag = element.get("tag", "").upper()
    group, _ = _numbers(tag)
    creator = element.get("privateCreator", "").strip()
    if not creator or group % 2 == 0:
        return tag
    key = (tag[:4], creator)
    if key not in blocks:
        taken = {block for (of_group, _), block in blocks.items() if of_group == tag[:4]}
        free = [block for block in range(FIRST_BLOCK, LAST_BLOCK + 1) if block not in taken]
        if not free:
            raise MalformedError(f"group {tag[:4]} has no block left for another private creator")
        blocks[key] = free[0]
        found[f"{tag[:4]}00{free[0]:02X}"] = {"vr": "LO", "Value": [creator]}
    return f"{tag[:4]}{blocks[key]:02X}{tag[6:]}"


def _attribute(element: Element) -> Json:
    attribute: Json = {"vr": element.get("vr", "")}
    values: list[tuple[int, Json | str | None]] = []
    for child in element:
        name = _name(child)
        if name == "BulkData":
            attribute["BulkDataURI"] = child.get("uri") or child.get("uuid") or ""
        elif name == "InlineBinary":
            attribute["InlineBinary"] = (child.text or "").strip()
        elif name == "Item":
            values.append((_number(child, values), _attributes(child)))
        elif name == "PersonName":
            values.append((_number(child, values), _person_name(child)))
        elif name == "Value":
            values.append((_number(child, values), child.text))
    if values:
        attribute["Value"] = [value for _, value in sorted(values, key=lambda pair: pair[0])]
    return attribute


def _number(element: Element, before: list[tuple[int, Json | str | None]]) -> int:
    """Return the position of a value, which counts from 1; what names none follows the one before."""
    text = element.get("number")
    number = len(before) + 1 if text is None else int(text) if _NUMBER.match(text) else 0
    if number < 1 or any(number == taken for taken, _ in before[-1:]):
        raise MalformedError(f"{(text or '')[:40]!r} is not the number of a value")
    return number


def _person_name(element: Element) -> Json:
    groups: Json = {}
    for group in element:
        if _name(group) in NAME_GROUPS:
            texts = {_name(each): each.text or "" for each in group}
            components = "^".join(texts.get(name, "") for name in NAME_COMPONENTS)
            groups[_name(group)] = components.rstrip("^")
    return groups
