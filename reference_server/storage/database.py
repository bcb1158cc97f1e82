"""The index is one SQLite database in WAL mode, with one writer that commits in groups.

A read is one statement; a short one is answered at once (`short_reads`), any other in the thread of a
connection. Writes of concurrent requests are collected while a commit is under way and share the next one,
which is one round trip to the writer's thread with all their statements; a short one that waits for no disk
is carried out at once (`short_writes`). When `write` returns, its rows are as durable as the setting says:
with `full` on disk, since every commit is synchronised; with `file` and `process` in the write-ahead log,
which survives the process.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from reference_server.errors import Unavailable
from reference_server.settings import Durability
from reference_server.storage.moments import utc_moment
from reference_server.storage.names import fold_name, name_words
from reference_server.storage.predicate import Predicate, Value
from reference_server.storage.short_reads import ShortReads
from reference_server.storage.short_writes import ShortWrites
from reference_server.storage.sights import Sights, Survey
from reference_server.timing import count_round_trip, measured

LOG = logging.getLogger("reference_server")
Row = tuple[Any, ...]
Result = TypeVar("Result")
Write = Callable[["Transaction"], Coroutine[Any, Any, Result]]
GROUP_LIMIT = 64
READER_CACHE_KIBIBYTES = 131_072
SHORT_READS_CACHE_KIBIBYTES = 16_384
SURVEYOR_CACHE_KIBIBYTES = 8_192
SHORT_WRITES_CACHE_KIBIBYTES = 8_192
WRITER_CACHE_KIBIBYTES = 16_384  # more of a large transaction goes to the write-ahead log before its commit
# What SQL calls by these names, with so many arguments.
FUNCTIONS: tuple[tuple[str, int, Callable[..., str | None]], ...] = (
    ("fold_name", 1, fold_name),
    ("name_words", 1, name_words),
    ("utc_moment", 2, utc_moment),
)
BUSY_TIMEOUT_SECONDS = 30.0
MAPPED_BYTES = 1 << 26  # of the index by each connection: what is mapped counts as memory of the process


class Transaction:
    """The writer's connection inside a transaction; only `Database.write` hands it out.

    Work is written as a coroutine, like all that reads and writes the index, but it runs in the writer's
    thread and is never suspended: each statement is carried out where it stands.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.round_trips = 0

    async def fetch(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Return all rows of a statement."""
        self.round_trips += 1
        return self._connection.execute(sql, values).fetchall()

    async def many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        """Execute a statement for each row of values."""
        if rows:
            self.round_trips += 1
            self._connection.executemany(sql, rows)

    async def run(self, sql: str, values: Sequence[Value] = ()) -> int:
        """Execute a statement and return the row id that was inserted last."""
        self.round_trips += 1
        self._connection.execute(sql, values)
        return int(self._connection.execute("SELECT last_insert_rowid()").fetchone()[0])


@dataclass(frozen=True, slots=True)
class Pending:
    """Work that waits for a commit, with the context of its request and the future of its result."""

    work: Write[Any]
    context: Context
    future: asyncio.Future[tuple[Any, int]]


class Database:
    """The open index."""

    def __init__(self, path: Path, schemas: Sequence[Path], durability: Durability = Durability.FULL) -> None:
        self._path = path
        self._schemas = schemas
        self._synchronous = "FULL" if durability is Durability.FULL else "NORMAL"
        self._pending: asyncio.Queue[Pending] = asyncio.Queue()
        self._under_way = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="surveyor")
        self._surveys: set[asyncio.Task[None]] = set()
        self._short_writes: ShortWrites | None = None
        self.sights = Sights()

    async def open(self) -> None:
        """Open the connections, create what the schema lacks, and start the writer."""
        self._writer = await self._in_writer(self._open_writer)
        self._reader = await aiosqlite.connect(self._path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
        for pragma in self._pragmas(READER_CACHE_KIBIBYTES):
            await self._reader.execute(f"PRAGMA {pragma}")
        for name, arguments, function in FUNCTIONS:
            await self._reader.create_function(name, arguments, function, deterministic=True)
        await self._reader.execute("PRAGMA query_only=1")
        self._short_reads = ShortReads(self._path, self._pragmas(SHORT_READS_CACHE_KIBIBYTES))
        for name, arguments, function in FUNCTIONS:
            self._short_reads.connection.create_function(name, arguments, function, deterministic=True)
        if self._synchronous == "NORMAL":
            self._short_writes = ShortWrites(self._path, self._pragmas(SHORT_WRITES_CACHE_KIBIBYTES))
        self._surveyor = await self._in_surveyor(self._open_surveyor)
        self._committer = asyncio.create_task(self._commit_forever(), name="committer")

    async def close(self) -> None:
        """Stop the writer and close the connections."""
        self._committer.cancel()
        await asyncio.gather(self._committer, return_exceptions=True)
        await self.surveys_end()
        await self._in_surveyor(self._surveyor.close)
        self._aside.shutdown()
        self._short_reads.close()
        if self._short_writes is not None:
            self._short_writes.close()
        await self._reader.close()
        await self._in_writer(self._writer.close)
        self._thread.shutdown()

    async def _in_writer(self, work: Callable[[], Result]) -> Result:
        """Return the result of what is done in the writer's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _in_surveyor(self, work: Callable[[], Result]) -> Result:
        """Return the result of what is read aside, in a thread that neither reads nor writes wait for."""
        return await asyncio.get_running_loop().run_in_executor(self._aside, work)

    def _open_surveyor(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
        for pragma in (*self._pragmas(SURVEYOR_CACHE_KIBIBYTES), "query_only=1"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _pragmas(self, cache_kibibytes: int) -> tuple[str, ...]:
        return (
            "journal_mode=WAL",
            f"synchronous={self._synchronous}",
            f"cache_size=-{cache_kibibytes}",
            f"mmap_size={MAPPED_BYTES}",
        )

    def _open_writer(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
        for pragma in self._pragmas(WRITER_CACHE_KIBIBYTES):
            connection.execute(f"PRAGMA {pragma}")
        for schema in self._schemas:
            connection.executescript(schema.read_text(encoding="utf-8"))
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

    async def snapshot(self, work: Write[Result]) -> Result:
        """Return what a work that only reads finds in one snapshot, aside from other reads and writes."""
        with measured("index"):
            result, round_trips = await self._in_surveyor(partial(copy_context().run, self._look, work))
        count_round_trip(round_trips)
        return result

    def _look(self, work: Write[Result]) -> tuple[Result, int]:
        transaction = Transaction(self._surveyor)
        try:
            self._surveyor.execute("BEGIN")
            try:
                return _carried_out(work(transaction)), transaction.round_trips
            finally:
                self._surveyor.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise Unavailable("the index cannot be read") from error

    def note_read(self, survey: Survey) -> None:
        """Note that a valid caller has read something; if it is due, find out aside what the caller sees."""
        if self.sights.read(survey, time.monotonic()):
            task = asyncio.create_task(self._find_out(survey), name="survey")
            self._surveys.add(task)
            task.add_done_callback(self._surveys.discard)

    async def surveys_end(self) -> None:
        """Return when no survey is under way."""
        await asyncio.gather(*self._surveys)

    async def _find_out(self, survey: Survey) -> None:
        row: Row | None = None
        began = time.monotonic()
        try:
            row = await self._in_surveyor(partial(self._row_of, survey.statement.bound(survey.binding)))
        except sqlite3.Error:
            LOG.exception("what a caller sees cannot be read; it is asked of the index each time")
        ended = time.monotonic()
        self.sights.surveyed(survey, row, ended, ended - began)

    def _row_of(self, statement: Predicate) -> Row:
        row: Row = self._surveyor.execute(statement.sql, statement.values).fetchone()
        return row

    async def write(self, work: Write[Result], *, short: bool = False) -> Result:
        """Carry out the work inside the next group commit and return its result once that is done.

        Work that is short may be carried out at once. It may then be begun twice, so it changes nothing else.

        An exception that the work raises undoes the work alone; the rest of the group commits. Counted are
        the statements of the work itself; those that begin and end the transaction are the group's.
        """
        with measured("index"):
            done = self._write_now(work) if short else None
            if done is None:
                future: asyncio.Future[tuple[Result, int]] = asyncio.get_running_loop().create_future()
                self._pending.put_nowait(Pending(work, copy_context(), future))
                done = await future
        result, round_trips = done
        count_round_trip(round_trips)
        return result

    def _write_now(self, work: Write[Result]) -> tuple[Result, int] | None:
        """Return the result of short work and its number of round trips, or None where it has to wait."""
        if self._short_writes is None or self._under_way or not self._pending.empty():
            return None

        def carry_out(connection: sqlite3.Connection) -> tuple[Result, int]:
            transaction = Transaction(connection)
            return _carried_out(work(transaction)), transaction.round_trips

        try:
            done = self._short_writes.attempt(carry_out)
        except sqlite3.Error as error:
            raise Unavailable("the index cannot be written") from error
        return None if done is None else done[0]

    async def _commit_forever(self) -> None:
        while True:
            group = [await self._pending.get()]
            while len(group) < GROUP_LIMIT and not self._pending.empty():
                group.append(self._pending.get_nowait())
            self._under_way = True
            outcomes = await self._in_writer(partial(self._commit, group))
            self._under_way = False
            for pending, outcome in zip(group, outcomes, strict=True):
                if pending.future.done():  # its request was cancelled; the rows are kept all the same
                    continue
                if isinstance(outcome, Exception):
                    pending.future.set_exception(outcome)
                else:
                    pending.future.set_result(outcome)

    def _commit(self, group: list[Pending]) -> list[tuple[Any, int] | Exception]:
        """Carry out a group in one transaction; return what became of each, in the writer's thread."""
        transaction = Transaction(self._writer)
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            outcomes = [self._attempt(pending, transaction) for pending in group]
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            failure = Unavailable("the index cannot be written")
            failure.__cause__ = error
            return [failure] * len(group)
        return outcomes

    def _attempt(self, pending: Pending, transaction: Transaction) -> tuple[Any, int] | Exception:
        """Return the result of the work and its number of round trips, or the exception that it raised."""
        outcome: tuple[Any, int] | Exception
        before = transaction.round_trips
        self._writer.execute("SAVEPOINT work")
        try:
            result = pending.context.run(_carried_out, pending.work(transaction))
            outcome = (result, transaction.round_trips - before)
        except Exception as error:  # noqa: BLE001  whatever it is, it belongs to this request alone
            self._writer.execute("ROLLBACK TO work")
            outcome = error
        self._writer.execute("RELEASE work")
        return outcome

    def _roll_back(self) -> None:
        try:
            self._writer.execute("ROLLBACK")
        except sqlite3.Error:
            return  # the failed statement has ended the transaction already


def _carried_out(work: Coroutine[Any, Any, Result]) -> Result:
    """Return the result of work on a transaction, which awaits nothing but the statements of it."""
    try:
        work.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    work.close()
    raise RuntimeError("work on a transaction may wait for nothing else")
