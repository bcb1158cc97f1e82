"""Paths, base URL and encodings of resources: what hangs below what, and how a payload is coded."""

import gzip
from http import HTTPStatus
from urllib.parse import urljoin

from scenarios.conformance.answers import Datasets
from scenarios.conformance.archive import ANONYMOUS, Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import CouldNotRun, Unsupported, Violation, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.media_type import DICOM, DICOM_JSON
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.target import Capability
from scenarios.conformance.verdict import Severity

FORBIDDEN_SYNTAXES = {"1.2.840.10008.1.2": "Implicit VR Little Endian", "1.2.840.10008.1.2.2": "Big Endian"}
LONG_UID = "1." + "2" * 63  # 65 characters, one more than PS3.5 9.1 allows


@check("HTTP-013", needs=F.BASE, capability=Capability.AUTHENTICATION)
def a_missing_credential_is_challenged(archive: Archive, base: Stock) -> None:
    """A request without credentials is answered 401 with a WWW-Authenticate challenge."""
    path = f"{base['b'].path}/metadata"
    expect_equal(archive.get(path, accept=DICOM_JSON).status, HTTPStatus.OK, "status with credentials")
    response = archive.as_principal(ANONYMOUS).get(path, accept=DICOM_JSON)
    expect_equal(response.status, HTTPStatus.UNAUTHORIZED, "status without credentials")
    expect(response.header("WWW-Authenticate"), "a WWW-Authenticate header", got=response)


@check("HTTP-015", writes=True, capability=Capability.DELETE)
def a_deleted_study_is_gone(archive: Archive) -> None:
    """A study that was stored and deleted is 410 or 404."""
    instance = archive.image()
    archive.stored(instance)
    expect_equal(archive.metadata(instance.path).uids, [instance.uid], "instances before the deletion")
    deleted = archive.request("DELETE", instance.study_path)
    if not deleted.ok:
        raise CouldNotRun(f"the archive did not delete the study of this check: {deleted}")
    status = archive.get(f"{instance.path}/metadata", accept=DICOM_JSON).status
    expect(status in {HTTPStatus.GONE, HTTPStatus.NOT_FOUND}, "410 or 404", got=status)
    archive.note(f"a deleted study is {status}")


@check("HTTP-016", needs=F.BASE)
def urls_in_payloads_lead_back(archive: Archive, base: Stock) -> None:
    """The Retrieve URL of a study and the bulk data URIs of an instance lie below the base URL and work."""
    instance = base["b"]
    found = archive.search("/studies", StudyInstanceUID=instance.study_uid)
    expect_equal(found.uids, [instance.study_uid], "studies")
    metadata = archive.metadata(instance.path)
    expect_equal(metadata.uids, [instance.uid], "instances")
    urls = [(found.response, found.only.text("RetrieveURL"))] if "RetrieveURL" in found.only else []
    uri = metadata.only.bulk_data_uri("PixelData")
    urls += [(metadata.response, uri)] if uri else []
    if not urls:
        raise Unsupported("the archive sends no URLs in its payloads")
    for response, url in urls:
        absolute = urljoin(response.url, url)
        expect(absolute.startswith(f"{archive.target.base_url}/"), "a URL below the base URL", got=url)
        expect_equal(archive.follow(url, response).status, HTTPStatus.OK, f"status of {url}")


@check("HTTP-017", needs=F.IVR)
def implicit_vr_never_leaves_the_archive(archive: Archive, ivr: Stock) -> None:
    """An instance stored in Implicit VR comes back in another syntax, even if any is asked for (DR-05)."""
    _expect_no_forbidden_syntax(archive, ivr["implicit"].path)


@check("HTTP-017", needs=F.BE)
def big_endian_never_leaves_the_archive(archive: Archive, be: Stock) -> None:
    """An instance stored in Big Endian comes back in another syntax, even if any is asked for (DR-05)."""
    _expect_no_forbidden_syntax(archive, be["big-endian"].path)


def _expect_no_forbidden_syntax(archive: Archive, path: str) -> None:
    as_default = archive.retrieve(path)
    expect_equal(len(as_default), 1, "number of instances")
    as_any = archive.get(path, accept=multipart_of(DICOM, "*"))
    if as_any.status == HTTPStatus.NOT_ACCEPTABLE:
        archive.warn("DR-05: transfer-syntax=* is refused for an instance stored in a syntax of the past")
        retrieved = as_default
    else:
        retrieved = [*as_default, *archive.retrieve(path, "*")]
    for instance in retrieved:
        name = FORBIDDEN_SYNTAXES.get(instance.transfer_syntax)
        expect(name is None, "neither Implicit VR nor Big Endian", got=name)


@check("HTTP-026", needs=F.BASE)
def a_content_coding_is_asked_for_and_named(archive: Archive, base: Stock) -> None:
    """Metadata are coded only for a client that accepts it, and say so in Content-Encoding."""
    path = f"{base['b'].path}/metadata"
    plain = archive.get(path, accept=DICOM_JSON, headers={"Accept-Encoding": "identity"})
    coding = plain.header("Content-Encoding")
    expect(coding in {None, "identity"}, "no content coding", got=coding)
    coded = archive.get(path, accept=DICOM_JSON, headers={"Accept-Encoding": "gzip"})
    named = (coded.header("Content-Encoding") or "identity").lower()
    is_gzip = coded.body.startswith(b"\x1f\x8b")
    expect_equal(named, "gzip" if is_gzip else "identity", "Content-Encoding")
    body = gzip.decompress(coded.body) if is_gzip else coded.body
    expect_equal(Datasets.of(plain).texts("SOPInstanceUID"), [base["b"].uid], "instances")
    expect(body == plain.body, "the same metadata with and without coding", got=body[:60])


