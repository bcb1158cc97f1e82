"""The plan of turns: operations one at a time, each by so many clients without pauses.

Where archives differ by factors rather than percents, a mix would let the slowest operation of one archive
set the pace of all others. In turns each operation has the archive to itself, and what is compared is how
many requests per second are answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scenarios.load.further import TURNS


@dataclass(frozen=True, slots=True)
class TurnsPlan:
    """Which operations, by how many clients, for how long.

    Stores are bounded by number, so that all archives grow alike.
    """

    operations: Sequence[str]
    clients: Sequence[int] = (1,)
    read_s: float = 0.2  # of one read operation
    stows: int = 16  # requests of one store operation, and as many more as there are clients
    batches: int = 4  # the same of stow-batch

    def times(self, operation: str, clients: int) -> int:
        """Return how many requests of a store operation a turn consists of."""
        return clients + (self.batches if operation == "stow-batch" else self.stows)

    @property
    def fault(self) -> str | None:
        """Return why no turns can be taken like this; None if they can."""
        if not self.operations:
            return "operations is empty"
        if odd := [name for name in self.operations if name not in TURNS]:
            return f"operations has no {odd[0]!r}; there are {', '.join(TURNS)}"
        if not self.clients or min(self.clients) < 1:
            return "clients is a list of whole numbers above 0"
        if self.read_s <= 0 or self.stows < 0 or self.batches < 0:
            return "read_s has to be above 0, and stows and batches cannot be negative"
        return None
