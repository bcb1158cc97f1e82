"""Facilities over the API; a facility is a repository."""

from typing import Any

from reference_server.accounting import people
from reference_server.management.procedure import Asked
from reference_server.storage.database import Transaction


async def create_facility(write: Transaction, asked: Asked) -> Any:
    """Create a facility, which is a repository."""
    name = asked.body.text("name")
    await people.create_facility(write, name, asked.body.text("organization"))
    return {"name": name}
