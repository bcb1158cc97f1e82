# ruff: noqa: S608  statements are joined from constants of this module, values are bound
"""Shares: grants that a caller issues on what it may share itself, and revokes again.

Nobody gives more than a grant of their own gives them: a share names that grant as its parent, lasts no
longer, and is revoked with it. A snapshot share grants the instances that are there now; any other covers
what is stored later.
"""

from dataclasses import dataclass

import orjson

from reference_server.accounting.callers import Caller
from reference_server.accounting.people import Kind
from reference_server.accounting.permissions import expand_filed
from reference_server.accounting.policy import Operation
from reference_server.accounting.resources import (
    Resource,
    ResourceName,
    name_of_resource,
    resolve,
    rights_on,
)
from reference_server.accounting.revocation import revoke
from reference_server.errors import BadRequest, Forbidden, NotFound
from reference_server.storage.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class ShareRequest:
    """What is to be shared with whom; times are seconds since the epoch."""

    subject_kind: Kind
    subject_name: str
    resource: ResourceName
    operations: Operation
    snapshot: bool = False
    not_before: float | None = None
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A share as it stands."""

    id: int
    subject_kind: Kind
    subject_name: str
    resource: ResourceName
    operations: Operation
    snapshot: bool
    not_before: float | None
    expires: float | None
    granted_by: str


SUBJECT = "SELECT id FROM principal WHERE kind = ? AND name = ?"
INSERT = """
INSERT INTO access_grant (subject_id, operations, repository_id, study_id, series_id, instance_id, granted_by,
    parent_id, not_before, expires)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""
INSERT_PARTS = """
INSERT INTO access_grant (subject_id, operations, repository_id, study_id, series_id, instance_id, granted_by,
    parent_id, not_before, expires)
SELECT head.subject_id, ?, instance.repository_id, instance.study_id, instance.series_id, instance.id,
    head.granted_by, head.id, head.not_before, head.expires
FROM access_grant AS head JOIN instance
ON instance.study_id = head.study_id AND (head.series_id IS NULL OR instance.series_id = head.series_id)
AND (head.instance_id IS NULL OR instance.id = head.instance_id)
WHERE head.id = ?
"""
# The parts of a snapshot, and what follows from a permission on a category, go with the share above them.
IS_SHARE = f"""held.granted_by IS NOT NULL AND held.operations & {int(Operation.OWN)} = 0
AND held.revoked_at IS NULL
AND NOT EXISTS (
    SELECT 1 FROM access_grant AS head JOIN principal AS whom ON whom.id = head.subject_id
    WHERE head.id = held.parent_id AND (head.operations = 0 OR whom.kind = 'category')
)"""
LIST = f"""
SELECT held.id, subject.kind, subject.name,
    held.repository_id, held.study_id, held.series_id, held.instance_id,
    CASE WHEN held.operations THEN held.operations
        ELSE (SELECT max(part.operations) FROM access_grant AS part WHERE part.parent_id = held.id) END,
    held.operations = 0, held.not_before, held.expires, issuer.name, held.granted_by
FROM access_grant AS held JOIN principal AS subject ON subject.id = held.subject_id
JOIN principal AS issuer ON issuer.id = held.granted_by
WHERE {IS_SHARE} AND (? OR held.granted_by = ? OR EXISTS (
    SELECT 1 FROM access_grant AS own
    WHERE own.subject_id IN (SELECT value FROM json_each(?))
    AND own.operations & {int(Operation.SHARE)} AND own.revoked_at IS NULL
    AND (own.not_before IS NULL OR own.not_before <= ?) AND (own.expires IS NULL OR own.expires > ?)
    AND own.repository_id = held.repository_id
    AND (own.study_id IS NULL OR own.study_id = held.study_id)
    AND (own.series_id IS NULL OR own.series_id = held.series_id)
    AND (own.instance_id IS NULL OR own.instance_id = held.instance_id)
))
"""
SHARED_WITH = f"""
SELECT 1 FROM access_grant AS held
WHERE held.id = ? AND {IS_SHARE} AND held.subject_id IN (SELECT value FROM json_each(?))
AND (held.not_before IS NULL OR held.not_before <= ?) AND (held.expires IS NULL OR held.expires > ?)
"""


