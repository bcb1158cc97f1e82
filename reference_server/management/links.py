"""Links over the API; a link is read and revoked by the id of its share."""

from typing import Any

from reference_server.accounting.links import issue_link
from reference_server.accounting.people import Kind
from reference_server.management.procedure import Asked
from reference_server.management.shares import page_of_shares, wanted_share
from reference_server.storage.database import Transaction


async def create_link(write: Transaction, asked: Asked) -> Any:
    """Give out a link to a resource; this answer is the only place where its token is ever shown."""
    wanted = wanted_share(asked.body, Kind.LINK, "")
    share_id, token = await issue_link(write, asked.caller, wanted, asked.now)
    return {"id": share_id, "token": token}


async def get_links(write: Transaction, asked: Asked) -> Any:
    """List the links in force that the caller issued or may manage, without their tokens."""
    return await page_of_shares(write, asked, Kind.LINK)
