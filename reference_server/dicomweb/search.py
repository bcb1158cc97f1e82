"""A search as a value: what is asked of one resource (PS3.18 8.3.4, 10.6.1)."""

from dataclasses import dataclass
from enum import StrEnum

from reference_server.storage.records import Level


class MatchType(StrEnum):
    """How the text of a key is compared with the values of its attribute (PS3.4 C.2.2.2)."""

    VALUE = "value"  # by its VR: single value, wildcard, range, list of UIDs
    EMPTY = "empty"  # no value is there
    EACH = "each"  # each value of the key is among the attribute's
    FUZZY = "fuzzy"  # a person name by the beginnings of its words


@dataclass(frozen=True, slots=True)
class Match:
    """One key: the path of tags down to the attribute, its VR, the text to match with, and how.

    A private key names the creator that reserved its block; only its last two digits say which element of
    the block it is. `offset` is the distance from UTC of a moment that has none of its own.
    """

    path: tuple[int, ...]
    vr: str
    text: str
    type: MatchType = MatchType.VALUE
    creator: str = ""
    offset: str = ""


@dataclass(frozen=True, slots=True)
class PrivateField:
    """A private attribute that is to be returned; without a creator, of the block that its tag names."""

    tag: int
    creator: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked of one resource; `limit` None means as many as the archive allows."""

    level: Level
    study_uid: str | None = None
    series_uid: str | None = None
    matches: tuple[Match, ...] = ()
    include: frozenset[int] = frozenset()
    private: tuple[PrivateField, ...] = ()
    include_all: bool = False
    limit: int | None = None
    offset: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def levels_of_path(self) -> frozenset[Level]:
        """The levels above that the path names; a result need not repeat their attributes."""
        named = {Level.STUDY: self.study_uid, Level.SERIES: self.series_uid}
        return frozenset(level for level, uid in named.items() if uid is not None)
