"""What a read needs of an access policy's answer; `accounting.policy.Access` is one."""

from collections.abc import Hashable, Mapping
from typing import Any, Protocol

from reference_server.storage.database import Database
from reference_server.storage.page import Page
from reference_server.storage.predicate import Predicate, Slot, Value
from reference_server.storage.records import Level, Located, Results
from reference_server.storage.sight import Sight
from reference_server.storage.sights import Survey


class Access(Protocol):
    """Whom a read is for, and which rows that caller may see."""

    @property
    def caller(self) -> Predicate | None:
        """The table expressions that identify the caller, or None."""

    @property
    def anonymous(self) -> bool:
        """Whether nobody has said who is asking."""

    @property
    def study(self) -> Predicate:
        """Holds for the studies that the caller may see."""

    @property
    def twin(self) -> Predicate:
        """Holds for the studies, going by the name `twin`, that the caller may see."""

    @property
    def series(self) -> Predicate:
        """Holds for the series that the caller may see."""

    @property
    def instance(self) -> Predicate:
        """Holds for the instances that the caller may see."""

    @property
    def whole_study(self) -> Predicate:
        """Holds for studies all of whose instances the caller may see."""

    @property
    def whole_series(self) -> Predicate:
        """Holds for series all of whose instances the caller may see."""

    @property
    def retrievable(self) -> Predicate:
        """Holds for the instances that the caller may retrieve."""

    @property
    def studies(self) -> Predicate | None:
        """A statement of the keys of all studies that the caller may see, where there is a quick one."""

    @property
    def stage(self) -> "Stage | None":
        """What decides upon candidates before the predicates can, or None where they decide themselves."""

    @property
    def survey(self) -> Survey | None:
        """How to find out what the caller sees, where that may be remembered."""

    @property
    def name(self) -> Hashable:
        """What accesses with the same texts have in common, where statements may be kept, or None."""

    @property
    def sighted(self) -> bool:
        """Whether the predicates look into a sight of the caller."""

    @property
    def binding(self) -> Mapping[Slot, Value]:
        """The values of the slots in the predicates."""

    def through(self, sight: Sight) -> "Access":
        """Return this with a sight of the caller before each predicate."""


class Stage(Protocol):
    """Reads for a caller whose candidates are decided upon first; see `accounting.deciding`."""

    async def search(
        self,
        database: Database,
        level: Level,
        where: Predicate,
        access: Any,  # of the caller whose stage this is
        page: Page,
        *,
        with_metadata: bool,
    ) -> Results:
        """Return one page of what the caller may see."""

    async def locate(
        self, database: Database, where: Predicate, access: Any, *, with_metadata: bool
    ) -> list[tuple[Located, bytes | None]]:
        """Return the instances that the caller may see."""
