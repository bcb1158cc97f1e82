"""Amendment of principals: another name, other memberships, or a user that is disabled for a while.

A principal keeps its grants under another name, since they are written by key. A facility takes its
repository along: the URLs of its studies change with it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reference_server.accounting.membership import groups, join, leave
from reference_server.accounting.names import checked_name
from reference_server.accounting.people import Kind, find_principal, principal_at
from reference_server.errors import Conflict
from reference_server.storage.database import Transaction

TAKEN = "SELECT 1 FROM principal WHERE kind = ? AND name = ? AND id <> ?"
REPOSITORY_TAKEN = "SELECT 1 FROM repository WHERE name = ? AND id <> ?"
RENAME = "UPDATE principal SET name = ? WHERE id = ?"
RENAME_REPOSITORY = "UPDATE repository SET name = ? WHERE id = ?"
SET_FLAGS = """
UPDATE principal SET administrator = coalesce(?, administrator), disabled = coalesce(?, disabled) WHERE id = ?
"""
SET_REPOSITORY = "UPDATE principal SET repository_id = ? WHERE id = ?"
DEFAULT_REPOSITORY = 1


@dataclass(frozen=True, slots=True)
class UserChange:
    """What is to change about a user; None leaves it as it is."""

    name: str | None = None
    administrator: bool | None = None
    disabled: bool | None = None
    facilities: Sequence[str] | None = None
    roles: Sequence[str] | None = None
    organizations: Sequence[str] | None = None


async def rename(write: Transaction, kind: Kind, name: str, new_name: str) -> None:
    """Give a principal another name; raises NotFound, and Conflict where that name is taken."""
    key, repository_id = await principal_at(write, kind, name)
    checked_name(new_name)
    if await write.fetch(TAKEN, (kind, new_name, key)):
        raise Conflict(f"there is a {kind} {new_name} already")
    if kind is Kind.FACILITY and new_name != name:
        if repository_id == DEFAULT_REPOSITORY:
            raise Conflict("the repository of the archive without accounting keeps its name")
        if await write.fetch(REPOSITORY_TAKEN, (new_name, repository_id)):
            raise Conflict(f"there is a repository {new_name} already")
        await write.run(RENAME_REPOSITORY, (new_name, repository_id))
    await write.run(RENAME, (new_name, key))


async def _join_only(write: Transaction, member_id: int, kind: Kind, wanted: Collection[int]) -> None:
    """Make a principal a member of these groups and of no others of that kind."""
    current = await groups(write, member_id, kind)
    for group_id in sorted(current.difference(wanted)):
        await leave(write, member_id, group_id)
    for group_id in sorted(set(wanted) - current):
        await join(write, member_id, group_id)


async def move_facility(write: Transaction, name: str, organization: str) -> None:
    """Make a facility belong to another organization; raises NotFound, and BadRequest where there is none."""
    key, _ = await principal_at(write, Kind.FACILITY, name)
    organization_id, _ = await find_principal(write, Kind.ORGANIZATION, organization)
    await _join_only(write, key, Kind.ORGANIZATION, {organization_id})


async def change_user(write: Transaction, name: str, change: UserChange) -> None:
    """Change a user; raises NotFound, Conflict where a name is taken, and BadRequest for unknown groups."""
    key, _ = await principal_at(write, Kind.USER, name)
    await write.run(SET_FLAGS, (change.administrator, change.disabled, key))
    for kind, names in (
        (Kind.FACILITY, change.facilities),
        (Kind.ROLE, change.roles),
        (Kind.ORGANIZATION, change.organizations),
    ):
        if names is None:
            continue
        found = [await find_principal(write, kind, each) for each in names]
        await _join_only(write, key, kind, [group_id for group_id, _ in found])
        if kind is Kind.FACILITY:
            await write.run(SET_REPOSITORY, (found[0][1] if found else None, key))
    if change.name is not None:
        await rename(write, Kind.USER, name, change.name)
