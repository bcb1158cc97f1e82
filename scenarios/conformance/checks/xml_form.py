"""The Native DICOM Model (PS3.19 A.1) as metadata: its form, and the same information as DICOM JSON."""

from http import HTTPStatus

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.deviation import expect_rule
from scenarios.conformance.dicom_json import JsonDataset
from scenarios.conformance.dicom_xml import XmlDocument, read
from scenarios.conformance.findings import Unsupported, Violation, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.fixtures.text import NAMES
from scenarios.conformance.media_type import DICOM_XML
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.message import Response
from scenarios.conformance.target import Capability


def metadata_in_xml(archive: Archive, instance: Instance) -> XmlDocument:
    """Return the one document of an instance's metadata in XML; an archive may refuse with 406."""
    response = archive.get(f"{instance.path}/metadata", accept=multipart_of(DICOM_XML))
    if response.status == HTTPStatus.NOT_ACCEPTABLE:
        expect_equal(archive.metadata(instance.path).uids, [instance.uid], "instances in DICOM JSON")
        raise Unsupported("the archive gives metadata in DICOM JSON only")
    document = read(only_body(archive, response))
    if document.dataset is None:
        raise Violation("a Native DICOM Model", document.deviations[0])
    expect_equal(document.dataset.text("SOPInstanceUID"), instance.uid, "instance")
    return document


def only_body(archive: Archive, response: Response) -> bytes:
    """Return the one part of a multipart response; a single part response is read too."""
    if response.content_type.name == DICOM_XML:
        return response.body
    parts = archive.parts(response).parts
    expect_equal(len(parts), 1, "number of parts")
    return parts[0].body


def dataset_in_xml(archive: Archive, instance: Instance) -> JsonDataset:
    """Return the metadata in XML as the attributes that DICOM JSON would have."""
    dataset = metadata_in_xml(archive, instance).dataset
    assert dataset is not None
    return dataset


@check("XML-001", needs=F.VR, capability=Capability.XML)
def the_root_is_a_native_dicom_model(archive: Archive, vr: Stock) -> None:
    """Metadata in XML are well-formed with a root NativeDicomModel that preserves white space."""
    document = metadata_in_xml(archive, vr["all"])
    expect_rule(document.deviations, "XML-001", 'a root NativeDicomModel with xml:space="preserve"')


@check("XML-002", needs=F.VR, capability=Capability.XML)
def attributes_have_tag_vr_and_keyword(archive: Archive, vr: Stock) -> None:
    """Every DicomAttribute has a tag in upper case hex digits, a vr and, if there is one, its keyword."""
    document = metadata_in_xml(archive, vr["all"])
    expect_rule(document.deviations, "XML-002", "tag, vr and keyword")


@check("XML-003", needs=F.VR, capability=Capability.XML)
def private_attributes_name_their_creator(archive: Archive, vr: Stock) -> None:
    """A private attribute comes as 00090001 with a privateCreator; a public one has none."""
    document = metadata_in_xml(archive, vr["all"])
    assert document.dataset is not None
    expect_rule(document.deviations, "XML-003", "block 00 and a privateCreator in private attributes only")
    expect_equal(document.dataset.text("00090001"), "private value", "private value")


@check("XML-004", needs=F.VR, capability=Capability.XML)
def values_are_numbered(archive: Archive, vr: Stock) -> None:
    """Values and items are numbered from 1; one that is empty is an empty element, and none is none."""
    document = metadata_in_xml(archive, vr["all"])
    assert document.dataset is not None
    expect_rule(document.deviations, "XML-004", "numbers from 1 upward")
    expect_equal(document.dataset.values("SelectorLOValue"), ["A", None, "B"], "LO values")
    expect_equal(document.dataset.values("PatientComments"), [], "values of an empty LT")


@check("XML-005", needs=F.CHARSET, capability=Capability.XML)
def a_name_has_groups_and_components(archive: Archive, charset: Stock) -> None:
    """A name of three groups is a PersonName of groups with family and given names."""
    document = metadata_in_xml(archive, charset["jis"])
    assert document.dataset is not None
    expect_rule(document.deviations, "XML-005", "a PersonName of groups and components")
    value = document.dataset.value("PatientName")
    expect(isinstance(value, dict), "a person name of groups", got=value)
    expect_equal("=".join(value.values()), NAMES["jis"][1], "Patient's Name")


@check("XML-006", needs=F.BASE, capability=Capability.XML)
def xml_and_json_say_the_same(archive: Archive, base: Stock) -> None:
    """The attributes of an image are the same in XML and in JSON, with the same VR and values."""
    instance = base["b"]
    in_xml = dataset_in_xml(archive, instance)
    in_json = archive.metadata(instance.path).only
    expect_equal(sorted(in_xml.attributes), sorted(in_json.attributes), "attributes in XML")
    for tag in in_json.attributes:
        expect_equal(in_xml.vr(tag), in_json.vr(tag), f"VR of {tag} in XML")
        expect_equal([*map(str, in_xml.values(tag))], [*map(str, in_json.values(tag))], f"{tag} in XML")


@check("XML-006", needs=F.VR, capability=Capability.XML)
def text_of_every_vr_is_the_same_in_xml_and_json(archive: Archive, vr: Stock) -> None:
    """Text of every VR, a backslash and an ampersand in it, is the same in XML and in JSON."""
    in_xml = dataset_in_xml(archive, vr["all"])
    in_json = archive.metadata(vr["all"].path).only
    for kind in ("AE", "AS", "AT", "CS", "DA", "DT", "LO", "LT", "SH", "ST", "TM", "UC", "UI", "UR", "UT"):
        name = f"Selector{kind}Value"
        expect_equal(in_xml.values(name), in_json.values(name), f"{name} in XML")


@check("XML-007", needs=F.ODD, capability=Capability.XML)
def xml_has_no_group_lengths(archive: Archive, odd: Stock) -> None:
    """An instance that was stored with (0008,0000) shows no group length in XML."""
    document = metadata_in_xml(archive, odd["group-length"])
    expect_rule(document.deviations, "XML-007", "no group length element")


@check("XML-008", needs=F.VR, capability=Capability.XML)
def the_namespace_is_reported(archive: Archive, vr: Stock) -> None:
    """Whether the root is in the namespace of PS3.19 is reported."""
    document = metadata_in_xml(archive, vr["all"])
    archive.note(f"namespace of PS3.19: {'declared' if document.has_namespace else 'not declared'}")
