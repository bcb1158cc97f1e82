"""Methods that a resource does not have."""

from http import HTTPStatus

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import expect
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock


@check("HTTP-012", needs=F.BASE)
def an_unsupported_method_is_refused(archive: Archive, base: Stock) -> None:
    """PATCH on /studies gives 405 with an Allow header that names GET and POST.

    That it is 405 and not 400 or 501 is a SHOULD (RFC 9110 9.1); that a 405 has Allow is a MUST.
    """
    expect(archive.search("/studies", PatientID=base["b"].patient_id), "matches of a known patient")
    response = archive.request("PATCH", "/studies")
    if response.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED}:
        archive.warn(f"a method that is not supported should be 405, not {response.status}")
        return
    expect(response.status == HTTPStatus.METHOD_NOT_ALLOWED, "405", got=response)
    allowed = {name.strip() for name in (response.header("Allow") or "").split(",")}
    expect({"GET", "POST"} <= allowed, "Allow with GET and POST", got=sorted(allowed))
