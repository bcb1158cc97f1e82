"""Commands on the machine itself are in the audit trail too: who may write the data folder asks nobody."""

import getpass
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from reference_server.audit.event import Event
from reference_server.audit.file import TrailFile
from reference_server.audit.record import Outcome, Record
from reference_server.audit.withholding import withheld
from reference_server.errors import STATUS, ArchiveError
from reference_server.settings import SettingsError

COMMAND = "COMMAND"  # stands where the method of a request does
OPERATOR = "operator"  # a user of the machine, not of the archive


@contextmanager
def recorded_command(data: Path, path: str, asked: str | None = None) -> Iterator[None]:
    """Keep a record of what is done in the block to the resource at that path of the management API.

    `asked` is the payload that a request to the same effect would carry.

    Raises SettingsError where no record could be kept, before anything is done.
    """
    file = TrailFile(data)
    try:
        file.open()
        file.append([])
    except sqlite3.Error as error:
        raise SettingsError(f"data={str(data)!r}: the audit trail cannot be used: {error}") from None
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    try:
        yield
        status = HTTPStatus.OK
    except ArchiveError as refusal:
        status = HTTPStatus(STATUS[type(refusal)])
        raise
    finally:
        file.append([_record(path, status, asked)])
        file.close()


def _record(path: str, status: int, asked: str | None) -> Record:
    return Record(
        at=time.time(),
        event=Event.of(0, COMMAND, path),
        outcome=Outcome.of(status, None),
        status=status,
        kind=OPERATOR,
        name=_operator(),
        address="",
        method=COMMAND,
        path=withheld(path),
        query="",
        studies=(),
        number=None,
        refused=None,
        asked=None if asked is None else withheld(asked),
    )


def _operator() -> str:
    """Return the name of the user of the machine, or its number where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
