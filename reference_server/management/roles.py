"""Roles over the API."""

from operator import attrgetter
from typing import Any

from reference_server.accounting import people
from reference_server.accounting.amendment import rename
from reference_server.accounting.people import Kind
from reference_server.accounting.profiles import ROLES
from reference_server.accounting.removal import remove
from reference_server.management.paging import limit_of, page_of
from reference_server.management.procedure import Asked
from reference_server.storage.database import Transaction


async def create_role(write: Transaction, asked: Asked) -> Any:
    """Create a role."""
    name = asked.body.text("name")
    await people.create_role(write, name)
    return {"name": name}


async def get_roles(write: Transaction, asked: Asked) -> Any:
    """List roles by name."""
    limit = limit_of(asked)
    found = await ROLES.page(write, asked.query.get("after", ""), limit + 1)
    return page_of(found, limit, attrgetter("name"))


async def get_role(write: Transaction, asked: Asked) -> Any:
    """Read a role."""
    return await ROLES.one(write, asked.path["name"])


async def update_role(write: Transaction, asked: Asked) -> Any:
    """Give a role another name."""
    name = asked.body.text("name")
    await rename(write, Kind.ROLE, asked.path["name"], name)
    return await ROLES.one(write, name)


async def delete_role(write: Transaction, asked: Asked) -> None:
    """Remove a role, with its permissions and what was shared with it."""
    await remove(write, Kind.ROLE, asked.path["name"], asked.now)
