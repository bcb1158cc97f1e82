# ruff: noqa: S608  the statements are joined from constants, values are bound
"""Candidates: what a read finds before anything is decided about it, for designs that decide afterwards."""

from dataclasses import dataclass

import orjson

from reference_server.storage.database import Row
from reference_server.storage.predicate import Predicate
from reference_server.storage.records import Level
from reference_server.storage.statements import METADATA, SOURCE

# Studies of other repositories by the same UID decide about the URL of a result, so they are candidates too.
_TWINS = """(
    SELECT json_group_array(json_array(twin.repository_id, twin.id)) FROM study AS twin
    WHERE twin.study_uid = study.study_uid AND twin.id <> study.id
)"""
_SERIES = {Level.STUDY: "NULL", Level.SERIES: "series.id", Level.INSTANCE: "series.id"}
_INSTANCE = {Level.STUDY: "NULL", Level.SERIES: "NULL", Level.INSTANCE: "instance.id"}
PARTS = """SELECT instance.repository_id, instance.study_id, instance.series_id, instance.id FROM instance
WHERE instance.study_id IN (SELECT value FROM json_each(?)) ORDER BY instance.id"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A match by the keys of its repository and of all levels down to its own, and its twins' keys."""

    key: int
    keys: Row
    twins: list[Row]


def candidates_statement(
    level: Level, where: Predicate, tables: Predicate, *, after: int, limit: int, with_metadata: bool
) -> Predicate:
    """Return the statement of the next matches, in the order of arrival; `where` may refer to `tables`."""
    source = SOURCE[level] + (METADATA if with_metadata else "")
    sql = (
        f"WITH {tables.sql} SELECT {level}.id, study.repository_id, study.id, {_SERIES[level]},"
        f" {_INSTANCE[level]}, {_TWINS} FROM {source}"
        f" WHERE {where.sql} AND {level}.id > ? ORDER BY {level}.id LIMIT ?"
    )
    return Predicate(sql, (*tables.values, *where.values, after, limit))


def candidate(row: Row) -> Candidate:
    """Return a row of that statement as a value."""
    return Candidate(row[0], row[1:5], [tuple(twin) for twin in orjson.loads(row[5])])
