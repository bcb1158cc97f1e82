"""Short transactions that need not wait for the disk are carried out in the thread that asks.

A dozen statements in a thread of their own give up the interpreter's lock and take it back a dozen times,
and beside a busy event loop each taking waits: a store that takes 0.2 ms in SQLite then takes several times
that, of the loop's time too. So a short transaction is tried here first. What misses the deadline, finds the
index being written, or fails otherwise is undone and left to the writer's thread, which waits and says what
is wrong.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from time import thread_time_ns
from typing import TypeVar

Result = TypeVar("Result")
DEADLINE_NS = 2_000_000  # of this thread's own time
NEVER_NS = 1 << 62
STEPS_BETWEEN_LOOKS = 1000
SKIPS = 64  # transactions that are not tried after one that missed the deadline
CHECKPOINT_EVERY = 64  # of as many, one is left to the writer's thread, which empties the log if it is long


class ShortWrites:
    """A connection that belongs to the thread which opens it; it waits neither for others nor for a disk."""

    def __init__(self, path: Path, pragmas: Sequence[str]) -> None:
        self._path = path
        self._pragmas = pragmas
        self._deadline = 0
        self._skips = 0
        self._carried_out = 0
        self._connection = self._opened()

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=0, isolation_level=None)
        # Emptying the log synchronises it and the index, which is the writer's.
        for pragma in (*self._pragmas, "wal_autocheckpoint=0"):
            connection.execute(f"PRAGMA {pragma}")
        connection.set_progress_handler(self._too_late, STEPS_BETWEEN_LOOKS)
        return connection

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def attempt(self, work: Callable[[sqlite3.Connection], Result]) -> tuple[Result] | None:
        """Return the result of committed work, or None where nothing of it was done.

        What the work raises undoes it and is raised here, but for errors of SQLite. One of those is raised
        where the commit itself fails.
        """
        if self._skips:
            self._skips -= 1
            return None
        if self._carried_out == CHECKPOINT_EVERY - 1:
            self._carried_out = 0
            return None
        self._deadline = thread_time_ns() + DEADLINE_NS
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            result = work(connection)
        except sqlite3.Error as error:
            self._undo()
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                self._miss()
            return None
        except BaseException:
            self._undo()
            raise
        self._deadline = NEVER_NS
        try:
            connection.execute("COMMIT")
        except sqlite3.Error:
            self._undo()
            raise
        self._carried_out += 1
        return (result,)

    def _undo(self) -> None:
        """Undo the transaction; an error that has ended it already has undone it."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _miss(self) -> None:
        """Try nothing for a while; statements that ended in an error would be prepared anew each time."""
        self._skips = SKIPS
        self._connection.close()
        self._connection = self._opened()

    def _too_late(self) -> bool:
        return thread_time_ns() > self._deadline
