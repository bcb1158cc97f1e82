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

# A grant on an ancestor of the resource, on itself, or on a part of it; of no resource: every grant.
LIVE = """held.revoked_at IS NULL AND held.operations
AND (held.not_before IS NULL OR held.not_before <= ?) AND (held.expires IS NULL OR held.expires > ?)
AND held.repository_id = coalesce(?, held.repository_id)
AND (held.study_id IS NULL OR held.study_id = coalesce(?, held.study_id))
AND (held.series_id IS NULL OR held.series_id = coalesce(?, held.series_id))
AND (held.instance_id IS NULL OR held.instance_id = coalesce(?, held.instance_id))"""
REACHED = f"""reached (principal_id, grant_id) AS (
    SELECT closure.member_id, held.id FROM access_grant AS held
    JOIN closure ON closure.group_id = held.subject_id WHERE {LIVE}
    UNION
    SELECT principal.id, held.id FROM access_grant AS held JOIN principal ON principal.kind = 'user'
    WHERE held.subject_id = {AUTHENTICATED} AND {LIVE}
)"""
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
WHERE {CALLER} AND principal.id IN (SELECT value FROM json_each(?)) AND held.id > ?
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


def _scope(resource: Resource | None, now: float) -> tuple[float | int | None, ...]:
    """Return what the condition LIVE binds, twice as REACHED has it."""
    if resource is None:
        return (now, now, None, None, None, None) * 2
    keys = (resource.repository_id, resource.study_id, resource.series_id, resource.instance_id)
    return (now, now, *keys) * 2


async def callers_reaching(
    write: Transaction, resource: Resource, now: float, *, after: str, limit: int, only: str | None = None
) -> list[tuple[int, Principal]]:
    """Return the first callers after `kind/name` whom a grant on the resource or a part of it reaches."""
    rows = await write.fetch(PAGE, (*_scope(resource, now), after, only, limit))
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
    keys = orjson.dumps(sorted(principal_ids)).decode()
    return [_holding(row) for row in await write.fetch(HELD, (*_scope(resource, now), keys, after, limit))]
