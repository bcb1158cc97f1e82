"""The audit trail as an auditor reads it: straight from its file, without the archive."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from reference_server.audit.event import Event
from reference_server.audit.file import AUDIT, TrailFile
from reference_server.audit.record import Record

NEWER = "WHERE id > ? ORDER BY id"


@dataclass(slots=True)
class TrailReader:
    """What was added to the trail of a data folder since it was last looked at."""

    data: Path
    seen: int = 0

    def added(self) -> list[Record]:
        """Return the records since the last call."""
        file = TrailFile(self.data)
        file.open()
        try:
            records = file.select(NEWER, (self.seen,))
        finally:
            file.close()
        self.seen = max((each.id for each in records), default=self.seen)
        return records

    def one(self) -> Record:
        """Return the one record since the last call."""
        records = self.added()
        assert len(records) == 1, records
        return records[0]

    def content(self) -> bytes:
        """Return every byte that the trail has on disk."""
        return b"".join(path.read_bytes() for path in self.data.glob(f"{AUDIT}*"))


def count_records(data: Path, event: Event) -> int:
    """Return how many records of an event are on disk, without a wait for anything."""
    with closing(sqlite3.connect(f"file:{data / AUDIT}?mode=ro", uri=True)) as connection:
        row: tuple[int] = connection.execute(
            "SELECT count(*) FROM record WHERE event = ?", (event.name,)
        ).fetchone()
    return row[0]
