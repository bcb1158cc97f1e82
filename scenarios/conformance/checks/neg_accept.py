"""What an archive sends for wildcards, for types that it lacks, and for lists as clients write them."""

from http import HTTPStatus

from scenarios.conformance.answers import Retrieved
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.neg_weights import expect_json
from scenarios.conformance.checks.ren_images import rendered
from scenarios.conformance.checks.thb_images import thumbnail
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.media_type import ANY, DICOM, DICOM_JSON, OCTETS
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.message import Response
from scenarios.conformance.multipart import Part
from scenarios.conformance.picture import Picture
from scenarios.conformance.target import Capability
from scenarios.conformance.verdict import Severity

NOBODY_HAS = "application/x-phantom"
# What Chrome and Firefox send when a link is followed.
BROWSERS = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    "text/html, application/xhtml+xml, image/avif, */*;q=0.8",
)


def expect_not_acceptable(archive: Archive, response: Response, what: str) -> None:
    """Expect 406; the default type instead is the other reading (DR-33)."""
    if response.ok:
        archive.warn(f"DR-33: {what} come in the default type where nothing acceptable is offered")
        return
    expect_equal(response.status, HTTPStatus.NOT_ACCEPTABLE, f"status of {what}")


@check("NEG-004", needs=F.BASE)
def nothing_acceptable_is_406(archive: Archive, base: Stock) -> None:
    """Metadata, instances, frames and searches are 406 for a type that nobody has (DR-33)."""
    instance = base["b"]
    expect_equal(archive.metadata(instance.path).uids, [instance.uid], "instances")
    expect_equal([each.uid for each in archive.retrieve(instance.path)], [instance.uid], "instances")
    for path, what in (
        (f"{instance.path}/metadata", "metadata of an instance"),
        (f"{instance.study_path}/metadata", "metadata of a study"),
        (instance.path, "instances"),
        (f"{instance.path}/frames/1", "frames"),
        (f"/studies?PatientID={instance.patient_id}", "matches"),
    ):
        expect_not_acceptable(archive, archive.get(path, accept=NOBODY_HAS), what)


@check("NEG-004", needs=F.GRAD)
def nothing_acceptable_of_bulk_data_is_406(archive: Archive, grad: Stock) -> None:
    """Bulk data are 406 for a type that nobody has (DR-33)."""
    metadata = archive.metadata(grad["ramp"].path)
    uri = metadata.only.bulk_data_uri("PixelData")
    if uri is None:
        raise Unsupported("metadata name no bulk data for Pixel Data")
    expect(archive.follow(uri, metadata.response).ok, "the bulk data", got=uri)
    response = archive.follow(uri, metadata.response, accept=NOBODY_HAS)
    expect_not_acceptable(archive, response, "bulk data")


@check("NEG-004", needs=F.GRAD, capability=Capability.RENDERED)
def nothing_acceptable_of_a_rendered_image_is_406(archive: Archive, grad: Stock) -> None:
    """A rendered image is 406 for a type that nobody has (DR-33)."""
    response = rendered(archive, grad["ramp"].path, accept=NOBODY_HAS)
    expect_not_acceptable(archive, response, "rendered images")


@check("NEG-005", needs=F.BASE)
def anything_is_the_default_type(archive: Archive, base: Stock) -> None:
    """For */* metadata come as DICOM JSON, and study, series and instance as multipart of DICOM."""
    instance = base["b"]
    expect_json(archive.get(f"{instance.path}/metadata", accept=ANY), instance, ANY)
    for path in (instance.study_path, instance.series_path, instance.path):
        response = archive.get(path, accept=ANY)
        expect(response.ok, f"200 for {path}", got=response)
        got = response.content_type
        expect_equal((got.name, got.parameters.get("type")), ("multipart/related", DICOM), "Content-Type")
        uids = [Retrieved.of(part).uid for part in archive.parts(response).parts]
        expect_equal(uids, [instance.uid], "instances")


@check("NEG-005", needs=F.GRAD, capability=Capability.THUMBNAILS)
def the_default_of_a_thumbnail_is_jpeg(archive: Archive, grad: Stock) -> None:
    """For */* a thumbnail comes as image/jpeg."""
    response = thumbnail(archive, grad["ramp"].path)
    expect_equal(response.content_type.name, "image/jpeg", "Content-Type")
    expect_equal(Picture.of(response).format, "JPEG", "format")


