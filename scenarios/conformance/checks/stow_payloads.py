"""Store payloads: media types, framing, and what comes back of what was sent."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from scenarios.conformance import multipart
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.stow_outcomes import REFUSED, SUCCESS, is_there
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.metadata_requests import json_parts, xml_parts
from scenarios.conformance.media_type import DICOM, DICOM_JSON, DICOM_XML
from scenarios.conformance.multipart import Part
from scenarios.conformance.target import Capability
from scenarios.conformance.verdict import Severity

AS_STORED = "*"
MULTIPART_DICOM = multipart.content_type()
NOT_OFFERED = {HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.NOT_IMPLEMENTED}
PARALLEL = 20


@check("STOW-004", writes=True, capability=Capability.XML)
def the_response_is_available_as_xml(archive: Archive) -> None:
    """A store asked for application/dicom+xml answers with a NativeDicomModel that names the instance."""
    instance = archive.image()
    body = multipart.write([Part.of(DICOM, instance.data)])
    response = archive.post("/studies", body, MULTIPART_DICOM, accept=DICOM_XML)
    if response.status == HTTPStatus.NOT_ACCEPTABLE:
        expect(False, "a response as application/dicom+xml", got=response)
    expect_equal(response.status, HTTPStatus.OK, "status")
    expect(b"NativeDicomModel" in response.body, "a NativeDicomModel", got=response.body[:80])
    expect(instance.uid.encode() in response.body, "the SOP Instance UID in it", got=response.body[:200])


@check("STOW-016", "STOW-026", needs=(F.VR, F.RLE))
def what_was_stored_comes_back_equal(archive: Archive, vr: Stock, rle: Stock) -> None:
    """Every attribute comes back as it was sent, or Original Attributes Sequence says what was changed."""
    for instance in (vr.first, rle.first):
        (back,) = archive.retrieve(instance.path, AS_STORED)
        changed = [element.tag for element in instance.dataset if back.dataset.get(element.tag) != element]
        explained = "OriginalAttributesSequence" in back.dataset
        expect(not changed or explained, "every attribute as it was sent", got=[str(tag) for tag in changed])


@check("STOW-019", writes=True)
def bytes_without_parts_are_refused(archive: Archive) -> None:
    """Random bytes under a valid multipart header, and a header without boundary, are 400."""
    archive.stored(archive.image())
    noise = archive.post("/studies", bytes(range(256)) * 4, MULTIPART_DICOM)
    expect(noise.status in REFUSED, "400", got=noise)
    whole = multipart.write([Part.of(DICOM, archive.image("2").data)])
    unbounded = archive.post("/studies", whole, 'multipart/related; type="application/dicom"')
    expect_equal(unbounded.status, HTTPStatus.BAD_REQUEST, "status without a boundary")
    if noise.status == HTTPStatus.CONFLICT:
        archive.warn("DR-16: a payload that is no multipart is answered 409")


@check("STOW-020", writes=True)
def plain_text_is_an_unsupported_media_type(archive: Archive) -> None:
    """POST of text/plain is 415, where a multipart of DICOM is stored."""
    archive.stored(archive.image())
    response = archive.post("/studies", b"this is text", "text/plain")
    expect_equal(response.status, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "status")


@check("STOW-021", writes=True)
def a_payload_without_content_type_is_refused(archive: Archive) -> None:
    """POST without Content-Type is 400 or 415, where the same payload with it is stored."""
    body = multipart.write([Part.of(DICOM, archive.image().data)])
    response = archive.post("/studies", body, None)
    refused = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}
    expect(response.status in refused, "400 or 415", got=response)
    expect_equal(archive.post("/studies", body, MULTIPART_DICOM).status, HTTPStatus.OK, "status with it")


@check("STOW-022", writes=True)
def an_empty_payload_is_no_success(archive: Archive) -> None:
    """A multipart without parts, and an empty body, are refused, where one with a part is stored."""
    archive.stored(archive.image())
    for name, body in {"no parts": multipart.write([]), "an empty body": b""}.items():
        response = archive.post("/studies", body, MULTIPART_DICOM)
        if response.status == HTTPStatus.NO_CONTENT:
            archive.warn(f"DR-16: {name} is answered 204")
            continue
        refused = {*REFUSED, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}
        expect(response.status in refused, f"400, 409 or 415 for {name}", got=response)


@check("STOW-024", writes=True)
def one_request_stores_three_studies(archive: Archive) -> None:
    """One request without a study in its path stores instances of three studies."""
    sent = [archive.image(name, study=name) for name in ("1", "2", "3")]
    expect_equal(sorted(archive.store(*sent).stored), sorted(each.uid for each in sent), "stored instances")
    for instance in sent:
        expect(is_there(archive, instance), "each of them retrievable", got=instance.path)


@check("STOW-025", writes=True)
def one_request_stores_a_hundred_instances(archive: Archive) -> None:
    """A request of 100 small instances is answered 200, and a search finds all of them."""
    sent = [archive.image(str(number), number=number) for number in range(1, 101)]
    expect_equal(archive.store(*sent).status, HTTPStatus.OK, "status")
    found = archive.search(f"{sent[0].series_path}/instances", limit=100)
    expect_equal(sorted(found.uids), sorted(each.uid for each in sent), "instances")


@check("STOW-027", writes=True)
def storing_twice_makes_no_second_instance(archive: Archive) -> None:
    """The same instance stored twice is 200, 202 or 409 the second time, and still one (DR-17)."""
    instance = archive.image()
    archive.stored(instance)
    again = archive.store(instance)
    expect(again.status in {*SUCCESS, HTTPStatus.CONFLICT}, "200, 202 or 409", got=again.response)
    found = archive.search(f"{instance.series_path}/instances")
    expect_equal(found.uids, [instance.uid], "instances", severity=Severity.FAIL)
    if again.status != HTTPStatus.OK:
        archive.warn(f"DR-17: a second store is answered {again.status}")


@check("STOW-028", writes=True)
def after_other_content_all_answers_agree(archive: Archive) -> None:
    """After a store of other content under a known UID, search, metadata and the object say the same."""
    original = archive.image(PatientName="Original^Name")
    archive.stored(original)
    answer = archive.store(original.changed(PatientName="Changed^Name"))
    (back,) = archive.retrieve(original.path, AS_STORED)
    name = str(back.dataset.PatientName)
    told = archive.metadata(original.path).only.text("PatientName")
    expect_equal(told, name, "PatientName in the metadata", severity=Severity.FAIL)
    archive.note(f"answered {answer.status}; the archive keeps {name}")


@check("STOW-031", writes=True)
def metadata_as_json_with_bulk_data_is_stored(archive: Archive) -> None:
    """Metadata as DICOM JSON and the pixel data as a part of their own are stored as one instance."""
    instance = archive.image()
    answer = archive.store_parts(json_parts(instance))
    if answer.status in NOT_OFFERED:
        expect(False, "a store of application/dicom+json", got=answer.response)
    expect_equal(answer.status, HTTPStatus.OK, "status")
    (back,) = archive.retrieve(instance.path)
    expect_equal(back.dataset.PixelData, instance.dataset.PixelData, "pixel data")


@check("STOW-032", writes=True, capability=Capability.XML)
def metadata_as_xml_with_bulk_data_is_stored(archive: Archive) -> None:
    """Metadata as DICOM XML and the pixel data as a part of their own are stored as one instance."""
    instance = archive.image()
    answer = archive.store_parts(xml_parts(instance))
    expect_equal(answer.status, HTTPStatus.OK, "status")
    (back,) = archive.retrieve(instance.path)
    expect_equal(back.dataset.PixelData, instance.dataset.PixelData, "pixel data")


@check("STOW-036", writes=True)
def a_single_part_store_is_taken_or_refused(archive: Archive) -> None:
    """POST of one DICOM file as application/dicom is stored, or refused with 415 (DR-01)."""
    instance = archive.image()
    response = archive.post("/studies", instance.data, DICOM)
    if response.status in SUCCESS:
        taken = "the instance that was taken"
        expect(is_there(archive, instance), taken, got=response, severity=Severity.FAIL)
        archive.note("DR-01: a single part is taken")
        return
    refused = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    expect_equal(response.status, refused, "status", severity=Severity.FAIL)
    archive.stored(instance)
    archive.note("DR-01: a single part is refused")


@check("STOW-037", writes=True)
def a_gzipped_payload_is_understood_or_refused(archive: Archive) -> None:
    """A payload with Content-Encoding: gzip is stored, or refused with 415; never taken and lost."""
    instance = archive.image()
    body = multipart.write([Part.of(DICOM, instance.data)])
    headers = {"Content-Encoding": "gzip"}
    response = archive.post("/studies", gzip.compress(body, mtime=0), MULTIPART_DICOM, headers=headers)
    if response.status in SUCCESS:
        lost = "the instance of a store that was answered as a success"
        expect(is_there(archive, instance), lost, got=response, severity=Severity.FAIL)
        return
    expect_equal(response.status, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "status")
    archive.stored(instance)


@check("STOW-038", writes=True)
def a_chunked_payload_is_stored(archive: Archive) -> None:
    """A payload with Transfer-Encoding: chunked is stored, or refused with 411."""
    instance = archive.image()
    body = multipart.write([Part.of(DICOM, instance.data)])
    response = archive.post("/studies", body, MULTIPART_DICOM, chunked=True)
    if response.status == HTTPStatus.LENGTH_REQUIRED:
        archive.stored(instance)
        raise Unsupported("the archive asks for a Content-Length")
    expect_equal(response.status, HTTPStatus.OK, "status")
    expect(is_there(archive, instance), "the instance", got=instance.path)


@check("STOW-039", writes=True)
def a_new_study_is_located(archive: Archive) -> None:
    """A store that creates a study carries Location and Content-Location."""
    answer = archive.store(archive.image())
    expect_equal(answer.status, HTTPStatus.OK, "status", severity=Severity.FAIL)
    for name in ("Location", "Content-Location"):
        expect(answer.response.header(name), f"a {name} header", got=answer.response)


@check("STOW-041", needs=(F.IVR, F.BE))
def implicit_and_big_endian_files_come_back_explicit(archive: Archive, ivr: Stock, be: Stock) -> None:
    """Implicit VR and Big Endian files that are stored come back in Explicit VR Little Endian by default."""
    for stock in (ivr, be):
        (back,) = archive.retrieve(stock.first.path)
        syntax = back.dataset.file_meta.TransferSyntaxUID
        expect_equal(str(syntax), "1.2.840.10008.1.2.1", "transfer syntax", severity=Severity.FAIL)
        pixels = back.dataset.pixel_array
        expect((pixels == stock.first.pixels).all(), "equal pixels", got="others", severity=Severity.FAIL)
        archive.note(f"{stock.fixture.name} is stored")


@check("STOW-044", writes=True)
def the_largest_request_is_reported(archive: Archive) -> None:
    """An instance of four megabytes is stored, or refused with 413."""
    instance = archive.image(ImageComments="x" * 10_000, TextValue="y" * (1 << 22))
    answer = archive.store(instance)
    allowed = {HTTPStatus.OK, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
    expect(answer.status in allowed, "200 or 413", got=answer.response, severity=Severity.FAIL)
    archive.note(f"a request of {len(instance.data)} bytes is answered {answer.status}")
    archive.stored(archive.image("small"))


@check("STOW-045", writes=True)
def unknown_parameters_of_a_store_are_ignored(archive: Archive) -> None:
    """POST /studies?foo=1 stores as POST /studies does."""
    instance = archive.image()
    response = archive.post(
        "/studies?foo=1", multipart.write([Part.of(DICOM, instance.data)]), MULTIPART_DICOM
    )
    expect_equal(response.status, HTTPStatus.OK, "status", severity=Severity.FAIL)
    expect(is_there(archive, instance), "the instance", got=response, severity=Severity.FAIL)


@check("STOW-046", writes=True)
def an_unacceptable_response_type_is_406(archive: Archive) -> None:
    """A store that accepts image/png alone is 406, or answered in the default type; DICOM JSON is stored."""
    body = multipart.write([Part.of(DICOM, archive.image().data)])
    response = archive.post("/studies", body, MULTIPART_DICOM, accept="image/png")
    if response.ok and response.content_type.name == DICOM_JSON:
        archive.warn("DR-33: what is not acceptable is answered in the default type")
        return
    expect_equal(response.status, HTTPStatus.NOT_ACCEPTABLE, "status")
    again = archive.post("/studies", body, MULTIPART_DICOM, accept=DICOM_JSON)
    expect_equal(again.status, HTTPStatus.OK, "status with an acceptable type")


@check("STOW-047", writes=True)
def parallel_stores_into_one_study_keep_all(archive: Archive) -> None:
    """Twenty parallel stores into one new study leave twenty instances, and the study counts twenty."""
    sent = [archive.image(str(number), number=number) for number in range(1, PARALLEL + 1)]
    with ThreadPoolExecutor(PARALLEL) as pool:
        statuses = [answer.status for answer in pool.map(archive.store, sent)]
    expect_equal(statuses, [HTTPStatus.OK] * PARALLEL, "statuses")
    found = archive.search(f"{sent[0].series_path}/instances", limit=100)
    expect_equal(sorted(found.uids), sorted(each.uid for each in sent), "instances")
    study = archive.search("/studies", StudyInstanceUID=sent[0].study_uid).only
    expect_equal(study.value("NumberOfStudyRelatedInstances"), PARALLEL, "Number of Study Related Instances")


@check("STOW-048", needs=F.ODD)
def padded_uids_are_the_same_uids(archive: Archive, odd: Stock) -> None:
    """A UID that is padded to even length in the file is found by its text without the padding."""
    for instance in odd:
        expect(is_there(archive, instance), "the instance", got=instance.path)
