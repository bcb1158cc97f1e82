"""A transaction in the calling thread: who is alone with an index need not wait for a thread of its own."""

import sqlite3
from collections.abc import Sequence

from reference_server.storage.database import Row, Transaction
from reference_server.storage.predicate import Value


class DirectTransaction(Transaction):
    """The writer's connection, whose statements are done when they are asked for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._direct = connection
        self.round_trips = 0

    async def fetch(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Return all rows of a statement."""
        self.round_trips += 1
        return self._direct.execute(sql, values).fetchall()

    async def many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        """Execute a statement for each row of values."""
        self.round_trips += 1
        self._direct.executemany(sql, rows)

    async def run(self, sql: str, values: Sequence[Value] = ()) -> int:
        """Execute a statement and return the row id that it inserted last."""
        self.round_trips += 1
        return self._direct.execute(sql, values).lastrowid or 0