@check("NEG-006", needs=F.BASE)
def a_request_without_accept_is_refused(archive: Archive, base: Stock) -> None:
    """Metadata without an Accept header are 406; the default type is the other reading (DR-02)."""
    path = f"{base['b'].path}/metadata"
    expect_equal(archive.metadata(base["b"].path).uids, [base["b"].uid], "instances")
    response = archive.get(path, accept=None)
    if response.ok:
        expect_json(response, base["b"], "(none)")
        archive.warn("DR-02: without an Accept header the default type is sent")
        return
    expect_equal(response.status, HTTPStatus.NOT_ACCEPTABLE, "status without an Accept header")


@check("NEG-007", needs=F.BASE)
def what_is_no_type_is_passed_over(archive: Archive, base: Stock) -> None:
    """Words that are no media type, and types that the archive lacks, leave the rest of the list standing."""
    path = f"{base['b'].path}/metadata"
    for accept in (
        f"toto, {DICOM_JSON}",
        f"{DICOM_JSON}, toto",
        f"text/html, image/webp, {DICOM_JSON};q=0.8",
    ):
        expect_json(archive.get(path, accept=accept), base["b"], accept)


@check("NEG-007", needs=F.BASE)
def an_unknown_transfer_syntax_is_passed_over(archive: Archive, base: Stock) -> None:
    """Where the first range names a transfer syntax that nobody has, the second is honoured."""
    accept = f"{multipart_of(DICOM, '1.2.840.10008.1.2.4.999')}, {multipart_of(DICOM)};q=0.5"
    response = archive.get(base["b"].path, accept=accept)
    uids = [Retrieved.of(part).uid for part in archive.parts(response).parts]
    expect_equal(uids, [base["b"].uid], "instances")


@check("NEG-008", needs=F.BASE)
def a_browser_gets_the_default(archive: Archive, base: Stock) -> None:
    """The list of a browser, which ends in */*, is answered with metadata in DICOM JSON."""
    path = f"{base['b'].path}/metadata"
    for accept in BROWSERS:
        expect_json(archive.get(path, accept=accept), base["b"], accept)


@check("NEG-020", needs=F.BASE)
def quotes_round_the_type_are_optional(archive: Archive, base: Stock) -> None:
    """type=application/octet-stream and type=application/dicom without quotes are understood."""
    instance = base["b"]
    frames = archive.get(
        f"{instance.path}/frames/1", accept=f"multipart/related; type={OCTETS}; transfer-syntax=*"
    )
    expect_equal(frames.status, HTTPStatus.OK, "status of frames")
    assert instance.pixels is not None
    bodies = [part.body for part in archive.parts(frames).parts]
    expect(bodies == [instance.pixels.tobytes()], "the pixels of the frame", got=bodies[0][:20])
    instances = archive.get(instance.path, accept=f"multipart/related; type={DICOM}")
    expect_equal(instances.status, HTTPStatus.OK, "status of an instance")
    uids = [Retrieved.of(part).uid for part in archive.parts(instances).parts]
    expect_equal(uids, [instance.uid], "instances")


@check("NEG-021", needs=F.BASE)
def many_instances_do_not_fit_into_one_part(archive: Archive, base: Stock) -> None:
    """A study and a series of several instances are 406 where only application/dicom is acceptable."""
    instance = base["a-1-1"]
    for path in (instance.study_path, instance.series_path):
        expect(len(archive.retrieve(path)) > 1, "several instances", got=path)
        response = archive.get(path, accept=DICOM)
        if response.ok and response.content_type.name == "multipart/related":
            archive.warn("DR-33: several instances come in several parts where none are acceptable")
            continue
        expect_equal(response.status, HTTPStatus.NOT_ACCEPTABLE, f"status of {path}")


@check("NEG-022", needs=F.BASE)
def one_instance_may_come_in_one_part(archive: Archive, base: Stock) -> None:
    """Accept: application/dicom on an instance gives its Part 10 file, or a refusal (DR-01)."""
    instance = base["b"]
    expect_equal([each.uid for each in archive.retrieve(instance.path)], [instance.uid], "instances")
    response = archive.get(instance.path, accept=DICOM)
    if response.is_client_error:
        raise Unsupported(f"an instance comes in multipart only: {response}")
    expect_equal(response.status, HTTPStatus.OK, "status", severity=Severity.FAIL)
    expect_equal(response.content_type.name, DICOM, "Content-Type", severity=Severity.FAIL)
    is_part10 = response.body[128:132] == b"DICM"
    expect(is_part10, "a Part 10 file", got=response.body[:40], severity=Severity.FAIL)
    uid = Retrieved.of(Part.of(DICOM, response.body)).uid
    expect_equal(uid, instance.uid, "SOP Instance UID", severity=Severity.FAIL)
    archive.note("an instance comes as a single part of application/dicom")
