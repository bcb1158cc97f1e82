"""The form of DICOM JSON (Annex F), judged on the metadata of an instance that holds every VR."""

from http import HTTPStatus

from scenarios.conformance.answers import Datasets
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check, observe
from scenarios.conformance.checks.http_exchanges import answered
from scenarios.conformance.deviation import expect_rule
from scenarios.conformance.dicom_json import read
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.media_type import DICOM_JSON
from scenarios.conformance.message import Exchange


def metadata_of_all(archive: Archive, vr: Stock) -> Datasets:
    """Return the metadata of the instance with every VR; without them no form can be judged."""
    found = archive.metadata(vr["all"].path)
    expect_equal(found.texts("SOPInstanceUID"), [vr["all"].uid], "instances")
    return found


@observe("JSON-001")
def a_json_payload_is_json(exchange: Exchange) -> None:
    """Every DICOM JSON payload is JSON in UTF-8, without byte order mark and without a name twice."""
    response = answered(exchange)
    if not (response.ok and response.body and response.content_type.name == DICOM_JSON):
        raise Unsupported("not a DICOM JSON payload")
    if response.header("Content-Encoding"):
        raise Unsupported("the bytes are those of a content coding")
    expect_rule(read(response.body).deviations, "JSON-001", "valid JSON")


@check("JSON-001", needs=F.VR)
def metadata_are_json(archive: Archive, vr: Stock) -> None:
    """The metadata of an instance are JSON in UTF-8, without byte order mark and without a name twice."""
    expect_rule(metadata_of_all(archive, vr).deviations, "JSON-001", "valid JSON")


@check("JSON-002", needs=F.VR)
def names_are_tags(archive: Archive, vr: Stock) -> None:
    """Attribute names are eight upper case hex digits, at every level."""
    expect_rule(metadata_of_all(archive, vr).deviations, "JSON-002", "names of eight upper case hex digits")


@check("JSON-003", needs=F.VR)
def attributes_are_in_ascending_order(archive: Archive, vr: Stock) -> None:
    """Attributes are in ascending order of their names, at every level."""
    expect_rule(metadata_of_all(archive, vr).deviations, "JSON-003", "attributes in ascending order")


@check("JSON-004", needs=F.ODD)
def group_lengths_are_left_out(archive: Archive, odd: Stock) -> None:
    """An instance that was stored with (0008,0000) shows no group length in its metadata."""
    instance = odd["group-length"]
    found = archive.metadata(instance.path)
    expect_equal(found.texts("SOPInstanceUID"), [instance.uid], "instances")
    expect_rule(found.deviations, "JSON-004", "no group length element")


@check("JSON-005", needs=F.VR)
def every_attribute_has_its_vr(archive: Archive, vr: Stock) -> None:
    """Every attribute is an object with a valid vr, and those stored with a VR have that one."""
    found = metadata_of_all(archive, vr)
    expect_rule(found.deviations, "JSON-005", "an object with a valid vr")
    for element in vr["all"].dataset:
        seen = found.only.vr(f"{element.tag:08X}")
        expect(seen in {None, element.VR}, f"vr {element.VR} of {element.tag}", got=seen)


@check("JSON-006", needs=F.VR)
def a_value_is_given_in_one_form(archive: Archive, vr: Stock) -> None:
    """No attribute has two of Value, BulkDataURI and InlineBinary."""
    expect_rule(metadata_of_all(archive, vr).deviations, "JSON-006", "at most one form of the value")


@check("JSON-007", needs=F.VR)
def an_empty_attribute_has_a_vr_only(archive: Archive, vr: Stock) -> None:
    """Empty LO, LT, PN and SQ attributes are present with a vr and nothing else."""
    found = metadata_of_all(archive, vr)
    expect_rule(found.deviations, "JSON-007", "no Value in an empty attribute")
    for tag in ("00081080", "00104000", "00081050", "00081110"):
        expect_equal(list(found.only.attributes.get(tag, ())), ["vr"], f"members of the empty {tag}")


@check("JSON-008", needs=F.VR)
def an_empty_value_among_others_is_null(archive: Archive, vr: Stock) -> None:
    """The values A, nothing and B are ["A", null, "B"]."""
    only = metadata_of_all(archive, vr).only
    expect_equal(only.values("SelectorLOValue"), ["A", None, "B"], "LO values")
    expect_equal(only.values("SelectorCSValue"), ["ORIGINAL", None, "AXIAL"], "CS values")


@check("JSON-009", needs=F.VR)
def an_empty_item_is_an_empty_object(archive: Archive, vr: Stock) -> None:
    """The second item of a sequence, which has no attributes, is {}."""
    items = metadata_of_all(archive, vr).only.values("ContentSequence")
    expect_equal(items[1:], [{}], "items after the first")


@check("JSON-018", needs=F.VR)
def binary_values_are_no_arrays(archive: Archive, vr: Stock) -> None:
    """OB, OW, OF, OD, OL, OV and UN are given inline, in base64, or as a bulk data URI; never as Value."""
    found = metadata_of_all(archive, vr)
    expect_rule(found.deviations, "JSON-018", "no Value of a binary VR")
    for kind in ("OB", "OD", "OF", "OL", "OV", "OW", "UN"):
        expect(f"Selector{kind}Value" in found.only, f"the {kind} attribute", got="nothing")


@check("JSON-019", needs=F.VR)
def sequences_nest(archive: Archive, vr: Stock) -> None:
    """A sequence is an array of objects, down to the fourth level."""
    found = metadata_of_all(archive, vr)
    expect_rule(found.deviations, "JSON-019", "items that are objects")
    texts, level = [], found.only
    while items := level.items("ContentSequence"):
        level = items[0]
        texts.append(level.text("TextValue"))
    expect_equal(texts, ["level 1", "level 2", "level 3", "the deepest level"], "texts of the levels")


@check("JSON-020", needs=F.VR)
def values_are_not_padded(archive: Archive, vr: Stock) -> None:
    """UI, CS, LO and SH values come without a trailing NUL or space."""
    expect_rule(metadata_of_all(archive, vr).deviations, "JSON-020", "values without padding")


@check("JSON-023", needs=F.VR)
def private_attributes_keep_their_block(archive: Archive, vr: Stock) -> None:
    """A private attribute comes as 00091001 beside its creator 00090010."""
    only = metadata_of_all(archive, vr).only
    expect_equal(only.text("00090010"), "PHANTOM", "private creator")
    expect_equal(only.text("00091001"), "private value", "private value")


@check("JSON-025", needs=F.VR)
def the_type_is_dicom_json(archive: Archive, vr: Stock) -> None:
    """DICOM JSON is announced as application/dicom+json, with no other charset than UTF-8."""
    response = archive.get(f"{vr['all'].path}/metadata", accept=DICOM_JSON)
    expect_equal(response.status, HTTPStatus.OK, "status")
    expect_equal(Datasets.of(response).texts("SOPInstanceUID"), [vr["all"].uid], "instances")
    expect_equal(response.content_type.name, DICOM_JSON, "Content-Type")
    charset = response.content_type.parameters.get("charset", "utf-8").lower()
    expect_equal(charset, "utf-8", "charset")
