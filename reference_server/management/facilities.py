"""Facilities over the API; a facility is a repository."""

from operator import attrgetter
from typing import Any

from reference_server.accounting import people
from reference_server.accounting.amendment import move_facility, rename
from reference_server.accounting.people import Kind
from reference_server.accounting.profiles import FACILITIES
from reference_server.accounting.removal import remove
from reference_server.management.paging import limit_of, page_of
from reference_server.management.procedure import Asked
from reference_server.storage.database import Transaction


async def create_facility(write: Transaction, asked: Asked) -> Any:
    """Create a facility, which is a repository."""
    name = asked.body.text("name")
    await people.create_facility(write, name, asked.body.text("organization"))
    return {"name": name}


async def get_facilities(write: Transaction, asked: Asked) -> Any:
    """List facilities by name, with organization and number of studies."""
    limit = limit_of(asked)
    found = await FACILITIES.page(write, asked.query.get("after", ""), limit + 1)
    return page_of(found, limit, attrgetter("name"))


async def get_facility(write: Transaction, asked: Asked) -> Any:
    """Read a facility."""
    return await FACILITIES.one(write, asked.path["name"])


async def update_facility(write: Transaction, asked: Asked) -> Any:
    """Give a facility and its repository another name, or another organization to belong to."""
    name = asked.path["name"]
    await FACILITIES.one(write, name)
    if "organization" in asked.body:
        await move_facility(write, name, asked.body.text("organization"))
    if "name" in asked.body:
        new_name = asked.body.text("name")
        await rename(write, Kind.FACILITY, name, new_name)
        name = new_name
    return await FACILITIES.one(write, name)


async def delete_facility(write: Transaction, asked: Asked) -> None:
    """Remove a facility whose repository holds no studies, with what was shared with it."""
    await remove(write, Kind.FACILITY, asked.path["name"], asked.now)
