# ruff: noqa: S608  statements are joined from constants of this module, values are bound
"""Removal of principals: with one go its tokens, memberships and grants, and every share that it issued.

Nothing becomes visible to anyone by it. What was derived from a removed grant is revoked, and what a removed
user had shared is revoked as well, since nobody answers for it any more; a user who is to be kept out while
the shares go on is disabled instead. Studies stay in their repository, whose facility owns them, so a
facility that holds studies cannot be removed, and neither can an organization that has facilities.
"""

from reference_server.accounting.amendment import DEFAULT_REPOSITORY
from reference_server.accounting.membership import end
from reference_server.accounting.people import Kind, principal_at
from reference_server.accounting.policy import Operation
from reference_server.accounting.revocation import revoke
from reference_server.errors import Conflict
from reference_server.storage.database import Transaction
from reference_server.storage.predicate import Value

FACILITIES_OF = """
SELECT 1 FROM membership JOIN principal ON principal.id = membership.member_id
WHERE membership.group_id = ? AND principal.kind = 'facility' LIMIT 1
"""
STUDIES_OF = "SELECT 1 FROM study WHERE repository_id = ? LIMIT 1"
# The grants of the owners of a study name who stored it; those of the others stay.
OWN = int(Operation.OWN)
HELD_OR_ISSUED = f"head.subject_id = ? OR (head.granted_by = ? AND head.operations & {OWN} = 0)"


async def _delete_grants(write: Transaction, condition: str, value: Value) -> None:
    """Delete revoked grants; what was derived from them, revoked as well, forgets its parent."""
    doomed = f"SELECT id FROM access_grant WHERE {condition}"
    await write.run(f"UPDATE access_grant SET parent_id = NULL WHERE parent_id IN ({doomed})", (value,))
    await write.run(f"DELETE FROM access_grant WHERE {condition}", (value,))


async def _remove_repository(write: Transaction, repository_id: int, now: float) -> None:
    """Remove an empty repository and the grants on it; the default one stays for the plain archive."""
    await revoke(write, now, "head.repository_id = ?", (repository_id,))
    await _delete_grants(write, "repository_id = ?", repository_id)
    await write.run("UPDATE principal SET repository_id = NULL WHERE repository_id = ?", (repository_id,))
    if repository_id != DEFAULT_REPOSITORY:
        await write.run("DELETE FROM repository WHERE id = ?", (repository_id,))


async def remove(write: Transaction, kind: Kind, name: str, now: float) -> None:
    """Remove a principal; raises NotFound, and Conflict where something still belongs to it."""
    key, repository_id = await principal_at(write, kind, name)
    if kind is Kind.ORGANIZATION and await write.fetch(FACILITIES_OF, (key,)):
        raise Conflict(f"the organization {name} has facilities")
    if kind is Kind.FACILITY and await write.fetch(STUDIES_OF, (repository_id,)):
        raise Conflict(f"the facility {name} holds studies")
    await revoke(write, now, HELD_OR_ISSUED, (key, key))
    await _delete_grants(write, "subject_id = ?", key)
    await write.run("UPDATE access_grant SET granted_by = NULL WHERE granted_by = ?", (key,))
    await write.run("DELETE FROM token WHERE principal_id = ?", (key,))
    await write.run("DELETE FROM permission WHERE ? IN (holder_id, category_id)", (key,))
    await end(write, key)
    if kind is Kind.FACILITY and repository_id is not None:
        await _remove_repository(write, repository_id, now)
    await write.run("DELETE FROM principal WHERE id = ?", (key,))
