"""The data folder: what makes one unusable is said before anything is served."""

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from reference_server.settings import SettingsError

INDEX = "index.sqlite"


def prepare_folder(data: Path) -> None:
    """Create the folder where it is missing; one that cannot be written raises SettingsError."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        raise SettingsError(f"data={str(data)!r} cannot be written: {error.strerror}") from None


def repository_count(data: Path) -> int:
    """Return how many repositories a data folder holds; a new folder holds none."""
    return int(_value(data, "SELECT count(*) FROM repository") or 0)


def index_content(data: Path) -> str | None:
    """Return the fingerprint of what the index of a data folder keeps; without studies it keeps nothing.

    An index from before there were fingerprints has an empty one.
    """
    if not _value(data, "SELECT EXISTS (SELECT 1 FROM study)"):
        return None
    if not _value(data, "SELECT count(*) FROM sqlite_schema WHERE name = 'index_content'"):
        return ""
    return str(_value(data, "SELECT fingerprint FROM index_content") or "")


def _value(data: Path, sql: str) -> int | str | None:
    """Return the one value of a statement, or None where there is no index or no row."""
    if not (data / INDEX).exists():
        return None
    try:
        with closing(sqlite3.connect(f"file:{os.fspath(data / INDEX)}?mode=ro", uri=True)) as connection:
            row: tuple[int | str] | None = connection.execute(sql).fetchone()
            return None if row is None else row[0]
    except sqlite3.Error as error:
        raise SettingsError(f"data={str(data)!r} holds no usable index: {error}") from None
