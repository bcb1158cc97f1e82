"""The file of the audit trail: a SQLite database in WAL mode that is added to in batches.

Its calls block, so the trail makes them in a thread of its own; for a lock they wait no longer than a caller
can wait for an answer. A batch is one JSON array that SQLite takes apart: the thread then works without the
lock of the interpreter, and holds up no request. One call for each record would have the two threads take
turns, at several times the cost of the reads between.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from reference_server.audit.event import Event
from reference_server.audit.record import Outcome, Record

AUDIT = "audit.sqlite"
SCHEMA = Path(__file__).parent / "schema.sql"
BUSY_TIMEOUT_SECONDS = 1.0
COLUMNS = tuple(each for each in Record._fields if each not in ("id", "studies"))
ITEM = "value ->> '$[{}]'"
GREATEST = "SELECT coalesce(max(id), 0) FROM record"
INSERT = (
    f"INSERT INTO record (id, {', '.join(COLUMNS)}) SELECT ? + key,"  # noqa: S608  constants
    f" {', '.join(map(ITEM.format, range(len(COLUMNS))))} FROM json_each(?) ORDER BY key"
)
INSERT_STUDIES = f"""INSERT INTO concerned (record_id, study_uid, patient_id)
    SELECT ? + each.key, study.value ->> '$[0]', study.value ->> '$[1]'
    FROM json_each(?) AS each, json_each(each.value, '$[{len(COLUMNS)}]') AS study"""  # noqa: S608  constants
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
        batch = orjson.dumps([_row(record) for record in records]).decode()
        try:
            connection.execute("BEGIN IMMEDIATE")
            first = connection.execute(GREATEST).fetchone()[0] + 1
            connection.execute(INSERT, (first, batch))
            connection.execute(INSERT_STUDIES, (first, batch))
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


def _row(record: Record) -> list[Any]:
    """Return the values of the columns, and the studies last."""
    values = {name: getattr(record, name) for name in COLUMNS}
    row: list[Any] = list((values | {"event": record.event.name, "outcome": int(record.outcome)}).values())
    return [*map(_without_nul, row), [[uid, _without_nul(patient)] for uid, patient in record.studies]]


def _without_nul(value: Value) -> Value:
    """Return a text with a visible sign for each NUL, behind which SQLite would see no more of it."""
    return value.replace("\0", "\u2400") if isinstance(value, str) else value
