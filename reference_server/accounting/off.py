"""Off: the plain archive, and the baseline of every comparison. Nobody is asked and nothing is recorded."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from reference_server.accounting.policy import Access, Credentials, Storer
from reference_server.errors import Forbidden
from reference_server.storage.database import Database, Transaction

EVERYTHING = Access(name="everything")
DEFAULT_NAME = "default"
DEFAULT_REPOSITORY = Storer(principal_id=None, repository_id=1)


class Off:
    """Everyone may do everything."""

    accounts = False
    preparation = "unmaterialised.sql"

    def access(self, credentials: Credentials, now: float) -> Access:  # noqa: ARG002  the protocol's signature
        """Return the constant that sees all rows."""
        return EVERYTHING

    async def storer(
        self,
        database: Database,  # noqa: ARG002  the protocol's signature
        credentials: Credentials,  # noqa: ARG002  the protocol's signature
        now: float,  # noqa: ARG002  the protocol's signature
        repository: str | None = None,
    ) -> Storer:
        """Return the default repository; with accounting off nothing is stored into another."""
        if repository not in (None, DEFAULT_NAME):
            raise Forbidden("you may not store in that repository")
        return DEFAULT_REPOSITORY

    async def place(
        self,
        write: Transaction,  # noqa: ARG002  the protocol's signature
        storer: Storer,
        study_uids: Collection[str],
        now: float,  # noqa: ARG002  the protocol's signature
    ) -> dict[str, int]:
        """Return the default repository for every study."""
        return dict.fromkeys(study_uids, storer.repository_id)

    async def record_stored(self, write: Transaction, storer: Storer, study_ids: Sequence[int]) -> None:
        """Record nothing."""

    def serving(self) -> AbstractAsyncContextManager[None]:
        """Need nothing."""
        return nullcontext()
