"""The data folder: what makes one unusable is said before anything is served."""

import os
import sqlite3
import tempfile
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
    if not (data / INDEX).exists():
        return 0
    try:
        connection = sqlite3.connect(f"file:{os.fspath(data / INDEX)}?mode=ro", uri=True)
        try:
            return int(connection.execute("SELECT count(*) FROM repository").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise SettingsError(f"data={str(data)!r} holds no usable index: {error}") from None
