"""A page of results, as a value and in the slots of a statement."""

from collections.abc import Mapping
from dataclasses import dataclass

from reference_server.storage.predicate import LIMIT, OFFSET, REACH, Slot, Value


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page of results begins, how many rows it has at most, and how many after it are counted."""

    limit: int
    offset: int
    ahead: int = 0

    @property
    def binding(self) -> Mapping[Slot, Value]:
        """The values of the slots that a statement has for its page."""
        return {LIMIT: self.limit, REACH: self.limit + self.ahead, OFFSET: self.offset}
