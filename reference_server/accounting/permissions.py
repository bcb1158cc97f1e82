"""Permissions of categories: what a holder may do with everything that is filed under a category.

A category is a label, such as `teaching` or `trial-7`. Whoever may share a resource files it there by a share
whose subject is the category; that share alone gives nobody anything. A permission says which operations a
role, a user or another group has on what is filed. Each pair of the two makes an ordinary grant: its subject
is the holder, its operations are those that the share and the permission have in common, and its parent is
the share, so it begins, expires and is revoked with it. What decides need not know of categories.
"""

from dataclasses import dataclass

from reference_server.accounting.people import Kind, principal_at
from reference_server.accounting.policy import Operation
from reference_server.accounting.revocation import revoke
from reference_server.errors import NotFound
from reference_server.storage.database import Transaction

HOLDERS = (Kind.USER, Kind.ROLE, Kind.FACILITY, Kind.ORGANIZATION, Kind.AUTHENTICATED)
SET = """
INSERT INTO permission (holder_id, category_id, operations) VALUES (?, ?, ?)
ON CONFLICT (holder_id, category_id) DO UPDATE SET operations = excluded.operations
"""
DELETE = "DELETE FROM permission WHERE holder_id = ? AND category_id = ? RETURNING operations"
EXPAND = """
INSERT INTO access_grant (subject_id, operations, repository_id, study_id, series_id, instance_id, granted_by,
    parent_id, not_before, expires)
SELECT permission.holder_id, filed.operations & permission.operations, filed.repository_id, filed.study_id,
    filed.series_id, filed.instance_id, filed.granted_by, filed.id, filed.not_before, filed.expires
FROM permission JOIN access_grant AS filed ON filed.subject_id = permission.category_id
WHERE filed.revoked_at IS NULL AND (filed.expires IS NULL OR filed.expires > ?)
AND filed.operations & permission.operations
AND permission.category_id = ? AND permission.holder_id = coalesce(?, permission.holder_id)
AND filed.id = coalesce(?, filed.id)
"""
EXPANDED = """head.subject_id = ?
AND head.parent_id IN (SELECT filed.id FROM access_grant AS filed WHERE filed.subject_id = ?)"""
LIST = """
SELECT holder.kind, holder.name, category.name, permission.operations FROM permission
JOIN principal AS holder ON holder.id = permission.holder_id
JOIN principal AS category ON category.id = permission.category_id
WHERE holder.kind = coalesce(?, holder.kind) AND holder.name = coalesce(?, holder.name)
AND category.name = coalesce(?, category.name)
ORDER BY holder.kind, holder.name, category.name
"""


@dataclass(frozen=True, slots=True)
class Permission:
    """What a holder may do with what is filed under a category."""

    holder_kind: Kind
    holder_name: str
    category: str
    operations: Operation


async def expand_filed(write: Transaction, category_id: int, share_id: int, now: float) -> None:
    """Give the holders of a category's permissions their grants on what has just been filed under it."""
    await write.run(EXPAND, (now, category_id, None, share_id))


async def _keys(write: Transaction, category: str, kind: Kind, holder: str) -> tuple[int, int]:
    """Return the keys of a category and of a holder; raises NotFound."""
    category_id, _ = await principal_at(write, Kind.CATEGORY, category)
    return category_id, (await principal_at(write, kind, holder))[0]


async def set_permission(write: Transaction, wanted: Permission, now: float) -> None:
    """Set what a holder may do with a category; the grants that followed from another permission end."""
    category_id, holder_id = await _keys(write, wanted.category, wanted.holder_kind, wanted.holder_name)
    await write.run(SET, (holder_id, category_id, int(wanted.operations)))
    await revoke(write, now, EXPANDED, (holder_id, category_id))
    await write.run(EXPAND, (now, category_id, holder_id, None))


async def delete_permission(write: Transaction, category: str, kind: Kind, holder: str, now: float) -> None:
    """End a permission, and the grants that followed from it."""
    category_id, holder_id = await _keys(write, category, kind, holder)
    if not await write.fetch(DELETE, (holder_id, category_id)):
        raise NotFound(f"the {kind} {holder} has no permission on the category {category}")
    await revoke(write, now, EXPANDED, (holder_id, category_id))


async def permissions_of(write: Transaction, kind: Kind, name: str) -> list[Permission]:
    """Return the permissions that a principal holds itself; raises NotFound."""
    await principal_at(write, kind, name)
    return await _listed(write, kind, name, None)


async def permissions_on(write: Transaction, category: str) -> list[Permission]:
    """Return the permissions on a category; raises NotFound."""
    await principal_at(write, Kind.CATEGORY, category)
    return await _listed(write, None, None, category)


async def _listed(
    write: Transaction, kind: Kind | None, name: str | None, category: str | None
) -> list[Permission]:
    rows = await write.fetch(LIST, (kind, name, category))
    return [Permission(Kind(row[0]), row[1], row[2], Operation(row[3])) for row in rows]
