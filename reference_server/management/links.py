"""Links over the API."""

from typing import Any

from reference_server.accounting.links import issue_link
from reference_server.accounting.people import Kind
from reference_server.management.procedure import Asked
from reference_server.management.shares import wanted_share
from reference_server.storage.database import Transaction


async def create_link(write: Transaction, asked: Asked) -> Any:
    """Give out a link to a resource; this answer is the only place where its token is ever shown."""
    wanted = wanted_share(asked.body, Kind.LINK, "")
    share_id, token = await issue_link(write, asked.caller, wanted, asked.now)
    return {"id": share_id, "token": token}
