"""The index is one SQLite database in WAL mode, with one writer that commits in groups.

A read is one statement; a short one is answered at once (`short_reads`), any other in the thread of a
connection. Writes of concurrent requests are collected while a commit is under way and share the next
one, with synchronous=FULL: when `write` returns, its rows are on disk.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from reference_server.errors import Unavailable
from reference_server.storage.moments import utc_moment
from reference_server.storage.names import fold_name, name_words
from reference_server.storage.predicate import Value
from reference_server.storage.short_reads import ShortReads
from reference_server.timing import count_round_trip, measured

Row = tuple[Any, ...]
Result = TypeVar("Result")
Write = Callable[["Transaction"], Awaitable[Result]]
GROUP_LIMIT = 64
READER_CACHE_KIBIBYTES = 65_536
SHORT_READS_CACHE_KIBIBYTES = 16_384
WRITER_CACHE_KIBIBYTES = 16_384  # more of a large transaction goes to the write-ahead log before its commit
# What SQL calls by these names, with so many arguments.
FUNCTIONS: tuple[tuple[str, int, Callable[..., str | None]], ...] = (
    ("fold_name", 1, fold_name),
    ("name_words", 1, name_words),
    ("utc_moment", 2, utc_moment),
)
BUSY_TIMEOUT_SECONDS = 30.0


def _pragmas(cache_kibibytes: int) -> tuple[str, ...]:
    return (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"cache_size=-{cache_kibibytes}",
        "mmap_size=1073741824",
    )


class Transaction:
    """The writer's connection inside a transaction; only `Database.write` hands it out."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self.round_trips = 0

    async def fetch(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Return all rows of a statement."""
        self.round_trips += 1
        return [tuple(row) for row in await self._connection.execute_fetchall(sql, values)]

    async def many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        """Execute a statement for each row of values."""
        if rows:
            self.round_trips += 1
            await self._connection.executemany(sql, rows)

    async def run(self, sql: str, values: Sequence[Value] = ()) -> int:
        """Execute a statement and return the row id that it inserted last."""
        self.round_trips += 1
        row = await self._connection.execute_insert(sql, values)
        return int(row[0]) if row else 0


class Database:
    """The open index."""

    def __init__(self, path: Path, schemas: Sequence[Path]) -> None:
        self._path = path
        self._schemas = schemas
        self._pending: asyncio.Queue[tuple[Write[Any], asyncio.Future[Any]]] = asyncio.Queue()

    async def open(self) -> None:
        """Open the connections, create what the schema lacks, and start the writer."""
        self._writer = await self._connect(WRITER_CACHE_KIBIBYTES)
        for schema in self._schemas:
            await self._writer.executescript(schema.read_text(encoding="utf-8"))
        self._reader = await self._connect(READER_CACHE_KIBIBYTES)
        for name, arguments, function in FUNCTIONS:
            await self._reader.create_function(name, arguments, function, deterministic=True)
        await self._reader.execute("PRAGMA query_only=1")
        self._short_reads = ShortReads(self._path, _pragmas(SHORT_READS_CACHE_KIBIBYTES))
        for name, arguments, function in FUNCTIONS:
            self._short_reads.connection.create_function(name, arguments, function, deterministic=True)
        self._committer = asyncio.create_task(self._commit_forever(), name="committer")

    async def close(self) -> None:
        """Stop the writer and close the connections."""
        self._committer.cancel()
        await asyncio.gather(self._committer, return_exceptions=True)
        self._short_reads.close()
        for connection in (self._reader, self._writer):
            await connection.close()

    async def _connect(self, cache_kibibytes: int) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(self._path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
        for pragma in _pragmas(cache_kibibytes):
            await connection.execute(f"PRAGMA {pragma}")
        return connection

    async def read(self, sql: str, values: Sequence[Value]) -> list[Row]:
        """Return the rows of one statement: one round trip."""
        count_round_trip()
        with measured("index"):
            try:
                rows = self._short_reads.rows(sql, values)
                return await self._long_read(sql, values) if rows is None else rows
            except sqlite3.Error as error:
                raise Unavailable("the index cannot be read") from error

    async def _long_read(self, sql: str, values: Sequence[Value]) -> list[Row]:
        return await self._reader.execute_fetchall(sql, values)  # type: ignore[return-value]  # typed as Row

    async def write(self, work: Write[Result]) -> Result:
        """Carry out the work inside the next group commit and return its result once that is on disk.

        An exception that the work raises undoes the work alone; the rest of the group commits. Counted are
        the statements of the work itself; those that begin and end the transaction are the group's.
        """
        future: asyncio.Future[tuple[Result, int]] = asyncio.get_running_loop().create_future()
        with measured("index"):
            await self._pending.put((work, future))
            result, round_trips = await future
        count_round_trip(round_trips)
        return result

    async def _commit_forever(self) -> None:
        while True:
            group = [await self._pending.get()]
            while len(group) < GROUP_LIMIT and not self._pending.empty():
                group.append(self._pending.get_nowait())
            await self._commit(group)

    async def _commit(self, group: list[tuple[Write[Any], asyncio.Future[Any]]]) -> None:
        """Carry out a group in one transaction; every future of it is resolved."""
        transaction = Transaction(self._writer)
        outcomes: list[tuple[asyncio.Future[Any], Any]] = []
        try:
            await self._writer.execute("BEGIN IMMEDIATE")
            for work, future in group:
                outcomes.append((future, await self._attempt(work, transaction)))
            await self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            await self._roll_back()
            failure = Unavailable("the index cannot be written")
            failure.__cause__ = error
            outcomes = [(future, failure) for _, future in group]
        for future, outcome in outcomes:
            if future.done():  # its request was cancelled; the rows are kept all the same
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    async def _attempt(self, work: Write[Any], transaction: Transaction) -> Any:
        """Return the result of the work and its number of round trips, or the exception that it raised."""
        outcome: Any
        before = transaction.round_trips
        await self._writer.execute("SAVEPOINT work")
        try:
            outcome = (await work(transaction), transaction.round_trips - before)
        except Exception as error:  # noqa: BLE001  whatever it is, it belongs to this request alone
            await self._writer.execute("ROLLBACK TO work")
            outcome = error
        await self._writer.execute("RELEASE work")
        return outcome

    async def _roll_back(self) -> None:
        try:
            await self._writer.execute("ROLLBACK")
        except sqlite3.Error:
            return  # the failed statement has ended the transaction already
