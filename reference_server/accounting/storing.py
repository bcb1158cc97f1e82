"""Who may store, and where, is decided by grants in every design that decides: a store writes anyway."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from reference_server.accounting.callers import storer_of
from reference_server.accounting.ownership import record_owners
from reference_server.accounting.placement import placed
from reference_server.accounting.policy import Credentials, Storer
from reference_server.storage.database import Database, Transaction


class StoringByGrant:
    """The part of an access policy that stores: a live grant of the right to append decides."""

    async def storer(
        self, database: Database, credentials: Credentials, now: float, repository: str | None = None
    ) -> Storer:
        """Return the caller, where it may append to its own repository or to the one that is named."""
        return await storer_of(database, credentials, now, repository, decide=True)

    async def place(
        self, write: Transaction, storer: Storer, study_uids: Collection[str], now: float
    ) -> dict[str, int]:
        """Return where each study is continued or begun; one without the right to append is left out."""
        return await placed(write, storer, study_uids, now)

    async def record_stored(self, write: Transaction, storer: Storer, study_ids: Sequence[int]) -> None:
        """Record the owners of new studies."""
        await record_owners(write, storer, study_ids)

    def serving(self) -> AbstractAsyncContextManager[None]:
        """Need nothing but the index."""
        return nullcontext()
