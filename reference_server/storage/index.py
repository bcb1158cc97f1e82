"""Reads of the index, each in one round trip.

What is remembered of a caller is used where it counts. The one exception from the one round trip: a page that
was listed from memory is read again when its own statement finds a change that concerns it.
"""

from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

import orjson

from reference_server.decision import note_number, note_principal, note_studies
from reference_server.errors import Unauthorized
from reference_server.storage.access import Access
from reference_server.storage.database import Database, Row
from reference_server.storage.page import Page
from reference_server.storage.predicate import PAGE_KEYS, TRUE, Predicate
from reference_server.storage.records import Found, FrameLayout, Level, Located, Results
from reference_server.storage.sight import Sight
from reference_server.storage.statements import (
    composed,
    identified,
    listing_statement,
    locate_statement,
    search_statement,
)

RESULT_COLUMNS = LOCATED_COLUMNS = 14


@dataclass(frozen=True, slots=True)
class _Read:
    """The caller's own repository, rows, and what is left of the sight, with the newest study."""

    repository_id: int | None
    rows: list[Row]
    sight: Sight | None = None
    top: int = 0


async def _rows(
    database: Database, statement: Predicate, access: Access, sight: Sight | None = None
) -> _Read:
    """Return what the statement finds; credentials that are not valid raise Unauthorized."""
    rows = await database.read(statement.sql, statement.values)
    if access.caller is None:
        return _Read(None, rows)
    callers = [row for row in rows if row[0] is None]
    if not callers:
        raise Unauthorized("the bearer token is not valid")
    _, repository_id, kind, name, since, epoch, top = callers[0][:7]
    note_principal(kind, name)
    if access.survey is not None:
        if sight is not None:
            sight = database.sights.changed(access.survey, sight, epoch, since, top or 0)
        database.note_read(access.survey)
    found = [row for row in rows if row[0] is not None]
    return _Read(repository_id, found, sight, top or 0)


def _must_find(access: Access, rows: list[Row]) -> None:
    """Ask who is asking for what anonymous callers do not see, whether it exists or not."""
    if access.anonymous and not rows:
        raise Unauthorized("this needs a bearer token")


def _seen(database: Database, access: Access) -> tuple[Access, Sight | None]:
    """Return the access with what is remembered of its caller, if anything is."""
    sight = None if access.survey is None else database.sights.of(access.survey)
    return (access, None) if sight is None else (access.through(sight), sight)


async def _known_page(database: Database, access: Access, sight: Sight, page: Page) -> Results | None:
    """Return a page of all studies that a sight lists, or None where a later change or study concerns it."""
    wanted = page.limit + page.ahead
    keys = list(islice(sight.keys(page.offset), page.limit))

    def compose(_: Predicate) -> Predicate:
        return identified(listing_statement(access, in_parts=sight.in_parts), access, RESULT_COLUMNS)

    binding = {PAGE_KEYS: orjson.dumps(keys).decode()}
    statement = composed(access, ("listing", sight.in_parts), TRUE, binding, compose)
    read = await _rows(database, statement, access, sight)
    assert read.sight is not None
    known = read.sight.count - page.offset
    if known < wanted and read.sight.known_below <= read.top:
        return None
    rows = sorted(read.rows, key=itemgetter(0))
    _must_find(access, rows)
    note_number(len(rows))
    return Results([Found(*row[1:13]) for row in rows], max(0, min(known, wanted) - page.limit))


async def search(
    database: Database,
    level: Level,
    where: Predicate,
    access: Access,
    page: Page,
    *,
    with_metadata: bool = False,
) -> Results:
    """Return one page of what the caller may see and `where` holds for."""
    if access.stage is not None:
        return await access.stage.search(database, level, where, access, page, with_metadata=with_metadata)
    access, sight = _seen(database, access)
    if sight is not None and level is Level.STUDY and where.always:
        known = await _known_page(database, access, sight, page)
        if known is not None:
            return known

    def compose(where: Predicate) -> Predicate:
        statement = search_statement(level, where, access, with_metadata=with_metadata)
        return identified(statement, access, RESULT_COLUMNS)

    statement = composed(access, (level, with_metadata), where, page.binding, compose)
    rows = (await _rows(database, statement, access, sight)).rows
    _must_find(access, rows)
    matched = rows[0][13] if rows else 0
    note_number(len(rows))
    return Results([Found(*row[1:13]) for row in rows], max(0, matched - page.limit))


async def locate(
    database: Database, where: Predicate, access: Access, *, with_metadata: bool = False
) -> list[tuple[Located, bytes | None]]:
    """Return the visible instances that `where` holds for, in order of series and arrival.

    Where repositories hold the same study, the caller's own goes first, then the one created first; never a
    mixture.
    """
    if access.stage is not None:
        return await access.stage.locate(database, where, access, with_metadata=with_metadata)
    access, sight = _seen(database, access)

    def compose(where: Predicate) -> Predicate:
        statement = locate_statement(where, access, with_metadata=with_metadata)
        return identified(statement, access, LOCATED_COLUMNS)

    statement = composed(access, ("locate", with_metadata), where, {}, compose)
    read = await _rows(database, statement, access, sight)
    _must_find(access, read.rows)
    repositories = {row[1] for row in read.rows}
    own = read.repository_id
    chosen = own if own in repositories else min(repositories, default=None)
    rows = [row for row in read.rows if row[1] == chosen]
    note_studies((row[2], row[13]) for row in rows[:1])  # what is located lies in one study
    return [(_located(row), row[12]) for row in rows]


def _located(row: Row) -> Located:
    return Located(
        instance_id=row[0],
        repository_id=row[1],
        study_uid=row[2],
        series_uid=row[3],
        sop_instance_uid=row[4],
        transfer_syntax_uid=row[5],
        size_bytes=row[6],
        blob=row[7],
        frames=None if row[8] is None else FrameLayout(*row[8:11]),
        retrievable=bool(row[11]),
    )
