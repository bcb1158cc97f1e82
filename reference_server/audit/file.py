"""The file of the audit trail: a SQLite database in WAL mode that is added to in batches.

Its calls block, so the trail makes them in a thread of its own; for a lock they wait no longer than a caller
can wait for an answer.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from reference_server.audit.event import Event
from reference_server.audit.record import Outcome, Record

AUDIT = "audit.sqlite"
SCHEMA = Path(__file__).parent / "schema.sql"
BUSY_TIMEOUT_SECONDS = 1.0
COLUMNS = tuple(each.name for each in fields(Record) if each.name not in ("id", "studies"))
INSERT = f"INSERT INTO record ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608  constants
INSERT_STUDY = "INSERT INTO concerned (record_id, study_uid, patient_id) VALUES (?, ?, ?)"
SELECT = f"SELECT id, {', '.join(COLUMNS)} FROM record"  # noqa: S608  constants
SELECT_STUDIES = "SELECT study_uid, patient_id FROM concerned WHERE record_id = ? ORDER BY study_uid"

Value = str | int | float | None


class TrailFile:
    """The open file; every method but the constructor belongs to one thread."""

    def __init__(self, data: Path) -> None:
        self._path = data / AUDIT
        self._connection: sqlite3.Connection

    def open(self) -> None:
        """Open the file, which is created where it is missing; raises sqlite3.Error."""
        self._connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(SCHEMA.read_text(encoding="utf-8"))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def append(self, records: Sequence[Record]) -> None:
        """Add the records and return when they are on disk; sqlite3.Error means that none is."""
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for record in records:
                key = connection.execute(INSERT, _row(record)).lastrowid
                connection.executemany(INSERT_STUDY, [(key, *study) for study in record.studies])
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def select(self, condition: str, values: Sequence[Value]) -> list[Record]:
        """Return the records that a condition, with its order and limit, holds for."""
        rows = self._connection.execute(f"{SELECT} {condition}", values).fetchall()
        return [self._record(*row) for row in rows]

    def _record(self, key: int, *values: Value) -> Record:
        studies = self._connection.execute(SELECT_STUDIES, (key,)).fetchall()
        fields_: dict[str, Any] = dict(zip(COLUMNS, values, strict=True))
        fields_["event"] = Event[fields_["event"]]
        fields_["outcome"] = Outcome(fields_["outcome"])
        return Record(id=key, studies=tuple(studies), **fields_)


def _row(record: Record) -> tuple[Value, ...]:
    """Return the values of the columns."""
    values = {name: getattr(record, name) for name in COLUMNS}
    return tuple((values | {"event": record.event.name, "outcome": int(record.outcome)}).values())
