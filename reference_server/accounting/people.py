"""Principals and their membership: organizations, facilities, roles and users.

A user is a member of facilities and roles, a facility of its organization; what is granted to a group reaches
all members of its members. The closure of membership is kept with every new edge, so that a read needs no
recursion. A category is a principal that has no members: what is shared with it is filed under it, and its
permissions say who gets what of that.
"""

from collections.abc import Sequence
from enum import StrEnum

from reference_server.accounting.membership import begin, join
from reference_server.accounting.names import checked_name
from reference_server.accounting.ownership import adopt_studies
from reference_server.accounting.policy import Operation
from reference_server.errors import BadRequest, Conflict, NotFound
from reference_server.storage.database import Transaction


class Kind(StrEnum):
    """The kinds of principals."""

    USER = "user"
    ROLE = "role"
    FACILITY = "facility"
    ORGANIZATION = "organization"
    AUTHENTICATED = "authenticated"
    ANONYMOUS = "anonymous"
    LINK = "link"
    CATEGORY = "category"


INSERT_PRINCIPAL = """
INSERT INTO principal (kind, name, administrator, repository_id) VALUES (?, ?, ?, ?)
ON CONFLICT (kind, name) DO NOTHING RETURNING id
"""
FIND_PRINCIPAL = "SELECT id, repository_id FROM principal WHERE kind = ? AND name = ?"
ENSURE_REPOSITORY = "INSERT INTO repository (name) VALUES (?) ON CONFLICT (name) DO NOTHING"
FIND_REPOSITORY = "SELECT id FROM repository WHERE name = ?"
GRANT_REPOSITORY = "INSERT INTO access_grant (subject_id, operations, repository_id) VALUES (?, ?, ?)"


async def _create(
    write: Transaction,
    kind: Kind,
    name: str,
    repository_id: int | None = None,
    *,
    administrator: bool = False,
) -> int:
    """Insert a principal and return its key; a name that is taken raises Conflict."""
    values = (kind, checked_name(name), administrator, repository_id)
    rows = await write.fetch(INSERT_PRINCIPAL, values)
    if not rows:
        raise Conflict(f"there is a {kind} {name} already")
    key = int(rows[0][0])
    await begin(write, key)
    return key


async def find_principal(write: Transaction, kind: Kind, name: str) -> tuple[int, int | None]:
    """Return the key and the repository of a principal that a payload names; raises BadRequest."""
    rows = await write.fetch(FIND_PRINCIPAL, (kind, name))
    if not rows:
        raise BadRequest(f"there is no {kind} {name}")
    return rows[0][0], rows[0][1]


async def principal_at(write: Transaction, kind: Kind, name: str) -> tuple[int, int | None]:
    """Return the key and the repository of a principal that a path names; raises NotFound."""
    rows = await write.fetch(FIND_PRINCIPAL, (kind, name))
    if not rows:
        raise NotFound(f"there is no {kind} {name}")
    return rows[0][0], rows[0][1]


async def create_organization(write: Transaction, name: str) -> None:
    """Create an organization."""
    await _create(write, Kind.ORGANIZATION, name)


async def create_role(write: Transaction, name: str) -> None:
    """Create a role."""
    await _create(write, Kind.ROLE, name)


async def create_category(write: Transaction, name: str) -> None:
    """Create a category."""
    await _create(write, Kind.CATEGORY, name)


async def create_link_principal(write: Transaction, name: str) -> None:
    """Create the principal of a link."""
    await _create(write, Kind.LINK, name)


async def create_facility(write: Transaction, name: str, organization: str) -> None:
    """Create a facility and its repository, in which its members may store.

    Where the repository exists without a facility, as `default` does after a time with accounting off, the
    facility becomes the owner of what is in it.
    """
    organization_id, _ = await find_principal(write, Kind.ORGANIZATION, organization)
    await write.run(ENSURE_REPOSITORY, (name,))
    repository_id = (await write.fetch(FIND_REPOSITORY, (name,)))[0][0]
    facility_id = await _create(write, Kind.FACILITY, name, repository_id)
    await join(write, facility_id, organization_id)
    await write.run(GRANT_REPOSITORY, (facility_id, int(Operation.APPEND), repository_id))
    await adopt_studies(write, facility_id, repository_id)


async def create_user(
    write: Transaction,
    name: str,
    facilities: Sequence[str],
    roles: Sequence[str],
    organizations: Sequence[str] = (),
    *,
    administrator: bool = False,
) -> None:
    """Create a user; what it stores goes to the repository of the first facility."""
    groups = [await find_principal(write, Kind.FACILITY, each) for each in facilities]
    repository_id = groups[0][1] if groups else None
    groups += [await find_principal(write, Kind.ROLE, each) for each in roles]
    groups += [await find_principal(write, Kind.ORGANIZATION, each) for each in organizations]
    user_id = await _create(write, Kind.USER, name, repository_id, administrator=administrator)
    for group_id, _ in groups:
        await join(write, user_id, group_id)


async def ensure_administrator(write: Transaction, name: str) -> None:
    """Create an administrator of that name, or make the user of that name one."""
    if await write.fetch(FIND_PRINCIPAL, (Kind.USER, name)):
        await write.run("UPDATE principal SET administrator = 1 WHERE kind = 'user' AND name = ?", (name,))
    else:
        await create_user(write, name, (), (), administrator=True)
