"""Administration on the machine itself: whoever may write the data folder may make an administrator."""

from pathlib import Path

from reference_server.accounting.people import ensure_administrator
from reference_server.accounting.tokens import issue_token
from reference_server.app import open_database
from reference_server.audit.command import recorded_command
from reference_server.storage.database import Transaction
from reference_server.storage.folder import prepare_folder


async def make_administrator(data: Path, user: str, expires: float | None) -> str:
    """Return a new token of that user, who becomes an administrator and is created where missing."""
    prepare_folder(data)
    database = open_database(data)
    await database.open()

    async def work(write: Transaction) -> str:
        await ensure_administrator(write, user)
        return await issue_token(write, user, expires)

    try:
        with recorded_command(data, f"/accounting/users/{user}/tokens"):
            return await database.write(work)
    finally:
        await database.close()
