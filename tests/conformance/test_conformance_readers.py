"""DICOM JSON and XML are read leniently, and every departure from their rules is named."""

import json

import pytest

from scenarios.conformance import dicom_json, dicom_xml
from scenarios.conformance.findings import HarnessError
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.identifiers import Identifiers
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.fixtures.metadata_requests import json_parts, xml_parts


def build_all(name: str) -> list[Instance]:
    fixture = getattr(F, name)
    return list(fixture.build(Identifiers("seed", fixture.scope)))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("JSON-001", "[{]"),
        ("JSON-001", '[{"00100020": {"vr": "LO"}, "00100020": {"vr": "LO"}}]'),
        ("JSON-001", '\ufeff[{"00100020": {"vr": "LO"}}]'),
        ("JSON-001", '[{"00720074": {"vr": "FD", "Value": [NaN]}}]'),
        ("JSON-002", '[{"0020000d": {"vr": "UI"}}]'),
        ("JSON-002", '[{"PatientID": {"vr": "LO"}}]'),
        ("JSON-003", '[{"00100020": {"vr": "LO"}, "00080005": {"vr": "CS"}}]'),
        ("JSON-004", '[{"00080000": {"vr": "UL", "Value": [4]}}]'),
        ("JSON-005", '[{"00100020": {"Value": ["a"]}}]'),
        ("JSON-005", '[{"00100020": "a"}]'),
        ("JSON-005", '[{"00100020": {"vr": "LO", "Value": [1]}}]'),
        ("JSON-006", '[{"00720065": {"vr": "OB", "InlineBinary": "AA==", "BulkDataURI": "x"}}]'),
        ("JSON-006", '[{"00100020": {"vr": "LO", "Value": "a"}}]'),
        ("JSON-007", '[{"00100020": {"vr": "LO", "Value": []}}]'),
        ("JSON-007", '[{"00100020": {"vr": "LO", "Value": [null]}}]'),
        ("JSON-008", '[{"00081080": {"vr": "LO", "Value": ["a", "", "b"]}}]'),
        ("JSON-010", '[{"00100010": {"vr": "PN", "Value": ["Doe^John"]}}]'),
        ("JSON-011", '[{"00100010": {"vr": "PN", "Value": [{"Alphabetic": "A", "Phonetic": ""}]}}]'),
        ("JSON-012", '[{"00200013": {"vr": "IS", "Value": [true]}}]'),
        ("JSON-014", '[{"00280010": {"vr": "US", "Value": ["8"]}}]'),
        ("JSON-015", '[{"00720074": {"vr": "FD", "Value": ["NaN"]}}]'),
        ("JSON-016", '[{"00280009": {"vr": "AT", "Value": ["0018106a"]}}]'),
        ("JSON-017", '[{"00720065": {"vr": "OB", "InlineBinary": ["AA=="]}}]'),
        ("JSON-017", '[{"00720065": {"vr": "OB", "InlineBinary": "?"}}]'),
        ("JSON-018", '[{"00720067": {"vr": "OF", "Value": [1.5]}}]'),
        ("JSON-019", '[{"00081110": {"vr": "SQ", "Value": ["item"]}}]'),
        ("JSON-002", '[{"00081110": {"vr": "SQ", "Value": [{"0020000d": {"vr": "UI"}}]}}]'),
        ("JSON-020", '[{"0020000D": {"vr": "UI", "Value": ["1.2\\u0000"]}}]'),
        ("META-005", '[{"00100020": {"vr": "LO", "BulkDataURI": "x"}}]'),
    ],
)
def test_a_departure_in_json_is_named(rule: str, text: str) -> None:
    assert rule in {found.rule for found in dicom_json.read(text.encode()).deviations}


@pytest.mark.parametrize("name", ["VR", "BASE", "CHARSET", "SEQ", "MF"])
def test_what_the_suite_sends_keeps_the_rules(name: str) -> None:
    for instance in build_all(name):
        document = dicom_json.read(json_parts(instance)[0].body)
        assert document.deviations == ()
        assert document.datasets[0].text("SOPInstanceUID") == instance.uid


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("XML-001", "NativeDicomModel", "Model"),
        ("XML-001", ' xml:space="preserve"', ""),
        ("XML-001", "</NativeDicomModel>", ""),
        ("XML-002", 'tag="0020000D"', 'tag="0020000d"'),
        ("XML-002", 'keyword="PatientID"', 'keyword="PatientId"'),
        ("XML-003", 'keyword="PatientID"', 'keyword="PatientID" privateCreator="X"'),
        ("XML-003", 'tag="00100020"', 'tag="00111020"'),
        ("XML-003", 'tag="00100020"', 'tag="00110001"'),
        ("XML-003", 'tag="00100020"', 'tag="00111020" privateCreator="X"'),
        ("XML-004", 'number="1"', 'number="0"'),
        ("XML-005", "FamilyName", "Family"),
        ("XML-007", 'tag="00100020"', 'tag="00100000"'),
        ("XML-007", 'tag="00100020"', 'tag="00110000"'),
    ],
)
def test_a_departure_in_xml_is_named(rule: str, old: str, new: str) -> None:
    text = xml_parts(build_all("SEQ")[0])[0].body.decode()
    assert old in text
    assert rule in {found.rule for found in dicom_xml.read(text.replace(old, new).encode()).deviations}


@pytest.mark.parametrize("tag", ["00110000", "00110001", "001100FF"])
def test_private_elements_of_a_named_creator_keep_the_rules(tag: str) -> None:
    """A block is written as 00 (PS3.19 A.1), so that (0011,1000) is 00110000, which is no group length."""
    text = xml_parts(build_all("SEQ")[0])[0].body.decode()
    private = f'<DicomAttribute tag="{tag}" vr="LO" privateCreator="X"/></NativeDicomModel>'
    document = dicom_xml.read(text.replace("</NativeDicomModel>", private).encode())
    assert document.deviations == ()


@pytest.mark.parametrize("name", ["BASE", "CHARSET", "SEQ"])
def test_xml_gives_the_attributes_of_json(name: str) -> None:
    for instance in build_all(name):
        document = dicom_xml.read(xml_parts(instance)[0].body)
        expected = dicom_json.read(json_parts(instance)[0].body).datasets[0]
        assert document.dataset is not None
        assert document.deviations == ()
        assert normal(document.dataset.attributes) == normal(expected.attributes)


def normal(attributes: object) -> object:
    """Numbers may be written in several ways, and an empty group of a name may be left out."""
    text = json.dumps(attributes, sort_keys=True, ensure_ascii=False)
    return json.loads(text, parse_int=float)


def test_an_attribute_is_asked_for_by_keyword_or_tag() -> None:
    dataset = dicom_json.JsonDataset({"00100020": {"vr": "LO", "Value": ["A "]}})
    assert dataset.text("PatientID") == dataset.text("00100020") == "A"
    with pytest.raises(HarnessError):
        dataset.text("PatientIdentity")
