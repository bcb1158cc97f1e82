"""Paging: limit and offset cut the list of matches, and walking the pages gives each match once."""

from http import HTTPStatus

from scenarios.conformance.answers import Datasets
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.verdict import Severity

MATCHES = 25  # the studies of the one patient of F-PAGE


@check("QIDO-068", needs=F.PAGE)
def limit_caps_the_number_of_results(archive: Archive, page: Stock) -> None:
    """A search with limit=3 returns three of 25 matching studies."""
    found = archive.search("/studies", PatientID=page.patient_id, limit=3)
    expect_equal(len(found), 3, "number of results")


@check("QIDO-068", needs=F.PAGE)
def a_limit_above_the_matches_returns_them_all(archive: Archive, page: Stock) -> None:
    """A search with limit=100 returns all 25 matching studies."""
    found = archive.search("/studies", PatientID=page.patient_id, limit=100)
    expect_equal(sorted(found.uids), sorted(page.study_uids), "studies")


@check("QIDO-069", needs=F.PAGE)
def offset_skips_results(archive: Archive, page: Stock) -> None:
    """offset=24 leaves one of 25 results, and it is the last one of the whole list."""
    whole = archive.search("/studies", PatientID=page.patient_id)
    last = archive.search("/studies", PatientID=page.patient_id, offset=24)
    expect_equal(last.uids, whole.uids[24:], "results from offset 24")


@check("QIDO-069", needs=F.PAGE)
def offset_is_zero_by_default(archive: Archive, page: Stock) -> None:
    """offset=0 gives the same list as no offset."""
    without = archive.search("/studies", PatientID=page.patient_id)
    with_zero = archive.search("/studies", PatientID=page.patient_id, offset=0)
    expect_equal(len(without), MATCHES, "number of results")
    expect_equal(with_zero.uids, without.uids, "list at offset 0")


@check("QIDO-070", needs=F.PAGE)
def the_order_is_stable(archive: Archive, page: Stock) -> None:
    """Three identical searches give the same studies in the same order."""
    first, *more = [archive.search("/studies", PatientID=page.patient_id, limit=10).uids for _ in range(3)]
    expect(first, "ten results", got=first)
    for again in more:
        expect_equal(again, first, "order of the studies")


@check("QIDO-071", needs=F.PAGE)
def pages_of_any_size_give_each_match_once(archive: Archive, page: Stock) -> None:
    """Pages of 4, 7 and 25 studies, put together, are all matches without repetition."""
    for size in (4, 7, 25):
        walked: list[str] = []
        for offset in range(0, MATCHES, size):
            walked += archive.search("/studies", PatientID=page.patient_id, limit=size, offset=offset).uids
        expect_equal(sorted(walked), sorted(page.study_uids), f"union of the pages of {size}")


@check("QIDO-071", needs=F.LARGE)
def pages_of_instances_give_each_match_once(archive: Archive, large: Stock) -> None:
    """Pages of 200 instances of a series of 500, put together, are all instances without repetition."""
    walked: list[str] = []
    while len(walked) <= len(large):
        found = archive.search(f"{large.first.series_path}/instances", limit=200, offset=len(walked))
        if not found:
            break
        walked += found.uids
    expect_equal(len(walked), len(large), "number of instances")
    expect(set(walked) == set(large.uids), "every instance once", got=f"{len(set(walked))} different ones")


@check("QIDO-072", needs=F.PAGE)
def an_offset_past_the_end_is_an_empty_result(archive: Archive, page: Stock) -> None:
    """offset=25 and offset=1000 on 25 matches give no results and no error."""
    expect_equal(len(archive.search("/studies", PatientID=page.patient_id)), MATCHES, "number of results")
    for offset in (25, 1000):
        found = archive.search("/studies", PatientID=page.patient_id, offset=offset)
        expect_equal(len(found), 0, f"number of results at offset {offset}")


@check("QIDO-073", needs=F.PAGE)
def remaining_matches_are_announced(archive: Archive, page: Stock) -> None:
    """With limit=3 on 25 matches a Warning 299 says that 22 remain; the complete list has no such warning."""
    cut = archive.search("/studies", PatientID=page.patient_id, limit=3).response.header("Warning") or ""
    whole = archive.search("/studies", PatientID=page.patient_id).response.header("Warning") or ""
    expect(cut.startswith("299") and "22" in cut, "Warning: 299 with the number 22", got=cut or "no Warning")
    expect(not whole.startswith("299"), "no Warning 299 on a complete list", got=whole)


@check("QIDO-074", needs=F.PAGE)
def a_limit_above_the_maximum_is_capped(archive: Archive, page: Stock) -> None:
    """limit=1000000 is answered with all 25 matches rather than refused."""
    response = archive.get("/studies", {"PatientID": page.patient_id, "limit": 1_000_000})
    if response.status == HTTPStatus.BAD_REQUEST:
        archive.warn("DR-14: a limit above the maximum is refused as an invalid value")
        return
    expect_equal(len(Datasets.of(response)), MATCHES, "number of results", severity=Severity.FAIL)


@check("QIDO-075", needs=F.PAGE)
def limit_zero_gives_no_results(archive: Archive, page: Stock) -> None:
    """limit=0 is an empty list, or refused with 400; it does not mean unlimited."""
    response = archive.get("/studies", {"PatientID": page.patient_id, "limit": 0})
    if response.status == HTTPStatus.BAD_REQUEST:
        archive.warn("DR-14: limit=0 is refused as an invalid value")
        return
    found = Datasets.of(response)
    expect_equal(len(found), 0, "number of results", severity=Severity.FAIL)
