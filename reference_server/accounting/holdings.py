# ruff: noqa: S608  statements are joined from constants of this module, values are bound
"""Holdings: which live grants reach a caller, on one resource or anywhere, through which groups.

Callers are users, `anonymous` and the bearers of links. Whatever a design does to decide faster, these rows
are what it decides upon.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import orjson

from reference_server.accounting.callers import AUTHENTICATED
from reference_server.accounting.people import Kind
from reference_server.accounting.policy import Operation
from reference_server.accounting.resources import Resource, ResourceName
from reference_server.storage.database import Row, Transaction

LIVE = """held.revoked_at IS NULL AND held.operations
    AND (held.not_before IS NULL OR held.not_before <= ?) AND (held.expires IS NULL OR held.expires > ?)"""
# Which grants are looked at. On a study, a series or an instance: those on it, on what contains it and on its
# parts; on a repository: those on all of it; or those everywhere.
IN_STUDY = """(held.study_id = ? OR (held.study_id IS NULL AND held.repository_id = ?))
    AND (held.series_id IS NULL OR held.series_id = coalesce(?, held.series_id))
    AND (held.instance_id IS NULL OR held.instance_id = coalesce(?, held.instance_id))"""
IN_REPOSITORY = "held.study_id IS NULL AND held.repository_id = ?"
EVERYWHERE = "1"
# Every user is a member of `authenticated`, which the closure does not repeat; no pair comes out twice.
REACHED = f"""reached (principal_id, grant_id) AS (
    SELECT closure.member_id, held.id FROM access_grant AS held
    JOIN closure ON closure.group_id = held.subject_id WHERE {{scope}} AND {LIVE}{{members}}
    UNION ALL
    SELECT principal.id, held.id FROM access_grant AS held JOIN principal ON principal.kind = 'user'
    WHERE held.subject_id = {AUTHENTICATED} AND {{scope}} AND {LIVE}{{users}}
)"""
MEMBERS = " AND closure.member_id IN (SELECT value FROM json_each(?))"
USERS = " AND principal.id IN (SELECT value FROM json_each(?))"
CALLER = "principal.kind IN ('user', 'anonymous', 'link') AND NOT principal.disabled"
PAGE = f"""
WITH {REACHED}
SELECT DISTINCT principal.id, principal.kind, principal.name
FROM reached JOIN principal ON principal.id = reached.principal_id
WHERE {CALLER} AND principal.kind || '/' || principal.name > ?
AND principal.kind || '/' || principal.name = coalesce(?, principal.kind || '/' || principal.name)
ORDER BY principal.kind || '/' || principal.name LIMIT ?
"""
HELD = f"""
WITH {REACHED}
SELECT principal.id, held.id, held.operations, held.parent_id, subject.id, subject.kind, subject.name,
    issuer.id, issuer.name, held.not_before, held.expires,
    held.repository_id, held.study_id, held.series_id, held.instance_id,
    repository.name, study.study_uid, series.series_uid, instance.sop_instance_uid
FROM reached JOIN principal ON principal.id = reached.principal_id
JOIN access_grant AS held ON held.id = reached.grant_id
JOIN principal AS subject ON subject.id = held.subject_id
LEFT JOIN principal AS issuer ON issuer.id = held.granted_by
JOIN repository ON repository.id = held.repository_id
LEFT JOIN study ON study.id = held.study_id
LEFT JOIN series ON series.id = held.series_id
LEFT JOIN instance ON instance.id = held.instance_id
WHERE {CALLER} AND held.id > ?
ORDER BY principal.id, held.id LIMIT ?
"""
NO_LIMIT = -1  # as SQLite writes it


@dataclass(frozen=True, slots=True)
class Principal:
    """A principal as the API names it."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Holding:
    """A live grant that reaches a caller."""

    principal_id: int
    grant_id: int
    operations: Operation
    parent_id: int | None
    subject_id: int
    subject: Principal
    issuer_id: int | None
    issuer: str | None
    not_before: float | None
    expires: float | None
    resource: Resource
    name: ResourceName


def _holding(row: Row) -> Holding:
    return Holding(
        principal_id=row[0],
        grant_id=row[1],
        operations=Operation(row[2]),
        parent_id=row[3],
        subject_id=row[4],
        subject=Principal(Kind(row[5]), row[6]),
        issuer_id=row[7],
        issuer=row[8],
        not_before=row[9],
        expires=row[10],
        resource=Resource(*row[11:15]),
        name=ResourceName(*row[15:19]),
    )


def _scope(resource: Resource | None) -> tuple[str, tuple[int | None, ...]]:
    """Return the condition on grants that concern a resource, or any, and what it binds."""
    if resource is None:
        return EVERYWHERE, ()
    if resource.study_id is None:
        return IN_REPOSITORY, (resource.repository_id,)
    keys = (resource.study_id, resource.repository_id, resource.series_id, resource.instance_id)
    return IN_STUDY, keys


async def callers_reaching(
    write: Transaction, resource: Resource, now: float, *, after: str, limit: int, only: str | None = None
) -> list[tuple[int, Principal]]:
    """Return the first callers after `kind/name` whom a grant on the resource, or on its parts, reaches."""
    scope, keys = _scope(resource)
    sql = PAGE.format(scope=scope, members="", users="")
    rows = await write.fetch(sql, (*(*keys, now, now) * 2, after, only, limit))
    return [(row[0], Principal(Kind(row[1]), row[2])) for row in rows]


async def holdings(
    write: Transaction,
    principal_ids: Collection[int],
    resource: Resource | None,
    now: float,
    *,
    after: int = 0,
    limit: int = NO_LIMIT,
) -> Sequence[Holding]:
    """Return the grants after an id that reach these callers, on one resource and its parts or anywhere."""
    scope, keys = _scope(resource)
    callers = orjson.dumps(sorted(principal_ids)).decode()
    sql = HELD.format(scope=scope, members=MEMBERS, users=USERS)
    return [_holding(row) for row in await write.fetch(sql, (*(*keys, now, now, callers) * 2, after, limit))]
