"""An archive is loaded from a listing by the code that enters what arrives, many studies to a transaction.

Nothing else may use the folder meanwhile, so the index is written without a journal and without waiting for
the disk, under a name that no archive opens; it gets its own name when all of it is on disk. A load that was
interrupted has left no archive, and the next one begins anew.
"""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path

from reference_server.accounting.policy import AccessPolicy, Storer
from reference_server.app import ACCOUNTING, POLICIES, SCHEMAS
from reference_server.dicomweb.attributes import catalogue_of
from reference_server.dicomweb.reading import Arrived
from reference_server.loading.direct import DirectTransaction
from reference_server.loading.listing import ListedStudy, Listing
from reference_server.loading.people import Register, introduce, share
from reference_server.loading.template import Template
from reference_server.settings import Accounting, Settings, SettingsError
from reference_server.storage.blobs import BlobStore
from reference_server.storage.database import Transaction
from reference_server.storage.folder import INDEX, prepare_folder
from reference_server.storage.ingest import record_content, store

UNFINISHED = f"{INDEX}.loading"
STUDIES_PER_TRANSACTION = 2000
TOLD_EVERY = 5  # transactions
CACHE_KIBIBYTES = (
    1_000_000  # of the index, so that its B-trees are not read again; memory is returned at the end
)
WHILE_LOADING = (
    "journal_mode=OFF",
    "synchronous=OFF",
    f"cache_size=-{CACHE_KIBIBYTES}",
    "locking_mode=EXCLUSIVE",
)
PRIVATE = 0o600
FIND_REPOSITORY = "SELECT id FROM repository WHERE name = ?"
DEFAULT = Storer(principal_id=None, repository_id=1)


@dataclass(slots=True)
class Loading:
    """One load; `tokens` are those of the people, by name."""

    listing: Listing
    data: Path
    accounting: Accounting
    search_attributes: str = ""
    tell: Callable[[str], None] = lambda _line: None
    tokens: dict[str, str] = field(default_factory=dict)

    async def run(self) -> int:
        """Load everything and return the number of instances; raises SettingsError where that cannot be."""
        prepare_folder(self.data)
        if (self.data / INDEX).exists():
            raise SettingsError(f"data={str(self.data)!r} holds an archive already; load into a new folder")
        target = self.data / UNFINISHED
        target.unlink(missing_ok=True)
        policy = POLICIES[self.accounting](Settings(self.data))
        with closing(sqlite3.connect(target, isolation_level=None)) as connection:
            for pragma in WHILE_LOADING:
                connection.execute(f"PRAGMA {pragma}")
            for schema in SCHEMAS:
                connection.executescript(schema.read_text(encoding="utf-8"))
            done = await self._fill(connection, policy)
            self.tell(f"preparing the index for accounting {self.accounting}")
            preparation = ACCOUNTING / policy.preparation
            connection.executescript(preparation.read_text(encoding="utf-8"))
        _force_to_disk(target)
        target.rename(self.data / INDEX)
        _force_to_disk(self.data)
        return done

    async def _fill(self, connection: sqlite3.Connection, policy: AccessPolicy) -> int:
        write = DirectTransaction(connection)
        template = self._template()
        register = Register(write)
        connection.execute("BEGIN")
        await record_content(write, catalogue_of(self.search_attributes).fingerprint)
        if policy.accounts:
            self.tokens = await introduce(write, self.listing)
        connection.execute("COMMIT")
        done = batches = 0
        studies = self.listing.each_study()
        while batch := list(islice(studies, STUDIES_PER_TRANSACTION)):
            connection.execute("BEGIN")
            done += await self._enter(write, batch, template, register, policy)
            connection.execute("COMMIT")
            batches += 1
            if batches % TOLD_EVERY == 0:
                self.tell(f"{done} instances are loaded")
        if policy.accounts:
            connection.execute("BEGIN")
            number = await share(write, register, self.listing.each_share(), time.time())
            connection.execute("COMMIT")
            self.tell(f"{number} shares are issued")
        return done

    def _template(self) -> Template:
        """Keep the one blob and return what instances are made from."""
        blobs = BlobStore(self.data)
        for left_over in blobs.prepare():
            blobs.remove(left_over)
        incoming = blobs.incoming()
        incoming.write(self.listing.template.read_bytes())
        size_bytes, sha256 = incoming.size_bytes, incoming.sha256
        name = blobs.keep(incoming)
        # It keeps its name in incoming/, so that the archive's first start looks whether the index names it.
        return Template(
            Arrived(blobs.path(name), name, size_bytes, sha256), catalogue_of(self.search_attributes)
        )

    async def _enter(
        self,
        write: Transaction,
        batch: list[ListedStudy],
        template: Template,
        register: Register,
        policy: AccessPolicy,
    ) -> int:
        """Store the studies, those of one owner together, and record the owner; return their instances."""
        done = 0
        for (repository, owner), studies in _by_owner(batch):
            storer = DEFAULT
            if policy.accounts:
                caller = await register.caller(owner)
                repository_id = (await write.fetch(FIND_REPOSITORY, (repository,)))[0][0]
                storer = Storer(caller.principal_id, repository_id, caller.subjects)
            records = [record for study in studies for record in template.records(study)]
            _, created = await store(write, storer.repository_id, records)
            await policy.record_stored(write, storer, created)
            done += len(records)
        return done


def _by_owner(batch: Iterable[ListedStudy]) -> Iterator[tuple[tuple[str, str], Iterator[ListedStudy]]]:
    def key(study: ListedStudy) -> tuple[str, str]:
        return study.repository, study.owner

    return groupby(sorted(batch, key=key), key)


def write_tokens(tokens: dict[str, str], path: Path) -> None:
    """Write the tokens as a JSON object that nobody else may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(tokens, file)


def _force_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
