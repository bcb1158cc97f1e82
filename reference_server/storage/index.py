"""Reads of the index: each is one statement, and each takes the caller's access as a required argument.

Where the caller must be identified, the first row of the answer says who asks; without it the credentials are
not valid. With accounting off neither that row nor a predicate is in the statement.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from reference_server.decision import note_number, note_principal, note_studies
from reference_server.errors import Unauthorized
from reference_server.storage.database import Database, Row
from reference_server.storage.predicate import TRUE, Predicate, every
from reference_server.storage.records import Found, FrameLayout, Level, Located, Results


class Access(Protocol):
    """What a read needs of an access policy's answer; see `accounting.policy.Access`."""

    @property
    def caller(self) -> Predicate | None:
        """The table expressions that identify the caller, or None."""

    @property
    def anonymous(self) -> bool:
        """Whether nobody has said who is asking."""

    @property
    def study(self) -> Predicate:
        """Holds for the studies that the caller may see."""

    @property
    def twin(self) -> Predicate:
        """Holds for the studies, going by the name `twin`, that the caller may see."""

    @property
    def series(self) -> Predicate:
        """Holds for the series that the caller may see."""

    @property
    def instance(self) -> Predicate:
        """Holds for the instances that the caller may see."""

    @property
    def whole_study(self) -> Predicate:
        """Holds for studies all of whose instances the caller may see."""

    @property
    def whole_series(self) -> Predicate:
        """Holds for series all of whose instances the caller may see."""

    @property
    def retrievable(self) -> Predicate:
        """Holds for the instances that the caller may retrieve."""

    @property
    def studies(self) -> Predicate | None:
        """A statement of the keys of all studies that the caller may see, where there is a quick one."""

    @property
    def stage(self) -> "Stage | None":
        """What decides upon candidates before the predicates can, or None where they decide themselves."""


