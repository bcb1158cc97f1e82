"""The audit trail: nothing is answered of which no record can be kept.

A request reserves the place of its record before anything is done, so that one which finds the trail full or
failing is refused in time. Records are committed in batches by one task: with `batch`, each is on disk after
the interval and a commit, and a crash of the machine or the process can lose those of that time; with `each`,
a record is on disk before the answer begins. What could not be written stays in memory and is tried again
until it can be; meanwhile every request that would need a record is refused.
"""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from reference_server.audit.file import TrailFile, Value
from reference_server.audit.record import Record
from reference_server.errors import Unavailable
from reference_server.settings import AuditSync

LOG = logging.getLogger("reference_server")
RETRY_SECONDS = 0.5
Result = TypeVar("Result")


class Trail:
    """The open audit trail of one process."""

    def __init__(self, file: TrailFile, sync: AuditSync, interval_seconds: float, capacity: int) -> None:
        self._file = file
        self._each = sync is AuditSync.EACH
        self._interval = interval_seconds
        self._capacity = capacity
        self._reserved = 0
        self._waiting: deque[Record] = deque()
        self._failed = self._closing = False
        # Who waits until what has been added so far is on disk.
        self._listeners: list[asyncio.Future[None]] = []
        self._added = asyncio.Event()
        self._hurry = asyncio.Event()

    async def open(self) -> None:
        """Open the file and start the writer; a file that cannot be used raises sqlite3.Error."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit")
        await self._in_thread(self._file.open)
        self._writer = asyncio.create_task(self._write_forever(), name="audit")

    async def close(self) -> None:
        """Write what waits, or, where that fails, log it, and close the file."""
        self._closing = True
        self._added.set()
        self._hurry.set()
        await self._writer
        await self._write()
        for record in self._waiting:
            LOG.critical("not in the audit trail: %s", record)
        await self._in_thread(self._file.close)
        self._thread.shutdown()

    def reserve(self) -> None:
        """Keep a place for one record, which `add` fills; raises Unavailable where there can be none."""
        if self._failed or len(self._waiting) + self._reserved >= self._capacity:
            raise Unavailable("no record of this could be kept")
        self._reserved += 1

    def add(self, record: Record) -> None:
        """Add the record for which a place is reserved."""
        self._reserved -= 1
        self._waiting.append(record)
        self._added.set()

    async def keep(self, record: Record) -> None:
        """Add a record; with `each`, return when it is on disk, and raise Unavailable where that fails."""
        self.add(record)
        if self._each:
            await self.flush()

    async def flush(self) -> None:
        """Return when all that has been added is on disk; raises Unavailable where that fails."""
        if not self._waiting:
            return
        listener = asyncio.get_running_loop().create_future()
        self._listeners.append(listener)
        self._added.set()
        self._hurry.set()
        await listener

    async def select(self, condition: str, values: Sequence[Value]) -> list[Record]:
        """Return the records that a condition, with its order and limit, holds for; raises Unavailable."""
        await self.flush()
        try:
            return await self._in_thread(lambda: self._file.select(condition, values))
        except sqlite3.Error as error:
            raise Unavailable("the audit trail cannot be read") from error

    async def _write_forever(self) -> None:
        while not self._closing:
            await self._added.wait()
            if not self._each:
                await self._interval_passed()
            await self._write()
            if self._failed:
                await asyncio.sleep(RETRY_SECONDS)

    async def _interval_passed(self) -> None:
        """Return after the interval, or as soon as somebody waits."""
        try:
            async with asyncio.timeout(self._interval):
                await self._hurry.wait()
        except TimeoutError:
            return

    async def _write(self) -> None:
        """Write what waits in one batch, and tell who waits for it."""
        batch, listeners = list(self._waiting), self._listeners
        self._listeners = []
        self._hurry.clear()
        self._added.clear()
        try:
            if batch:
                await self._in_thread(lambda: self._file.append(batch))
        except Exception as error:  # noqa: BLE001  whatever it is, what needs a record is refused
            self._note_failure(error)
        else:
            for _ in batch:
                self._waiting.popleft()
            if self._failed:
                LOG.warning("the audit trail is written again")
            self._failed = False
        for listener in listeners:
            if not listener.done() and self._failed:
                listener.set_exception(Unavailable("no record of this could be kept"))
            elif not listener.done():
                listener.set_result(None)

    def _note_failure(self, error: Exception) -> None:
        if not self._failed:
            LOG.error("the audit trail cannot be written, requests are refused until it can: %s", error)
        self._failed = True
        self._added.set()  # there is something left to write

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
