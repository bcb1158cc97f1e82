"""A search that finds nothing is a success; how it says so depends on the edition of PS3.18 (CP-2473)."""

from http import HTTPStatus

from scenarios.conformance.answers import Datasets
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.media_type import DICOM_JSON
from scenarios.conformance.verdict import Severity

LIST_EDITION = "2026a"  # the first that wants 200 with an empty list


@check("QIDO-010", needs=F.BASE)
def a_search_without_matches_is_a_success(archive: Archive, base: Stock) -> None:
    """No match is 200 with an empty list or, as editions before 2026a want it, 204 without a body."""
    expect_equal(
        len(archive.search("/studies", PatientID=base["b"].patient_id)), 1, "matches of a known patient"
    )
    response = archive.get("/studies", {"PatientID": base.text("NOBODY")}, accept=DICOM_JSON)
    if response.status == HTTPStatus.NO_CONTENT:
        if archive.edition >= LIST_EDITION:
            archive.warn("DR-06: 204 is what editions before 2026a want")
        return
    expect(response.status == HTTPStatus.OK, "200 or 204", got=response, severity=Severity.FAIL)
    found = Datasets.of(response)
    expect(response.body and found.is_array and not found, "[]", got=response.body, severity=Severity.FAIL)
    if archive.edition < LIST_EDITION:
        archive.note("DR-06: 200 with an empty list, as editions from 2026a want it")


@check("QIDO-011", needs=F.PAGE)
def results_are_an_array_however_many(archive: Archive, page: Stock) -> None:
    """One match and many matches come as a JSON array; what has no body has status 204."""
    for limit in (1, 25):
        found = archive.search("/studies", PatientID=page.patient_id, limit=limit)
        expect(found.is_array and len(found) == limit, f"an array of {limit}", got=found.response.body[:80])
    none = archive.get("/studies", {"PatientID": page.text("NOBODY")}, accept=DICOM_JSON)
    expect(none.body or none.status == HTTPStatus.NO_CONTENT, "a body, or status 204", got=none)