@check("HTTP-028", needs=F.BASE)
def a_resource_is_found_under_its_own_parent_only(archive: Archive, base: Stock) -> None:
    """The series and instance of one study are 404 below another study, and an instance below a series."""
    own, other, sibling = base["a-1-1"], base["b"], base["a-2-1"]
    expect_equal(archive.metadata(other.path).uids, [other.uid], "instances")
    for parent in (
        f"{own.study_path}/series/{other.series_uid}/instances/{other.uid}",
        f"{own.study_path}/series/{other.series_uid}",
        f"{own.series_path}/instances/{sibling.uid}",
    ):
        metadata = archive.get(f"{parent}/metadata", accept=DICOM_JSON)
        instances = archive.get(parent, accept=multipart_of(DICOM))
        for response in (metadata, instances):
            expect_equal(response.status, HTTPStatus.NOT_FOUND, f"status of {parent}")
    response = archive.get(f"{own.series_path}/instances/{sibling.uid}/frames/1")
    expect_equal(response.status, HTTPStatus.NOT_FOUND, "status of a frame below another series")


@check("HTTP-029", needs=F.BASE)
def a_malformed_uid_is_a_client_error(archive: Archive, base: Stock) -> None:
    """Something that is no UID in the path of a study gives 400; 404 is the other reading (DR-08)."""
    expect_equal(archive.metadata(base["b"].study_path).uids, [base["b"].uid], "instances")
    statuses = set()
    for uid in ("nope", "1..2", LONG_UID):
        response = archive.get(f"/studies/{uid}/metadata", accept=DICOM_JSON)
        fits = response.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}
        expect(fits, f"400 or 404 for {uid}", got=response, severity=Severity.FAIL)
        statuses.add(response.status)
    if HTTPStatus.NOT_FOUND in statuses:
        archive.warn("DR-08: a malformed UID in the path is not found rather than a bad request")


@check("HTTP-023", needs=F.BASE)
def head_is_reported(archive: Archive, base: Stock) -> None:
    """Whether HEAD on metadata is supported is reported; if it is, it has the Content-Type of GET."""
    path = f"{base['b'].path}/metadata"
    got = archive.get(path, accept=DICOM_JSON)
    expect_equal(Datasets.of(got).texts("SOPInstanceUID"), [base["b"].uid], "instances")
    head = archive.request("HEAD", path, accept=DICOM_JSON)
    types = (head.header("Content-Type"), got.header("Content-Type"))
    if head.ok:
        expect_equal(types[0], types[1], "Content-Type of HEAD", severity=Severity.WARN)
    archive.note(f"HEAD is {head.status}")


@check("HTTP-024", needs=F.BASE, capability=Capability.CORS)
def a_browser_may_call_from_elsewhere(archive: Archive, base: Stock) -> None:
    """A preflight from another origin succeeds, and the answer to GET allows that origin."""
    origin = "http://viewer.example"
    path = f"{base['b'].path}/metadata"
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "accept,authorization",
    }
    preflight = archive.request("OPTIONS", path, headers=asked)
    expect(preflight.ok, "a successful preflight", got=preflight)
    response = archive.get(path, accept=DICOM_JSON, headers={"Origin": origin})
    expect_equal(Datasets.of(response).texts("SOPInstanceUID"), [base["b"].uid], "instances")
    for each in (preflight, response):
        allowed = each.header("Access-Control-Allow-Origin")
        expect(allowed in {"*", origin}, "Access-Control-Allow-Origin", got=allowed)


@check("HTTP-025", writes=True)
def an_entity_tag_is_honoured(archive: Archive) -> None:
    """If metadata have an ETag, If-None-Match gives 304, and the tag changes when the study grows."""
    instance = archive.image("1")
    archive.stored(instance)
    path = f"{instance.study_path}/metadata"
    first = archive.get(path, accept=DICOM_JSON)
    expect_equal(Datasets.of(first).texts("SOPInstanceUID"), [instance.uid], "instances")
    tag = first.header("ETag")
    if tag is None:
        raise Unsupported("the archive sends no ETag")
    again = archive.get(path, accept=DICOM_JSON, headers={"If-None-Match": tag})
    expect_equal((again.status, again.body), (HTTPStatus.NOT_MODIFIED, b""), "status and body")
    archive.stored(archive.image("2", number=2))
    grown = archive.get(path, accept=DICOM_JSON, headers={"If-None-Match": tag})
    expect_equal(grown.status, HTTPStatus.OK, "status after the study has grown", severity=Severity.FAIL)
    archive.note("ETag is sent and honoured")


@check("HTTP-027", needs=F.BASE)
def vary_is_reported(archive: Archive, base: Stock) -> None:
    """Whether an instance, which depends on Accept, is sent with Vary: Accept is reported.

    An answer that every cache may keep, without that header, reaches clients that accept something else.
    """
    response = archive.get(base["b"].path, accept=multipart_of(DICOM))
    if len(archive.parts(response).parts) != 1:
        raise Violation("one instance", response)
    vary, caching = (response.header(name) or "absent" for name in ("Vary", "Cache-Control"))
    names = {name.strip().lower() for name in vary.split(",")}
    if "public" in caching.lower():
        expect(names & {"accept", "*"}, "Vary: Accept on what is public", got=vary, severity=Severity.WARN)
    archive.note(f"Vary: {vary}")
