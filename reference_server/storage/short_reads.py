"""Statements that take less time than a hop to a thread are answered in the thread that asks.

A round trip to a connection's thread costs two wake-ups, about a tenth of a millisecond, which is several
times what a lookup by key takes. So a statement is tried here first, with a deadline that SQLite looks at
while it runs; one that misses it is given up, and asked again in the thread of the index, where it holds up
nobody. Texts that missed it go there at once for a while.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter_ns
from typing import Any

Row = tuple[Any, ...]
DEADLINE_NS = 1_000_000
STEPS_BETWEEN_LOOKS = 1000  # instructions of SQLite's virtual machine, some tens of microseconds
SKIPS = 64  # times that a text which missed the deadline is not tried
MOST_TEXTS = 256
CANNOT_NOW = (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY)


class ShortReads:
    """A read-only connection that belongs to the thread which opens it, and is never waited for."""

    def __init__(self, path: Path, pragmas: Sequence[str]) -> None:
        self.connection = sqlite3.connect(path, timeout=0, isolation_level=None, cached_statements=MOST_TEXTS)
        for pragma in (*pragmas, "query_only=1"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.set_progress_handler(self._too_late, STEPS_BETWEEN_LOOKS)
        self._deadline = 0
        self._skips: dict[str, int] = {}

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def rows(self, sql: str, values: Sequence[Any]) -> list[Row] | None:
        """Return the rows of a statement, or None where it is not a short one; raises sqlite3.Error."""
        if self._skips and self._skipped(sql):
            return None
        self._deadline = perf_counter_ns() + DEADLINE_NS
        try:
            return self.connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in CANNOT_NOW:
                raise
            if len(self._skips) >= MOST_TEXTS:
                self._skips.clear()
            self._skips[sql] = SKIPS
            return None

    def _skipped(self, sql: str) -> bool:
        left = self._skips.get(sql, 0)
        if left > 0:
            self._skips[sql] = left - 1
        return left > 0

    def _too_late(self) -> bool:
        return perf_counter_ns() > self._deadline
