"""Allow-all: all of the plumbing with every decision yes; its distance from `off` is what the plumbing costs.

Tokens are verified, the caller's subjects are looked up, owners are recorded; the predicates are constantly
true.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from reference_server.accounting.callers import identified, storer_of
from reference_server.accounting.ownership import record_owners
from reference_server.accounting.policy import Access, Credentials, Storer
from reference_server.errors import Unauthorized
from reference_server.storage.database import Database, Transaction


class AllowAll:
    """Everyone with a valid token may do everything."""

    accounts = True
    preparation = "unmaterialised.sql"

    def access(self, credentials: Credentials, now: float) -> Access:
        """Return an access that identifies the caller and sees all rows."""
        if credentials.anonymous:
            raise Unauthorized("this archive needs a bearer token")
        return Access(caller=identified(credentials, now))

    async def storer(
        self, database: Database, credentials: Credentials, now: float, repository: str | None = None
    ) -> Storer:
        """Return the caller and its own repository, or the one that is named."""
        return await storer_of(database, credentials, now, repository, decide=False)

    async def place(
        self,
        write: Transaction,  # noqa: ARG002  the protocol's signature
        storer: Storer,
        study_uids: Collection[str],
        now: float,  # noqa: ARG002  the protocol's signature
    ) -> dict[str, int]:
        """Return the caller's own repository for every study."""
        return dict.fromkeys(study_uids, storer.repository_id)

    async def record_stored(self, write: Transaction, storer: Storer, study_ids: Sequence[int]) -> None:
        """Record the owners, as `grants` does."""
        await record_owners(write, storer, study_ids)

    def serving(self) -> AbstractAsyncContextManager[None]:
        """Need nothing."""
        return nullcontext()
