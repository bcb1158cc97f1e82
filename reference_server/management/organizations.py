"""Organizations over the API."""

from typing import Any

from reference_server.accounting import people
from reference_server.management.procedure import Asked
from reference_server.storage.database import Transaction


async def create_organization(write: Transaction, asked: Asked) -> Any:
    """Create an organization."""
    name = asked.body.text("name")
    await people.create_organization(write, name)
    return {"name": name}
