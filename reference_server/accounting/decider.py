"""Who decides, where a design decides about candidates rather than inside the statement of a read.

A decider is asked about resources that the index has found and says which operations a party has on all of
each, and on some part of it: a study of which one series is shared is there, though not whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reference_server.accounting.policy import Operation
from reference_server.accounting.resources import Resource
from reference_server.storage.database import Row
from reference_server.storage.predicate import Value

#: Principals who act as one: a user, with the roles of a signed token; `anonymous`; a link; a link's issuer.
Party = tuple[int, ...]


class Reader(Protocol):
    """What reads the index, in one round trip per statement."""

    async def read(self, sql: str, values: Sequence[Value]) -> list[Row]:
        """Return the rows of one statement."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a party may do with each of some resources, at a time."""

    party: Party
    operations: Operation
    resources: Sequence[Resource]
    now: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The operations that a party has on all of a resource, and those that it has on it or a part of it."""

    whole: Operation
    partly: Operation

    def __and__(self, other: "Verdict") -> "Verdict":
        """Return what both have: exact on all of a resource, an upper bound on its parts."""
        return Verdict(self.whole & other.whole, self.partly & other.partly)


class Decider(Protocol):
    """Decides upon live grants, wherever and however."""

    async def decide(self, reader: Reader, question: Question) -> list[Verdict]:
        """Return the verdict on each resource; raises Unavailable where nothing can be decided."""
