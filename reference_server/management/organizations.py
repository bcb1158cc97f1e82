"""Organizations over the API."""

from operator import attrgetter
from typing import Any

from reference_server.accounting import people
from reference_server.accounting.amendment import rename
from reference_server.accounting.people import Kind
from reference_server.accounting.profiles import ORGANIZATIONS
from reference_server.accounting.removal import remove
from reference_server.management.paging import limit_of, page_of
from reference_server.management.procedure import Asked
from reference_server.storage.database import Transaction


async def create_organization(write: Transaction, asked: Asked) -> Any:
    """Create an organization."""
    name = asked.body.text("name")
    await people.create_organization(write, name)
    return {"name": name}


async def get_organizations(write: Transaction, asked: Asked) -> Any:
    """List organizations by name, with their facilities."""
    limit = limit_of(asked)
    found = await ORGANIZATIONS.page(write, asked.query.get("after", ""), limit + 1)
    return page_of(found, limit, attrgetter("name"))


async def get_organization(write: Transaction, asked: Asked) -> Any:
    """Read an organization."""
    return await ORGANIZATIONS.one(write, asked.path["name"])


async def update_organization(write: Transaction, asked: Asked) -> Any:
    """Give an organization another name."""
    name = asked.body.text("name")
    await rename(write, Kind.ORGANIZATION, asked.path["name"], name)
    return await ORGANIZATIONS.one(write, name)


async def delete_organization(write: Transaction, asked: Asked) -> None:
    """Remove an organization that has no facilities, with what was shared with it."""
    await remove(write, Kind.ORGANIZATION, asked.path["name"], asked.now)
