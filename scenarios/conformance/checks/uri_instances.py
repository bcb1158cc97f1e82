"""WADO-URI: one instance as a Part 10 file, named by query parameters (PS3.18 9.4)."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import quote

from scenarios.conformance.answers import Retrieved
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.ren_images import NOT_OFFERED
from scenarios.conformance.decoded import expect_same_pixels
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.media_type import DICOM
from scenarios.conformance.message import Response
from scenarios.conformance.multipart import Part
from scenarios.conformance.target import Capability

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
MPEG2 = "1.2.840.10008.1.2.4.100"  # which no archive makes of a CT image
AS_DICOM: Mapping[str, str] = MappingProxyType({"contentType": DICOM})
# What tells who the patient is, in the fixtures (PS3.15 Table E.1-1).
IDENTIFYING = ("PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "ReferringPhysicianName")


def wado(archive: Archive, instance: Instance, changes: Mapping[str, str | None] = AS_DICOM) -> Response:
    """GET an instance by WADO-URI, with further query parameters or, given None, without one of the four."""
    parameters: dict[str, str | None] = {
        "requestType": "WADO",
        "studyUID": instance.study_uid,
        "seriesUID": instance.series_uid,
        "objectUID": instance.uid,
        **changes,
    }
    query = "&".join(f"{name}={quote(value, safe='/*,')}" for name, value in parameters.items() if value)
    return archive.get(f"{archive.target.wado_uri}?{query}")


def part10(response: Response) -> Retrieved:
    """Return the instance of a response, which has to be a Part 10 file in a single part."""
    expect_equal(response.status, HTTPStatus.OK, "status")
    expect_equal(response.content_type.name, DICOM, "Content-Type")
    return Retrieved.of(Part(response.headers, response.body))


def served(archive: Archive, instance: Instance) -> Retrieved:
    """Return an instance by WADO-URI; without such a service the check ends as unsupported."""
    response = wado(archive, instance)
    if response.status in NOT_OFFERED and not archive.target.wado_uri_url:
        raise Unsupported(f"there is no WADO-URI at {archive.target.wado_uri}: {response}")
    found = part10(response)
    expect_equal(found.uid, instance.uid, "SOP Instance UID")
    return found


def expect_status(
    archive: Archive, instance: Instance, status: HTTPStatus, changes: Mapping[str, str | None]
) -> None:
    """Expect this status for a request with these changes."""
    shown = "&".join(f"{name}={value}" if value else f"no {name}" for name, value in changes.items())
    expect_equal(wado(archive, instance, changes).status, status, f"status of {shown}")


@check("URI-001", needs=F.BASE, capability=Capability.WADO_URI)
def an_instance_is_its_part_10_file(archive: Archive, base: Stock) -> None:
    """The four parameters with contentType=application/dicom give the Part 10 file, in a single part."""
    found = served(archive, base["b"])
    expect_equal(found.transfer_syntax, EXPLICIT_LITTLE_ENDIAN, "transfer syntax")
    expect_same_pixels(found, base["b"])


@check("URI-003", needs=F.BASE, capability=Capability.WADO_URI)
def the_request_type_is_wado(archive: Archive, base: Stock) -> None:
    """Without requestType, and with one that is not WADO, the request is 400."""
    served(archive, base["b"])
    for kind in (None, "FOO"):
        changes = {"requestType": kind, **AS_DICOM}
        expect_status(archive, base["b"], HTTPStatus.BAD_REQUEST, changes)


@check("URI-004", needs=F.BASE, capability=Capability.WADO_URI)
def no_uid_may_be_missing(archive: Archive, base: Stock) -> None:
    """Without studyUID, seriesUID or objectUID the request is 400."""
    served(archive, base["b"])
    for name in ("studyUID", "seriesUID", "objectUID"):
        expect_status(archive, base["b"], HTTPStatus.BAD_REQUEST, {name: None, **AS_DICOM})


@check("URI-005", needs=F.BASE, capability=Capability.WADO_URI)
def an_instance_is_found_in_its_own_place_only(archive: Archive, base: Stock) -> None:
    """Unknown UIDs, and an instance that is asked for in another study or series, are 404."""
    own, other, sibling = base["a-1-1"], base["b"], base["a-2-1"]
    for instance in (own, other, sibling):
        served(archive, instance)
    unknown = archive.names.uid("nowhere")
    for changes in (
        {"studyUID": unknown},
        {"seriesUID": unknown},
        {"objectUID": unknown},
        {"studyUID": other.study_uid},
        {"seriesUID": sibling.series_uid},
        {"objectUID": other.uid},
        {"studyUID": other.study_uid, "seriesUID": other.series_uid},
    ):
        expect_status(archive, own, HTTPStatus.NOT_FOUND, {**changes, **AS_DICOM})


@check("URI-006", needs=(F.BASE, F.RLE), capability=Capability.WADO_URI)
def the_default_is_explicit_little_endian(archive: Archive, base: Stock, rle: Stock) -> None:
    """Without transferSyntax an RLE image comes in Explicit VR Little Endian."""
    served(archive, base["b"])
    for instance in rle:
        found = part10(wado(archive, instance))
        expect_equal(found.transfer_syntax, EXPLICIT_LITTLE_ENDIAN, f"transfer syntax of {instance.label}")
        expect_same_pixels(found, instance)


def expect_transfer_syntax_heeded(archive: Archive, instance: Instance) -> None:
    """End the check unless the archive heeds transferSyntax, which it may ignore."""
    response = wado(archive, instance, {**AS_DICOM, "transferSyntax": MPEG2})
    if response.ok and part10(response).transfer_syntax == EXPLICIT_LITTLE_ENDIAN:
        raise Unsupported("the archive ignores transferSyntax")
    expect_equal(response.status, HTTPStatus.NOT_ACCEPTABLE, "status of MPEG-2 for a CT image")


@check("URI-007", needs=(F.BASE, F.RLE), capability=Capability.WADO_URI)
def a_transfer_syntax_is_honoured_or_not_acceptable(archive: Archive, base: Stock, rle: Stock) -> None:
    """An instance comes in the transferSyntax that is asked for, or is 406 if the archive cannot make it."""
    served(archive, base["b"])
    expect_transfer_syntax_heeded(archive, base["b"])
    for instance in (base["b"], rle["grey"]):
        for syntax in (EXPLICIT_LITTLE_ENDIAN, rle["grey"].transfer_syntax):
            response = wado(archive, instance, {**AS_DICOM, "transferSyntax": syntax})
            if response.status == HTTPStatus.NOT_ACCEPTABLE and syntax != EXPLICIT_LITTLE_ENDIAN:
                continue
            found = part10(response)
            expect_equal(found.transfer_syntax, syntax, f"transfer syntax of {instance.label}")
            expect_same_pixels(found, instance)


@check("URI-007", needs=F.BASE, capability=Capability.WADO_URI)
def a_transfer_syntax_is_one_uid(archive: Archive, base: Stock) -> None:
    """A transferSyntax that is no UID, or several, is 400."""
    served(archive, base["b"])
    expect_transfer_syntax_heeded(archive, base["b"])
    for value in ("nope", "1..2", f"{EXPLICIT_LITTLE_ENDIAN},{JPEG_2000_LOSSLESS}"):
        changes = {"transferSyntax": value, **AS_DICOM}
        expect_status(archive, base["b"], HTTPStatus.BAD_REQUEST, changes)


@check("URI-008", needs=F.BASE, capability=Capability.WADO_URI)
def a_content_type_has_no_parameters(archive: Archive, base: Stock) -> None:
    """A contentType with a transfer-syntax or a charset in it is 400."""
    served(archive, base["b"])
    for parameter in (f"transfer-syntax={EXPLICIT_LITTLE_ENDIAN}", "charset=utf-8"):
        changes = {"contentType": f"{DICOM};{parameter}"}
        expect_status(archive, base["b"], HTTPStatus.BAD_REQUEST, changes)


@check("URI-013", needs=F.BASE, capability=Capability.WADO_URI)
def an_anonymized_instance_tells_nobody(archive: Archive, base: Stock) -> None:
    """With anonymize=yes a new SOP Instance UID comes and no identifying data; other values are 400."""
    instance = base["b"]
    served(archive, instance)
    response = wado(archive, instance, {**AS_DICOM, "anonymize": "yes"})
    if response.is_client_error or response.status == HTTPStatus.NOT_IMPLEMENTED:
        raise Unsupported(f"the archive does not anonymize: {response}")
    found = part10(response)
    kept = [name for name in IDENTIFYING if str(found.dataset.get(name, "")) == instance.dataset[name].value]
    if found.uid == instance.uid and len(kept) == len(IDENTIFYING):
        raise Unsupported("the archive ignores anonymize, and sends the instance as it is")
    expect(found.uid != instance.uid, "a new SOP Instance UID", got=found.uid)
    expect(not kept, "no identifying data", got=kept)
    expect_status(archive, instance, HTTPStatus.BAD_REQUEST, {"anonymize": "maybe", **AS_DICOM})
