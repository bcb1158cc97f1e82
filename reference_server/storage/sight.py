"""A sight: what one caller was found to see of every study, so that it need not be found again.

It is a note beside the index, never the judge. What it says of a study counts only in a statement that finds,
in the same snapshot, no change since that could concern the caller and that study; of all other studies, of
those of which only a part is visible, and of later ones, the grants are asked as ever. So a revocation acts
at once, whichever process carried it out.

Three studies share one octet, two bits each, in the range of ASCII: SQLite reads it with `unicode`, and a
thousand callers of an archive of 100,000 studies take 37 MB.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import accumulate, islice, takewhile

PER_OCTET = 3
BITS = 2
EMPTY = 0x40
BLOCK = 64  # octets between two entries of the directory of ranks
_OFFSETS = {
    EMPTY | code: tuple(each for each in range(PER_OCTET) if code >> each * BITS & 3)
    for code in range(1 << PER_OCTET * BITS)
}
_SOME = re.compile(rb"[^@]")


class Seen(IntEnum):
    """How much of a study a caller may see."""

    NOTHING = 0
    PART = 1  # a part of it, or all of it through grants on parts
    WHOLE = 2
    RETRIEVABLE = 3  # all of it may be retrieved too


def packed(levels: bytes) -> bytes:
    """Return levels of `Seen`, one octet each, as the octets of a sight."""
    levels += bytes(-len(levels) % PER_OCTET)
    size = len(levels) // PER_OCTET
    columns = (int.from_bytes(levels[each::PER_OCTET], "big") << each * BITS for each in range(PER_OCTET))
    return (sum(columns) | int.from_bytes(bytes([EMPTY]) * size, "big")).to_bytes(size, "big")


def levels_of(top: int, parts: Iterable[int], wholes: Iterable[int], retrievable: Iterable[int]) -> bytearray:
    """Return the level of every study key from 0 to `top`.

    What may be retrieved but not discovered is not seen.
    """
    levels = bytearray(top + 1)
    for key in parts:
        levels[key] = Seen.PART
    for key in wholes:
        levels[key] = Seen.WHOLE
    for key in retrievable:
        if levels[key] == Seen.WHOLE:
            levels[key] = Seen.RETRIEVABLE
    return levels


@dataclass(frozen=True, slots=True)
class Sight:
    """What a caller sees of the studies with keys below `known_below`, from `made_at` until `until`.

    `epoch` is the last change of access that it knows of; `ranks` counts the visible studies before each
    block, `count` those that are known; `in_parts` tells whether a part only is visible of some.
    """

    octets: bytes
    ranks: "array[int]"
    known_below: int
    count: int
    in_parts: bool
    epoch: int
    made_at: float
    until: float

    @classmethod
    def of(cls, levels: bytes | bytearray, epoch: int, made_at: float, until: float) -> "Sight":
        """Return the sight of these levels of `Seen`, one for each key from 0."""
        step = BLOCK * PER_OCTET
        starts = range(0, len(levels), step)
        counts = (len(levels[start : start + step].replace(b"\0", b"")) for start in starts)
        ranks = array("I", accumulate(counts, initial=0))
        return cls(
            octets=packed(bytes(levels)),
            ranks=ranks,
            known_below=len(levels),
            count=ranks[-1],
            in_parts=Seen.PART in levels,
            epoch=epoch,
            made_at=made_at,
            until=until,
        )

    @property
    def size_bytes(self) -> int:
        """What it takes of memory, about."""
        return len(self.octets) + len(self.ranks) * self.ranks.itemsize + 200

    def holds_at(self, now: float) -> bool:
        """Tell whether no grant begins or ends between the making and now."""
        return self.made_at <= now < self.until

    def after(self, epoch: int, known_below: int) -> "Sight":
        """Return what is left of this after changes up to an epoch that concern studies from a key on."""
        if known_below >= self.known_below:
            return self if epoch == self.epoch else replace(self, epoch=epoch)
        block = known_below // (BLOCK * PER_OCTET)
        before = takewhile(lambda key: key < known_below, self._keys_from(block))
        count = self.ranks[block] + sum(1 for _ in before)
        return replace(self, epoch=epoch, known_below=known_below, count=count)

    def keys(self, offset: int) -> Iterator[int]:
        """Yield the keys of visible studies that are known, in order, from an offset on."""
        if offset >= self.count:
            return iter(())
        block = bisect_right(self.ranks, offset) - 1
        skipped = self.ranks[block]
        return islice(self._keys_from(block), offset - skipped, self.count - skipped)

    def _keys_from(self, block: int) -> Iterator[int]:
        for found in _SOME.finditer(self.octets, block * BLOCK):
            start = found.start()
            for each in _OFFSETS[self.octets[start]]:
                yield start * PER_OCTET + each
