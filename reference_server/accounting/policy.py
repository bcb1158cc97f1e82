"""An access policy tells which rows a caller sees; each design of accounting is one implementation.

A policy never reads rows itself. For a read it gives an `Access`: SQL that identifies the caller and
predicates over the tables study, series and instance, which the index composes into its one statement. For a
write it is handed the open transaction. What is visible is a projection: a study or a series exists for a
caller iff it holds an instance that the caller may discover, and every count is a count of visible instances.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from enum import IntFlag
from typing import Protocol

from reference_server.accounting.seeing import all_seen, binding_of, study_seen, with_changes
from reference_server.storage.access import Stage
from reference_server.storage.database import Database, Transaction
from reference_server.storage.predicate import FALSE, TRUE, Predicate, Slot, Value
from reference_server.storage.sight import Seen, Sight
from reference_server.storage.sights import Survey


class Operation(IntFlag):
    """What may be done with a resource; retrieving implies discovering. Nothing is for what tells nothing."""

    NOTHING = 0
    DISCOVER = 1
    RETRIEVE = 2
    APPEND = 4
    DELETE = 8
    SHARE = 16
    OWN = 32


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings to say who is asking: nothing, the SHA-256 of an opaque token, or an identity.

    An identity is a user's name, and perhaps roles, from a token that an identity provider signed.
    """

    token_hash: bytes | Slot | None = None
    link: bool = False  # the token is that of a link
    user: str | Slot | None = None
    roles: tuple[str, ...] = ()

    @property
    def anonymous(self) -> bool:
        """Tell whether the request says nothing about who is asking."""
        return self.token_hash is None and self.user is None


# Without slots: each read takes a copy of one that is kept, and the fields of a dict are copied at once.
@dataclass(frozen=True)
class Access:
    """What one read may see.

    `caller` defines the common table expressions `caller (id, repository_id)` and whatever the predicates
    use; it is None where nobody needs to be identified. `whole_study` and `whole_series` hold where every
    instance below a row is visible, so that stored counts are true for this caller.
    """

    caller: Predicate | None = None
    anonymous: bool = False  # who may see nothing is asked who they are
    study: Predicate = TRUE
    series: Predicate = TRUE
    instance: Predicate = TRUE
    whole_study: Predicate = TRUE
    whole_series: Predicate = TRUE
    retrievable: Predicate = TRUE
    twin: Predicate = TRUE  # as `study`, of a study that goes by the name `twin`
    studies: Predicate | None = None  # a statement of the keys of all visible studies, where one is quick
    repository: str | None = None  # the one in which all of this lies
    stage: Stage | None = None  # decides upon candidates first, where the predicates do not decide themselves
    undecided: Predicate = FALSE  # while they are being found
    survey: Survey | None = None  # how to find out what the caller sees, where it may be remembered
    sighted: bool = False  # the predicates look into what is remembered
    name: Hashable = None  # what accesses with the same texts have in common; without it none is kept
    binding: Mapping[Slot, Value] = field(default_factory=dict)  # of the slots in the predicates

    def bound(self, binding: Mapping[Slot, Value], survey: Survey | None) -> "Access":
        """Return this for one caller: with values for its slots, and how to find out what the caller sees.

        `replace` would set each field by itself, which takes as long as the statement of a short read.
        """
        mine = object.__new__(Access)
        mine.__dict__.update(self.__dict__, binding=binding, survey=survey)
        return mine

    def through(self, sight: Sight) -> "Access":
        """Return this with a sight of the caller before each predicate."""
        found = _sighted.get(self.name)
        if found is None:
            found = self._through_any()
            if self.name is not None:
                _sighted[self.name] = found
        return found.bound({**self.binding, **binding_of(sight)}, self.survey)

    def _through_any(self) -> "Access":
        assert self.caller is not None
        return replace(
            self,
            caller=with_changes(self.caller),
            study=study_seen("study.id", self.study),
            series=all_seen("series.study_id", self.series, Seen.WHOLE),
            instance=all_seen("instance.study_id", self.instance, Seen.WHOLE),
            whole_study=all_seen("study.id", self.whole_study, Seen.WHOLE),
            whole_series=all_seen("series.study_id", self.whole_series, Seen.WHOLE),
            retrievable=all_seen("instance.study_id", self.retrievable, Seen.RETRIEVABLE),
            sighted=True,
            name=None if self.name is None else (self.name, "sighted"),
        )

    def within(self, repository: str) -> "Access":
        """Return the part of this that lies in one repository; one that does not exist holds nothing."""
        here = replace(self, repository=repository).here
        return replace(
            self,
            study=here("study") & self.study,
            twin=here("twin") & self.twin,
            series=here("series") & self.series,
            instance=here("instance") & self.instance,
            studies=None,
            repository=repository,
            survey=None,
            name=None,
        )

    def here(self, table: str) -> Predicate:
        """Return the predicate that a row of a table lies in the repository, if there is but one."""
        if self.repository is None:
            return TRUE
        key = "(SELECT repository.id FROM repository WHERE repository.name = ?)"
        return Predicate(f"{table}.repository_id = {key}", (self.repository,))


_sighted: dict[Hashable, Access] = {}  # one for each name, and there are few


@dataclass(frozen=True, slots=True)
class Storer:
    """Who stores, and into which repository; with accounting off nobody, into the default repository.

    `subjects` are the principals through which it holds grants; `confined` says that it asked for this
    repository, so that no study is continued in another one.
    """

    principal_id: int | None
    repository_id: int
    subjects: tuple[int, ...] = ()
    confined: bool = False


class AccessPolicy(Protocol):
    """One design of accounting."""

    #: Whether the management API exists, and answers depend on who asks.
    accounts: bool
    #: The file of SQL that prepares the index for this design, run when the archive starts.
    preparation: str

    def access(self, credentials: Credentials, now: float) -> Access:
        """Return what these credentials may see at that time; raises Unauthorized where they are missing."""

    async def storer(
        self, database: Database, credentials: Credentials, now: float, repository: str | None = None
    ) -> Storer:
        """Return who stores, into its own repository or the one that is named.

        Raises Unauthorized, and Forbidden where the caller may not store there or nothing is there.
        """

    async def place(
        self, write: Transaction, storer: Storer, study_uids: Collection[str], now: float
    ) -> dict[str, int]:
        """Return the repository into which each study goes; one that is left out may not be appended to."""

    async def record_stored(self, write: Transaction, storer: Storer, study_ids: Sequence[int]) -> None:
        """Record the ownership of studies that were created in this transaction."""

    def serving(self) -> AbstractAsyncContextManager[None]:
        """Return what has to be there while the archive serves."""
