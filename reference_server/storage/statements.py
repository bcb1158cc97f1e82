"""The statements of reads: each is one, and each takes the caller's access as a required argument.

Where the caller must be identified, the first row of the answer says who asks; without it the credentials are
not valid. With accounting off neither that row nor a predicate is in the statement.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from reference_server.storage.access import Access
from reference_server.storage.predicate import (
    KEYS,
    LIMIT,
    OFFSET,
    PAGE_KEYS,
    REACH,
    TRUE,
    Predicate,
    Slot,
    Value,
    bound,
    every,
)
from reference_server.storage.records import Level


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
    return tuple(each.column(access.whole_study) for each in _aggregates(access))


def _aggregates(access: Access) -> tuple[_Aggregate, ...]:
    """Return the columns that sum up what is below a study."""
    modalities = f"SELECT json_group_array(DISTINCT series.modality) {_BELOW_STUDY}"
    series = f"SELECT count(*) {_BELOW_STUDY}"
    instances = "SELECT count(*) FROM instance WHERE instance.study_id = study.id"
    return (
        _Aggregate("study.modalities", modalities, access.series),
        _Aggregate("study.series_count", series, access.series),
        _Aggregate("study.instance_count", instances, access.instance),
    )


SOURCE = {
    Level.STUDY: "study",
    Level.SERIES: "series JOIN study ON study.id = series.study_id",
    Level.INSTANCE: "instance JOIN series ON series.id = instance.series_id"
    " JOIN study ON study.id = instance.study_id",
}
# Where the common root would give the study of another repository: the caller's own first, then the oldest.
_OTHER_REPOSITORY = """CASE WHEN study.study_uid IN (SELECT study_uid FROM shared_study_uid) THEN (
    SELECT repository.name FROM repository WHERE repository.id = study.repository_id AND EXISTS (
        SELECT 1 FROM study AS twin LEFT JOIN caller
        WHERE twin.study_uid = study.study_uid AND twin.repository_id <> study.repository_id
        AND (twin.repository_id IS caller.repository_id OR (study.repository_id IS NOT caller.repository_id
            AND twin.repository_id < study.repository_id))
        AND {visible}
    )
) END"""
METADATA = " JOIN metadata ON metadata.instance_id = instance.id"
_IDENTITY = {
    Level.STUDY: "study.id, study.repository_id, study.study_uid, NULL, NULL, study.attributes, NULL, NULL",
    Level.SERIES: "series.id, study.repository_id, study.study_uid, series.series_uid, NULL,"
    " study.attributes, series.attributes, NULL",
    Level.INSTANCE: "instance.id, study.repository_id, study.study_uid, series.series_uid,"
    " instance.sop_instance_uid, study.attributes, series.attributes, instance.attributes",
}


def search_statement(level: Level, where: Predicate, access: Access, *, with_metadata: bool) -> Predicate:
    """Return the statement of one page of results, in the order of arrival, and of what is counted after it.

    It has slots for the page. `with_metadata` says whether the whole DICOM JSON of instances is asked for, or
    used by `where`.
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
    matched = (*listing.values, REACH, OFFSET)
    page_keys = "SELECT id FROM matched ORDER BY id LIMIT ?"
    rows = f"SELECT {level}.*, {whole.sql} AS whole FROM {level} WHERE {level}.id IN ({page_keys}) LIMIT -1"  # noqa: S608
    sql = (
        f"WITH matched AS MATERIALIZED ({keys}) {selected}, (SELECT count(*) FROM matched)"  # noqa: S608
        f" FROM ({rows}) AS {source} ORDER BY {level}.id LIMIT -1"
    )
    return Predicate(sql, (*matched, *aggregated, *whole.values, LIMIT))


def listing_statement(access: Access, *, in_parts: bool) -> Predicate:
    """Return the statement of the studies of a page of keys, which the caller sees, some `in_parts`."""
    whole = access.whole_study if in_parts else TRUE
    columns = [each.column(whole) for each in _aggregates(access)]
    computed = [*columns, _other_repository(access)]
    source = "json_each(?) AS page CROSS JOIN study ON study.id = page.value"
    if in_parts:
        source = f"(SELECT study.*, {whole.sql} AS whole FROM {source} LIMIT -1) AS study"  # noqa: S608
    sql = (
        f"SELECT {_IDENTITY[Level.STUDY]}, NULL, {', '.join(column.sql for column in computed)}, NULL"  # noqa: S608
        f" FROM {source}"
    )
    aggregated = (value for column in computed for value in column.values)
    return Predicate(sql, (*aggregated, *whole.values, PAGE_KEYS))


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


_CHANGES = """(SELECT since FROM changed),
    coalesce((SELECT max(id) FROM access_change), 0), (SELECT max(id) FROM study)"""


def identified(statement: Predicate, access: Access, width: int) -> Predicate:
    """Return the statement with the row of the caller, and of changes after a sight, before its own rows."""
    if access.caller is None:
        return statement
    changes = _CHANGES if access.sighted else "NULL, NULL, NULL"
    padding = ", NULL" * (width - 7)
    who = f"caller.repository_id, asking.kind, asking.name, {changes}{padding}"
    sql = (
        f"WITH {access.caller.sql} SELECT NULL, {who}"  # noqa: S608
        " FROM caller JOIN principal AS asking ON asking.id = caller.id"
        f" UNION ALL SELECT * FROM ({statement.sql})"
    )
    return Predicate(sql, (*access.caller.values, *statement.values))


_MOST_COMPOSED = 512
_composed: dict[Hashable, Predicate] = {}


def composed(
    access: Access,
    shape: Hashable,
    where: Predicate,
    binding: Mapping[Slot, Value],
    compose: Callable[[Predicate], Predicate],
) -> Predicate:
    """Return the bound statement of a read; it is not composed anew for other values.

    Composing takes longer than the statement itself where few rows are found. `shape` is what else than the
    access and the text of `where` tells statements apart.
    """
    values = bound(where.values, access.binding)
    if access.name is None or len(values) > len(KEYS):
        return compose(Predicate(where.sql, values)).bound({**access.binding, **binding})
    key = (access.name, shape, where.sql)
    statement = _composed.get(key)
    if statement is None:
        if len(_composed) >= _MOST_COMPOSED:
            _composed.clear()
        statement = _composed[key] = compose(Predicate(where.sql, KEYS[: len(values)]))
    return statement.bound({**access.binding, **binding, **dict(zip(KEYS, values, strict=False))})
