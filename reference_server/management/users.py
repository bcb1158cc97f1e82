"""Users over the API."""

from operator import attrgetter
from typing import Any

from reference_server.accounting import people
from reference_server.accounting.amendment import UserChange, change_user
from reference_server.accounting.people import Kind
from reference_server.accounting.profiles import USERS
from reference_server.accounting.removal import remove
from reference_server.management.paging import limit_of, page_of
from reference_server.management.procedure import Asked
from reference_server.storage.database import Transaction


async def create_user(write: Transaction, asked: Asked) -> Any:
    """Create a user; what it stores goes to the repository of the first of its facilities."""
    body = asked.body
    name = body.text("name")
    await people.create_user(
        write,
        name,
        body.texts("facilities"),
        body.texts("roles"),
        body.texts("organizations"),
        administrator=body.flag("administrator"),
    )
    return {"name": name}


async def get_users(write: Transaction, asked: Asked) -> Any:
    """List users by name."""
    limit = limit_of(asked)
    found = await USERS.page(write, asked.query.get("after", ""), limit + 1)
    return page_of(found, limit, attrgetter("name"))


async def get_user(write: Transaction, asked: Asked) -> Any:
    """Read a user."""
    return await USERS.one(write, asked.path["name"])


async def update_user(write: Transaction, asked: Asked) -> Any:
    """Change a user's name, groups or flags; a list of groups replaces the one before."""
    body = asked.body
    change = UserChange(
        name=body.optional_text("name"),
        administrator=body.optional_flag("administrator"),
        disabled=body.optional_flag("disabled"),
        facilities=body.optional_texts("facilities"),
        roles=body.optional_texts("roles"),
        organizations=body.optional_texts("organizations"),
    )
    await change_user(write, asked.path["name"], change)
    return await USERS.one(write, change.name or asked.path["name"])


async def delete_user(write: Transaction, asked: Asked) -> None:
    """Remove a user, with its tokens, what was shared with it and what it shared."""
    await remove(write, Kind.USER, asked.path["name"], asked.now)
