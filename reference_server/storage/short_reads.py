"""Statements that take less time than a hop to a thread are answered in the thread that asks.

A round trip to a connection's thread costs two wake-ups, about a tenth of a millisecond, which is several
times what a lookup by key takes. So a statement is tried here first, with a deadline that SQLite looks at
while it runs; one that misses it is given up, and asked again in the thread of the index, where it holds up
nobody. Texts that missed it go there at once for a while.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import thread_time_ns
from typing import Any

Row = tuple[Any, ...]
DEADLINE_NS = (
    1_000_000  # of this thread's own time, so that a machine under load makes no short read a long one
)
STEPS_BETWEEN_LOOKS = 1000  # instructions of SQLite's virtual machine, some tens of microseconds
SKIPS = 64  # times that a text which missed the deadline is not tried
MOST_TEXTS = 256
CANNOT_NOW = (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY)


@dataclass(slots=True)
class _Late:
    """A text that missed the deadline: its next spelling, and how often it is not tried till then."""

    text: str
    skips: int = 0


class ShortReads:
    """A read-only connection that belongs to the thread which opens it, and is never waited for."""

    def __init__(self, path: Path, pragmas: Sequence[str]) -> None:
        self.connection = sqlite3.connect(path, timeout=0, isolation_level=None, cached_statements=MOST_TEXTS)
        for pragma in (*pragmas, "query_only=1"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.set_progress_handler(self._too_late, STEPS_BETWEEN_LOOKS)
        self._deadline = 0
        self._late: dict[str, _Late] = {}

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def rows(self, sql: str, values: Sequence[Any]) -> list[Row] | None:
        """Return the rows of a statement, or None where it is not a short one; raises sqlite3.Error."""
        late = self._late.get(sql) if self._late else None
        if late is not None and late.skips:
            late.skips -= 1
            return None
        self._deadline = thread_time_ns() + DEADLINE_NS
        try:
            return self.connection.execute(sql if late is None else late.text, values).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in CANNOT_NOW:
                raise
            self._miss(sql)
            return None

    def _miss(self, sql: str) -> None:
        """Have a text skipped for a while, and spelled otherwise then.

        The module sqlite3 takes a statement that ended in an error for one in use, and would prepare it anew
        at every execution, which takes longer than most executions do.
        """
        if len(self._late) >= MOST_TEXTS:
            self._late.clear()
        late = self._late.setdefault(sql, _Late(sql))
        late.text += " "
        late.skips = SKIPS

    def _too_late(self) -> bool:
        return thread_time_ns() > self._deadline
