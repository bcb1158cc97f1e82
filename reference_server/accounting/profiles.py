# ruff: noqa: S608  statements are joined from constants of this module, values are bound
"""Principals as they stand: what an administrator is told about one of them, or a page of them by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson

from reference_server.accounting.people import Kind
from reference_server.errors import NotFound
from reference_server.storage.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization and the facilities that belong to it."""

    name: str
    facilities: list[str]


@dataclass(frozen=True, slots=True)
class Facility:
    """A facility, which is a repository, and how many studies are in it."""

    name: str
    organization: str
    studies: int


@dataclass(frozen=True, slots=True)
class Named:
    """A role or a category, which is no more than its name."""

    name: str


@dataclass(frozen=True, slots=True)
class User:
    """A user; its STOW goes to the repository of the first facility."""

    name: str
    administrator: bool
    disabled: bool
    facilities: list[str]
    roles: list[str]
    organizations: list[str]


Profile = TypeVar("Profile", Organization, Facility, Named, User)


def _groups(kind: Kind) -> str:
    """Return the SQL of the names of the groups of a kind, the facility of one's own repository first."""
    return f"""(SELECT json_group_array(name) FROM (
    SELECT joined.name, joined.repository_id IS NOT principal.repository_id AS elsewhere
    FROM membership JOIN principal AS joined ON joined.id = membership.group_id
    WHERE membership.member_id = principal.id AND joined.kind = '{kind}' ORDER BY elsewhere, joined.name
))"""


@dataclass(frozen=True, slots=True)
class Directory(Generic[Profile]):
    """All principals of one kind; `columns` are the SQL of what `read` makes a profile of."""

    kind: Kind
    columns: str
    read: Callable[[Row], Profile]

    async def page(self, write: Transaction, after: str, limit: int) -> list[Profile]:
        """Return at most so many profiles, in the order of their names, that come after a name."""
        sql = f"SELECT {self.columns} FROM principal WHERE kind = ? AND name > ? ORDER BY name LIMIT ?"
        return [self.read(row) for row in await write.fetch(sql, (self.kind, after, limit))]

    async def one(self, write: Transaction, name: str) -> Profile:
        """Return the profile of that name; raises NotFound."""
        sql = f"SELECT {self.columns} FROM principal WHERE kind = ? AND name = ?"
        rows = await write.fetch(sql, (self.kind, name))
        if not rows:
            raise NotFound(f"there is no {self.kind} {name}")
        return self.read(rows[0])


ORGANIZATIONS = Directory(
    Kind.ORGANIZATION,
    """principal.name, (SELECT json_group_array(name) FROM (
    SELECT member.name FROM membership JOIN principal AS member ON member.id = membership.member_id
    WHERE membership.group_id = principal.id AND member.kind = 'facility' ORDER BY member.name
))""",
    lambda row: Organization(row[0], orjson.loads(row[1])),
)
FACILITIES = Directory(
    Kind.FACILITY,
    """principal.name, (
    SELECT joined.name FROM membership JOIN principal AS joined ON joined.id = membership.group_id
    WHERE membership.member_id = principal.id AND joined.kind = 'organization'
), (SELECT count(*) FROM study WHERE study.repository_id = principal.repository_id)""",
    lambda row: Facility(*row),
)
ROLES = Directory(Kind.ROLE, "principal.name", lambda row: Named(*row))
CATEGORIES = Directory(Kind.CATEGORY, "principal.name", lambda row: Named(*row))
USERS = Directory(
    Kind.USER,
    f"""principal.name, principal.administrator, principal.disabled,
{_groups(Kind.FACILITY)},
{_groups(Kind.ROLE)}, {_groups(Kind.ORGANIZATION)}""",
    lambda row: User(row[0], bool(row[1]), bool(row[2]), *(orjson.loads(each) for each in row[3:6])),
)
