"""Users over the API."""

from typing import Any

from reference_server.accounting import people
from reference_server.management.procedure import Asked
from reference_server.storage.database import Transaction


async def create_user(write: Transaction, asked: Asked) -> Any:
    """Create a user with its facilities and roles."""
    name = asked.body.text("name")
    await people.create_user(write, name, asked.body.texts("facilities"), asked.body.texts("roles"))
    return {"name": name}
