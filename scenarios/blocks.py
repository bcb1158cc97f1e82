"""One row of blocks.parquet: what the machine did while an arm was measured."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = pa.schema(
    [
        ("run", pa.string()),
        ("round", pa.int32()),
        ("phase", pa.string()),
        ("arm", pa.string()),
        ("block", pa.int32()),
        ("restart", pa.int32()),
        ("started_ns", pa.int64()),
        ("ended_ns", pa.int64()),
        ("requests", pa.int32()),
        ("errors", pa.int32()),
        ("server_cpu_ms", pa.float64()),
        ("generator_cpu_ms", pa.float64()),
        ("rss_bytes", pa.int64()),
        ("steal_fraction", pa.float64()),
        ("load1", pa.float64()),
        ("involuntary_switches", pa.int64()),
        ("lag_p99_ms", pa.float64()),
        ("least_median_ms", pa.float64()),
        ("valid", pa.bool_()),
        ("reason", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Block:
    """One arm measured once; server facts are None where the process is not ours."""

    run: str
    round: int
    phase: str
    arm: str
    block: int
    restart: int
    started_ns: int
    ended_ns: int
    requests: int
    errors: int
    server_cpu_ms: float | None
    generator_cpu_ms: float
    rss_bytes: int | None
    steal_fraction: float
    load1: float
    involuntary_switches: int
    lag_p99_ms: float
    least_median_ms: float
    valid: bool
    reason: str | None

    @property
    def generator_cpu_fraction(self) -> float:
        """The share of one core that the generator used."""
        return self.generator_cpu_ms * 1e6 / max(1, self.ended_ns - self.started_ns)

    def row(self) -> dict[str, Any]:
        """Return the block as one row of SCHEMA."""
        return asdict(self)


def write_blocks(blocks: list[Block], path: Path) -> None:
    """Write all blocks so far; the file is replaced as a whole."""
    partial = path.with_suffix(".partial")
    pq.write_table(pa.Table.from_pylist([block.row() for block in blocks], schema=SCHEMA), partial)
    partial.replace(path)


def read_blocks(path: Path) -> list[Block]:
    """Return all blocks in the file, in their order."""
    return [Block(**row) for row in pq.read_table(path).to_pylist()]
