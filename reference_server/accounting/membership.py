"""Membership, and its transitive and reflexive closure, which every change keeps exact.

A read needs no recursion because the closure is stored. Joining adds what the new edge connects. Leaving
computes anew what the members below still reach, and removes the rest alone, so that a way that remains is
never broken for a moment.
"""

from reference_server.storage.database import Transaction

INSERT_MEMBERSHIP = "INSERT OR IGNORE INTO membership (member_id, group_id) VALUES (?, ?)"
DELETE_MEMBERSHIP = "DELETE FROM membership WHERE member_id = ? AND group_id = ?"
DELETE_MEMBERSHIPS = "DELETE FROM membership WHERE ? IN (member_id, group_id)"
INSERT_SELF = "INSERT INTO closure (member_id, group_id) VALUES (?, ?)"
DELETE_SELF = "DELETE FROM closure WHERE member_id = ? AND group_id = ?"
EXTEND_CLOSURE = """
INSERT OR IGNORE INTO closure (member_id, group_id)
SELECT below.member_id, above.group_id
FROM closure AS below, closure AS above
WHERE below.group_id = ? AND above.member_id = ?
"""
SHRINK_CLOSURE = """
WITH RECURSIVE below (id) AS MATERIALIZED (SELECT member_id FROM closure WHERE group_id = ?),
reach (member_id, group_id) AS MATERIALIZED (
    SELECT id, id FROM below
    UNION
    SELECT reach.member_id, membership.group_id FROM reach
    JOIN membership ON membership.member_id = reach.group_id
)
DELETE FROM closure WHERE member_id IN (SELECT id FROM below)
AND (member_id, group_id) NOT IN (SELECT member_id, group_id FROM reach)
"""
GROUPS = """
SELECT membership.group_id FROM membership JOIN principal ON principal.id = membership.group_id
WHERE membership.member_id = ? AND principal.kind = ?
"""


async def begin(write: Transaction, principal_id: int) -> None:
    """Make a new principal a member of itself."""
    await write.run(INSERT_SELF, (principal_id, principal_id))


async def join(write: Transaction, member_id: int, group_id: int) -> None:
    """Make one principal a member of another."""
    await write.run(INSERT_MEMBERSHIP, (member_id, group_id))
    await write.run(EXTEND_CLOSURE, (member_id, group_id))


async def leave(write: Transaction, member_id: int, group_id: int) -> None:
    """End a membership."""
    await write.run(DELETE_MEMBERSHIP, (member_id, group_id))
    await write.run(SHRINK_CLOSURE, (member_id,))


async def end(write: Transaction, principal_id: int) -> None:
    """Remove a principal from every group and from under every member."""
    await write.run(DELETE_MEMBERSHIPS, (principal_id,))
    await write.run(SHRINK_CLOSURE, (principal_id,))
    await write.run(DELETE_SELF, (principal_id, principal_id))


async def groups(write: Transaction, member_id: int, kind: str) -> set[int]:
    """Return the keys of the groups of one kind of which a principal is a member itself."""
    return {int(row[0]) for row in await write.fetch(GROUPS, (member_id, kind))}
