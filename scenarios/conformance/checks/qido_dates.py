"""How dates and times match: ranges include their ends, and values compare by meaning rather than as text."""

from http import HTTPStatus

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.verdict import Severity


def matched(archive: Archive, date: Stock, patient: str, **keys: str) -> list[str]:
    """Return the labels of the studies of one patient of F-DATE that a search finds."""
    labels = {instance.study_uid: instance.label for instance in date}
    found = archive.search("/studies", PatientID=date.text(patient), **keys)
    return sorted(labels.get(uid, uid) for uid in found.uids)


@check("QIDO-020", needs=F.DATE)
def a_date_range_includes_both_ends(archive: Archive, date: Stock) -> None:
    """10 to 20 January finds the studies of the 10th, 15th and 20th, not of the 9th or 21st."""
    found = matched(archive, date, "DAY", StudyDate="20200110-20200120")
    expect_equal(found, ["10", "15", "20"], "days from 10 to 20 January")


@check("QIDO-021", needs=F.DATE)
def a_date_range_may_be_open_at_its_end(archive: Archive, date: Stock) -> None:
    """20200115- finds the 15th and later."""
    expect_equal(
        matched(archive, date, "DAY", StudyDate="20200115-"), ["15", "20", "21"], "days from the 15th"
    )


@check("QIDO-021", needs=F.DATE)
def a_date_range_may_be_open_at_its_beginning(archive: Archive, date: Stock) -> None:
    """-20200115 finds the 15th and earlier."""
    found = matched(archive, date, "DAY", StudyDate="-20200115")
    expect_equal(found, ["09", "10", "15"], "days until the 15th")


@check("QIDO-022", needs=F.DATE)
def a_time_range_compares_by_meaning(archive: Archive, date: Stock) -> None:
    """1000-1200 finds 100000, 115959.5 and 1200, and not 095959."""
    found = matched(archive, date, "TIME", StudyTime="1000-1200")
    within = [time for time in found if time != "120001"]  # a second of the minute that ends the range
    expect_equal(within, ["100000", "115959.5", "1200"], "times from 10:00 to 12:00")


@check("QIDO-023", needs=F.DATE)
def a_range_of_date_and_time_is_one_interval(archive: Archive, date: Stock) -> None:
    """10 January 10:00 to 12 January 18:00 includes the 11th at 03:00 and excludes the 10th at 09:00."""
    found = matched(archive, date, "SPAN", StudyDate="20200110-20200112", StudyTime="1000-1800")
    expect_equal(found, ["10-11", "11-03", "12-17"], "studies of the interval (day-hour)")


@check("QIDO-024", needs=F.DATE)
def a_single_time_matches_by_meaning(archive: Archive, date: Stock) -> None:
    """2230 finds 223000 and 223000.000."""
    found = matched(archive, date, "TIME", StudyTime="2230")
    expect_equal(found, ["223000", "223000.000"], "studies at 22:30")


@check("QIDO-080", needs=F.DATE)
def a_time_zone_in_the_request_is_reported(archive: Archive, date: Stock) -> None:
    """TimezoneOffsetFromUTC as a parameter breaks no search; whether it shifts the times is reported."""
    plain = {"PatientID": date.text("ZONE"), "StudyTime": "1010-1020"}
    expect_equal(archive.search("/studies", plain).uids, [date["zone"].study_uid], "studies without a zone")
    response = archive.get("/studies", {**plain, "TimezoneOffsetFromUTC": "-0500"})
    no_error = response.status < HTTPStatus.INTERNAL_SERVER_ERROR
    expect(no_error, "no server error", got=response, severity=Severity.FAIL)
    if response.status == HTTPStatus.BAD_REQUEST:
        raise Unsupported("TimezoneOffsetFromUTC is refused with 400")
    found = archive.search("/studies", {**plain, "TimezoneOffsetFromUTC": "-0500"})
    archive.note(f"TimezoneOffsetFromUTC is {'not read' if found else 'read, as a shift or as a match key'}")


@check("QIDO-085", needs=F.DATE)
def a_malformed_date_is_refused(archive: Archive, date: Stock) -> None:
    """StudyDate=notadate gives 400; an answer with all studies, as if there were no filter, is a failure."""
    days = matched(archive, date, "DAY", StudyDate="20200110")
    expect_equal(days, ["10"], "studies of a valid date")
    for text in ("notadate", "2020-01-10"):
        response = archive.get("/studies", {"PatientID": date.text("DAY"), "StudyDate": text})
        expect(
            response.status < HTTPStatus.INTERNAL_SERVER_ERROR, "400", got=response, severity=Severity.FAIL
        )
        if response.status != HTTPStatus.BAD_REQUEST:
            expect(not matched(archive, date, "DAY", StudyDate=text), f"400 for {text}", got=response)
            archive.warn(f"StudyDate={text} finds nothing rather than being refused")
