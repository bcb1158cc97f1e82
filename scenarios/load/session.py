"""The session of a generator: what the campaign wrote down for it, tokens included."""

import json
from dataclasses import dataclass
from pathlib import Path

from scenarios.load.operations import Operation
from scenarios.load.users import Endpoint
from scenarios.turns_plan import TurnsPlan


@dataclass(frozen=True, slots=True)
class Session:
    """What the generator has to know before the first command."""

    run: str
    seed: int
    data: Path
    targets: int
    page_limit: int
    batch_size: int
    reads: dict[Operation, int]  # times per round-robin
    writes: dict[Operation, int]  # times per block
    workload: str  # a named one instead
    journeys: int  # of it per block in closed loop
    endpoints: dict[str, Endpoint]
    connections: int  # to one arm at the same time, at most
    cpu: int | None
    turns: TurnsPlan | None

    @classmethod
    def read(cls, path: Path) -> "Session":
        """Read the session file that the campaign wrote."""
        document = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            **{
                **document,
                "data": Path(document["data"]),
                "reads": {Operation(name): times for name, times in document["reads"].items()},
                "writes": {Operation(name): times for name, times in document["writes"].items()},
                "turns": TurnsPlan(**document["turns"]) if document["turns"] else None,
                "endpoints": {name: Endpoint(**each) for name, each in document["endpoints"].items()},
            }
        )