async def issue_share(write: Transaction, caller: Caller, wanted: ShareRequest, now: float) -> int:
    """Issue a share and return its id.

    Raises NotFound where the caller does not see the resource, Forbidden where it may not share what is
    wanted, and BadRequest where there is no such subject.
    """
    if wanted.snapshot and wanted.subject_kind is Kind.CATEGORY:
        raise BadRequest("what is filed under a category is not a snapshot")
    resource = await resolve(write, wanted.resource)
    parent_id, not_before, expires = await _parent(write, caller, resource, wanted.operations, now)
    subject = await write.fetch(SUBJECT, (wanted.subject_kind, wanted.subject_name))
    if not subject:
        raise BadRequest(f"there is no {wanted.subject_kind} {wanted.subject_name}")
    values = (
        subject[0][0],
        0 if wanted.snapshot else int(wanted.operations),
        resource.repository_id,
        resource.study_id,
        resource.series_id,
        resource.instance_id,
        caller.principal_id,
        parent_id,
        _latest(wanted.not_before, not_before),
        _earliest(wanted.expires, expires),
    )
    share_id = int((await write.fetch(INSERT, values))[0][0])
    if wanted.snapshot:
        await write.run(INSERT_PARTS, (int(wanted.operations), share_id))
    if wanted.subject_kind is Kind.CATEGORY:
        await expand_filed(write, subject[0][0], share_id, now)
    return share_id


async def _parent(
    write: Transaction, caller: Caller, resource: Resource, operations: Operation, now: float
) -> Row:
    """Return key, beginning and end of the grant that a share derives from; none for an administrator."""
    if caller.administrator:
        return (None, None, None)
    rights = await rights_on(write, resource, caller.subjects, now)
    if not rights.visible:
        raise NotFound("there is no such resource")
    needed = operations | Operation.SHARE
    enough = [row[1:] for row in rights.covering if row[0] & needed == needed]
    if not enough:
        raise Forbidden("you may not share these operations on this resource")
    return enough[0]


def _latest(*times: float | None) -> float | None:
    return max((time for time in times if time is not None), default=None)


def _earliest(*times: float | None) -> float | None:
    return min((time for time in times if time is not None), default=None)


async def _manageable(
    write: Transaction, caller: Caller, now: float, condition: str, *bound: int | str | None
) -> list[Share]:
    subjects = orjson.dumps(caller.subjects).decode()
    values = (caller.administrator, caller.principal_id, subjects, now, now, *bound)
    shares = []
    for row in await write.fetch(f"{LIST} {condition}", values):
        name = await name_of_resource(write, Resource(*row[3:7]))
        shares.append(
            Share(row[0], Kind(row[1]), row[2], name, Operation(row[7] or 0), bool(row[8]), *row[9:12])
        )
    return shares


async def list_shares(
    write: Transaction, caller: Caller, now: float, *, after: int, limit: int, only: Kind | None = None
) -> list[Share]:
    """Return the first shares in force after an id, of those that the caller issued or may manage.

    `only` picks those with a subject of one kind.
    """
    condition = "AND held.id > ? AND subject.kind = coalesce(?, subject.kind) ORDER BY held.id LIMIT ?"
    return await _manageable(write, caller, now, condition, after, only, limit)


async def find_share(write: Transaction, caller: Caller, share_id: int, now: float) -> Share:
    """Return a share in force that the caller issued or may manage.

    Raises Forbidden where it is shared with the caller, who thus knows of it, else NotFound: what others were
    given of a resource that the caller sees is none of its business.
    """
    shares = await _manageable(write, caller, now, "AND held.id = ?", share_id)
    if shares:
        return shares[0]
    subjects = orjson.dumps(caller.subjects).decode()
    if await write.fetch(SHARED_WITH, (share_id, subjects, now, now)):
        raise Forbidden("you may not manage this share")
    raise NotFound("there is no such share")


async def revoke_share(write: Transaction, caller: Caller, share_id: int, now: float) -> None:
    """Revoke a share and all that was derived from it; raises what `find_share` raises."""
    await find_share(write, caller, share_id, now)
    await revoke(write, now, "head.id = ?", (share_id,))
