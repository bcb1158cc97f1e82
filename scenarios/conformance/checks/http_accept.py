"""The accept parameter, the Accept header, and how their media types are read (PS3.18 8.3.3.1, 8.7)."""

from http import HTTPStatus

from scenarios.conformance.answers import Datasets, Retrieved
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.media_type import DICOM, DICOM_JSON, DICOM_XML
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.target import Capability
from scenarios.conformance.verdict import Severity

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"


@check("HTTP-019", needs=F.BASE)
def the_accept_parameter_selects_the_type(archive: Archive, base: Stock) -> None:
    """A type that is given when the Accept header asks for it is given when the accept parameter does."""
    path = base["b"].path
    response = archive.get(f"{path}/metadata", {"accept": DICOM_JSON})
    expect_equal(Datasets.of(response).texts("SOPInstanceUID"), [base["b"].uid], "instances")
    judged = 0
    for resource, accept in ((path, DICOM), (f"{path}/metadata", multipart_of(DICOM_XML))):
        by_header = archive.get(resource, accept=accept)
        if not by_header.ok:
            continue
        by_parameter = archive.get(resource, {"accept": accept})
        got, expected = by_parameter.content_type, by_header.content_type
        expect_equal(got.name, expected.name, f"Content-Type for accept={accept}")
        judged += 1
    if not judged:
        raise Unsupported("the archive has no type beside the default of its resources")


@check("HTTP-020", needs=F.BASE)
def a_wildcard_in_the_accept_parameter_is_refused(archive: Archive, base: Stock) -> None:
    """accept=*/* is 400; an archive that ignores it answers in its default type."""
    path = f"{base['b'].path}/metadata"
    given = Datasets.of(archive.get(path, accept=DICOM_JSON))
    expect_equal(given.texts("SOPInstanceUID"), [base["b"].uid], "instances")
    response = archive.get(path, {"accept": "*/*"})
    expect(response.status < HTTPStatus.INTERNAL_SERVER_ERROR, "no server error", got=response)
    expect_equal(response.status, HTTPStatus.BAD_REQUEST, "status of accept=*/*")


@check("HTTP-021", needs=F.BASE)
def the_accept_parameter_stays_within_the_header(archive: Archive, base: Stock) -> None:
    """accept=application/dicom with Accept: application/dicom+json on metadata gives no other type."""
    path = f"{base['b'].path}/metadata"
    given = Datasets.of(archive.get(path, accept=DICOM_JSON))
    expect_equal(given.texts("SOPInstanceUID"), [base["b"].uid], "instances")
    response = archive.get(path, {"accept": multipart_of(DICOM_XML)}, accept=DICOM_JSON)
    fits = not response.ok or response.content_type.name == DICOM_JSON
    expect(fits, "DICOM JSON or a refusal", got=response)


@check("HTTP-022", needs=F.GRAD, capability=Capability.RENDERED)
def dicom_and_rendered_types_do_not_mix(archive: Archive, grad: Stock) -> None:
    """DICOM and JPEG in one Accept are 400; to ignore what does not fit is the other reading (DR-03)."""
    path = grad["ramp"].path
    expect_equal([each.uid for each in archive.retrieve(path)], [grad["ramp"].uid], "instances")
    response = archive.get(path, accept=f"{multipart_of(DICOM)}, image/jpeg")
    if response.ok:
        archive.warn("DR-03: DICOM and rendered types in one Accept header are negotiated")
        return
    expect_equal(response.status, HTTPStatus.BAD_REQUEST, "status", severity=Severity.FAIL)


@check("HTTP-030", needs=F.BASE)
def a_media_type_is_read_in_any_spelling(archive: Archive, base: Stock) -> None:
    """Order, white space and quotes of the parameters in Accept make no difference."""
    instance = base["b"]
    for accept in (
        'multipart/related; type="application/dicom"; transfer-syntax=*',
        'multipart/related;transfer-syntax="*"; type="application/dicom"',
        'multipart/related;transfer-syntax=*;type="application/dicom"',
        "multipart/related;type=application/dicom;transfer-syntax=*",
        f'multipart/related ; type="application/dicom" ; transfer-syntax="{EXPLICIT_LITTLE_ENDIAN}"',
        'Multipart/Related; Type="application/dicom"; Transfer-Syntax=*',
    ):
        response = archive.get(instance.path, accept=accept)
        expect_equal(response.status, HTTPStatus.OK, f"status of Accept: {accept}")
        uids = [Retrieved.of(part).uid for part in archive.parts(response).parts]
        expect_equal(uids, [instance.uid], f"instances of Accept: {accept}")
