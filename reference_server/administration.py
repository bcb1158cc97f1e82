"""Administration on the machine itself: whoever may write the data folder may make an administrator."""

import time
from pathlib import Path
from typing import Any

import orjson

from reference_server.accounting.callers import Caller
from reference_server.accounting.people import ensure_administrator
from reference_server.accounting.tokens import issue_token
from reference_server.app import open_database
from reference_server.audit.command import recorded_command
from reference_server.management.command import Command
from reference_server.settings import SettingsError
from reference_server.storage.database import Transaction
from reference_server.storage.folder import INDEX, prepare_folder

FIND_ADMINISTRATOR = """
SELECT id FROM principal
WHERE kind = 'user' AND administrator AND NOT disabled AND name = coalesce(?, name) ORDER BY id LIMIT 1
"""


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


async def administer(data: Path, command: Command, user: str | None) -> Any:
    """Carry out a command as an administrator, the first one if none is named, and return its result.

    It is what the management API does for a request, in one transaction, be the archive served or not.
    Raises SettingsError where there is no archive or no such administrator, ArchiveError as the API refuses.
    """
    if not (data / INDEX).exists():
        raise SettingsError(f"data={str(data)!r} holds no archive")
    database = open_database(data)
    await database.open()

    async def work(write: Transaction) -> Any:
        rows = await write.fetch(FIND_ADMINISTRATOR, (user,))
        if not rows:
            whom = f"administrator {user}" if user else "administrator"
            advice = f"python -m reference_server token --data {data} --user NAME"
            raise SettingsError(f"there is no {whom}; make one with: {advice}")
        caller = Caller(rows[0][0], administrator=True, subjects=())
        return await command.procedure.work(write, command.asked(caller, time.time()))

    try:
        content = None if command.content is None else orjson.dumps(command.content).decode()
        with recorded_command(data, command.target, content):
            return await database.write(work)
    finally:
        await database.close()