class Stage(Protocol):
    """Reads for a caller whose candidates are decided upon first; see `accounting.deciding`."""

    async def search(
        self,
        database: Database,
        level: Level,
        where: Predicate,
        access: Any,  # of the caller whose stage this is
        page: "Page",
        *,
        with_metadata: bool,
    ) -> Results:
        """Return one page of what the caller may see."""

    async def locate(
        self, database: Database, where: Predicate, access: Any, *, with_metadata: bool
    ) -> list[tuple[Located, bytes | None]]:
        """Return the instances that the caller may see."""


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page of results begins, how many rows it has at most, and how many after it are counted."""

    limit: int
    offset: int
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class _Aggregate:
    """A column that sums up what is below a row: stored if all is visible, else computed from what is."""

    stored: str
    computed: str
    visible: Predicate

    def column(self, whole: Predicate) -> Predicate:
        """Return the expression with its values; `whole` is then a column of the row."""
        if whole.always:
            return Predicate(self.stored)
        sql = f"CASE WHEN whole THEN {self.stored} ELSE ({self.computed} AND {self.visible.sql}) END"
        return Predicate(sql, self.visible.values)


_NOTHING = Predicate("NULL")
_BELOW_STUDY = "FROM series WHERE series.study_id = study.id"


def _columns(level: Level, access: Access) -> tuple[Predicate, ...]:
    """Return the columns for modalities, number of series and number of instances of a result."""
    if level is Level.INSTANCE:
        return (_NOTHING,) * 3
    if level is Level.SERIES:
        count = "SELECT count(*) FROM instance WHERE instance.series_id = series.id"
        aggregate = _Aggregate("series.instance_count", count, access.instance)
        return (_NOTHING, _NOTHING, aggregate.column(access.whole_series))
    modalities = f"SELECT json_group_array(DISTINCT series.modality) {_BELOW_STUDY}"
    series = f"SELECT count(*) {_BELOW_STUDY}"
    instances = "SELECT count(*) FROM instance WHERE instance.study_id = study.id"
    aggregates = (
        _Aggregate("study.modalities", modalities, access.series),
        _Aggregate("study.series_count", series, access.series),
        _Aggregate("study.instance_count", instances, access.instance),
    )
    return tuple(each.column(access.whole_study) for each in aggregates)


SOURCE = {
    Level.STUDY: "study",
    Level.SERIES: "series JOIN study ON study.id = series.study_id",
    Level.INSTANCE: "instance JOIN series ON series.id = instance.series_id"
    " JOIN study ON study.id = instance.study_id",
}
# Where the common root would give the study of another repository: the caller's own first, then the oldest.
_OTHER_REPOSITORY = """(
    SELECT repository.name FROM repository WHERE repository.id = study.repository_id AND EXISTS (
        SELECT 1 FROM study AS twin LEFT JOIN caller
        WHERE twin.study_uid = study.study_uid AND twin.repository_id <> study.repository_id
        AND (twin.repository_id IS caller.repository_id OR (study.repository_id IS NOT caller.repository_id
            AND twin.repository_id < study.repository_id))
        AND {visible}
    )
)"""
METADATA = " JOIN metadata ON metadata.instance_id = instance.id"
_IDENTITY = {
    Level.STUDY: "study.id, study.repository_id, study.study_uid, NULL, NULL, study.attributes, NULL, NULL",
    Level.SERIES: "series.id, study.repository_id, study.study_uid, series.series_uid, NULL,"
    " study.attributes, series.attributes, NULL",
    Level.INSTANCE: "instance.id, study.repository_id, study.study_uid, series.series_uid,"
    " instance.sop_instance_uid, study.attributes, series.attributes, instance.attributes",
}


def search_statement(
    level: Level, where: Predicate, access: Access, page: Page, *, with_metadata: bool
) -> Predicate:
    """Return the statement of one page of results, in the order of arrival, and of what is counted after it.

    `with_metadata` says whether the whole DICOM JSON of instances is asked for, or used by `where`.
    """
    visible, whole = {
        Level.STUDY: (access.study, access.whole_study),
        Level.SERIES: (access.series, access.whole_series),
        Level.INSTANCE: (access.instance, TRUE),
    }[level]
    columns = _columns(level, access)
    condition = every(where, visible)
    document = "metadata.json" if with_metadata else "NULL"
    source = SOURCE[level] + (METADATA if with_metadata else "")
    # The keys of the page first, then one decision per row of it whether stored aggregates hold: SQLite would
    # otherwise compute the columns of every match before it sorts. A LIMIT keeps the two steps apart.
    listing = Predicate(f"SELECT {level}.id FROM {source} WHERE {condition.sql}", condition.values)  # noqa: S608
    if level is Level.STUDY and where.always and access.studies is not None:
        listing = access.studies
    keys = f"{listing.sql} ORDER BY 1 LIMIT ? OFFSET ?"
    computed = [*columns, _other_repository(access)]
    selected = f"SELECT {_IDENTITY[level]}, {document}, {', '.join(column.sql for column in computed)}"
    aggregated = tuple(value for column in computed for value in column.values)
    matched = (*listing.values, page.limit + page.ahead, page.offset)
    page_keys = "SELECT id FROM matched ORDER BY id LIMIT ?"
    rows = f"SELECT {level}.*, {whole.sql} AS whole FROM {level} WHERE {level}.id IN ({page_keys}) LIMIT -1"  # noqa: S608
    sql = (
        f"WITH matched AS MATERIALIZED ({keys}) {selected}, (SELECT count(*) FROM matched)"  # noqa: S608
        f" FROM ({rows}) AS {source} ORDER BY {level}.id LIMIT -1"
    )
    return Predicate(sql, (*matched, *aggregated, *whole.values, page.limit))


def _other_repository(access: Access) -> Predicate:
    """Return the column of the repository at whose root alone a result is found, where there is one."""
    if access.caller is None:
        return _NOTHING
    return Predicate(_OTHER_REPOSITORY.format(visible=access.twin.sql), access.twin.values)


_LOCATED = (
    "instance.id, instance.repository_id, study.study_uid, series.series_uid, instance.sop_instance_uid,"
    " instance.transfer_syntax_uid, instance.size_bytes, instance.blob,"
    " instance.frame_offset, instance.frame_bytes, instance.frame_count"
)


def locate_statement(where: Predicate, access: Access, *, with_metadata: bool) -> Predicate:
    """Return the statement that locates visible instances, their metadata with them where it is asked for."""
    source = SOURCE[Level.INSTANCE] + (METADATA if with_metadata else "")
    document = "metadata.json" if with_metadata else "NULL"
    condition = every(where, access.instance)
    # Without a LIMIT, SQLite may drop the order of a subquery.
    sql = (
        f"SELECT {_LOCATED}, {access.retrievable.sql}, {document}, study.patient_id FROM {source}"  # noqa: S608
        f" WHERE {condition.sql} ORDER BY instance.series_id, instance.id LIMIT -1"
    )
    return Predicate(sql, (*access.retrievable.values, *condition.values))


def _identified(statement: Predicate, access: Access, width: int) -> Predicate:
    """Return the statement with the row of the caller before its own rows."""
    if access.caller is None:
        return statement
    padding = ", NULL" * (width - 4)
    sql = (
        f"WITH {access.caller.sql} SELECT NULL, caller.repository_id, asking.kind, asking.name{padding}"  # noqa: S608
        " FROM caller JOIN principal AS asking ON asking.id = caller.id"
        f" UNION ALL SELECT * FROM ({statement.sql})"
    )
    return Predicate(sql, (*access.caller.values, *statement.values))


async def _rows(
    database: Database, statement: Predicate, access: Access, width: int
) -> tuple[int | None, list[Row]]:
    """Return the caller's own repository and the rows; credentials that are not valid raise Unauthorized.

    So does asking anonymously for what anonymous callers do not see, whether it exists or not.
    """
    whole = _identified(statement, access, width)
    rows = await database.read(whole.sql, whole.values)
    if access.caller is None:
        return None, rows
    callers = [row for row in rows if row[0] is None]
    if not callers:
        raise Unauthorized("the bearer token is not valid")
    note_principal(*callers[0][2:4])
    found = [row for row in rows if row[0] is not None]
    if access.anonymous and not found:
        raise Unauthorized("this needs a bearer token")
    return callers[0][1], found


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
    statement = search_statement(level, where, access, page, with_metadata=with_metadata)
    _, rows = await _rows(database, statement, access, 14)
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
    statement = locate_statement(where, access, with_metadata=with_metadata)
    own, rows = await _rows(database, statement, access, 14)
    repositories = {row[1] for row in rows}
    chosen = own if own in repositories else min(repositories, default=None)
    rows = [row for row in rows if row[1] == chosen]
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
