"""Roles over the API."""

from typing import Any

from reference_server.accounting import people
from reference_server.management.procedure import Asked
from reference_server.storage.database import Transaction


async def create_role(write: Transaction, asked: Asked) -> Any:
    """Create a role."""
    name = asked.body.text("name")
    await people.create_role(write, name)
    return {"name": name}
