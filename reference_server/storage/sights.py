"""What callers were found to see, remembered by one process within bounds of memory and of time.

A caller is surveyed after it has read something twice, and again when what is known of it wears out; never so
often that surveys take more than a small share of the time. What is not remembered is asked of the index.
"""

import math
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import orjson

from reference_server.storage.predicate import Predicate, Slot, Value
from reference_server.storage.sight import Sight, levels_of

LIMIT_BYTES = 48 << 20
ENTRY_BYTES = 500
READS_BEFORE_SURVEY = 2
PATIENCE = 20  # a survey that took a second is not repeated for so many


@dataclass(frozen=True, slots=True)
class Survey:
    """A caller by token hash or name, the time, and the statement that tells what the caller sees then.

    Its one row has the caller, null for credentials that are not valid, the newest change of access, the
    newest study, when a grant begins or ends next, and as JSON the keys of studies: those of which a part is
    visible, those that are visible as a whole, and those that may be retrieved as a whole.
    """

    caller: Hashable
    at: float
    statement: Predicate
    binding: Mapping[Slot, Value]

    def sight(self, row: tuple[Value, ...]) -> Sight:
        """Return what the row of the statement tells."""
        _, epoch, top, until, *keys = row
        levels = levels_of(top, *(orjson.loads(each) for each in keys))
        return Sight.of(levels, epoch, self.at, math.inf if until is None else until)


@dataclass(slots=True)
class _Entry:
    sight: Sight | None = None
    reads: int = 0
    worn: bool = True
    under_way: bool = False
    next_at: float = -math.inf

    @property
    def size_bytes(self) -> int:
        return ENTRY_BYTES + (0 if self.sight is None else self.sight.size_bytes)


class Sights:
    """The sights of callers, of which the least recently used are forgotten beyond a number of octets."""

    def __init__(
        self,
        limit_bytes: int = LIMIT_BYTES,
        reads_before_survey: int = READS_BEFORE_SURVEY,
        patience: float = PATIENCE,
    ) -> None:
        self._limit = limit_bytes
        self._reads_before_survey = reads_before_survey
        self._patience = patience
        self._size = 0
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        """What is remembered takes so much, about."""
        return self._size

    def of(self, survey: Survey) -> Sight | None:
        """Return what the caller was found to see, if that is known and was not changed by time alone."""
        entry = self._entries.get(survey.caller)
        if entry is None or entry.sight is None:
            return None
        entry.worn = entry.worn or survey.at >= entry.sight.until
        return entry.sight if entry.sight.holds_at(survey.at) else None

    def read(self, survey: Survey, clock: float) -> bool:
        """Note that a valid caller has read something; tell whether it should be surveyed now."""
        entry = self._entries.get(survey.caller)
        if entry is None:
            entry = self._keep(survey, _Entry())
        self._entries.move_to_end(survey.caller)
        entry.reads += 1
        due = entry.worn and not entry.under_way and clock >= entry.next_at
        if not due or entry.reads < self._reads_before_survey:
            return False
        entry.under_way = True
        return True

    def changed(self, survey: Survey, used: Sight, epoch: int, known_below: int, top: int) -> Sight:
        """Note what a statement that used a sight found of changes; return what is left of the sight."""
        left = used.after(epoch, known_below)
        entry = self._entries.get(survey.caller)
        if entry is not None:
            if entry.sight is used:
                entry.sight = left
            entry.worn = entry.worn or left.known_below <= top
        return left

    def surveyed(self, survey: Survey, row: tuple[Value, ...] | None, clock: float, seconds: float) -> None:
        """Keep what a survey that took so many seconds has found."""
        entry = self._entries.pop(survey.caller, None)
        if entry is None:
            return
        self._size -= entry.size_bytes
        if row is not None and row[0] is not None:
            self._keep(
                survey,
                _Entry(survey.sight(row), entry.reads, worn=False, next_at=clock + self._patience * seconds),
            )

    def _keep(self, survey: Survey, entry: _Entry) -> _Entry:
        self._entries[survey.caller] = entry
        self._size += entry.size_bytes
        while self._size > self._limit:
            _, forgotten = self._entries.popitem(last=False)
            self._size -= forgotten.size_bytes
        return entry
