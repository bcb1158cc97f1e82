"""The samples of a growth run, one row per request, and their medians by round (`growth.parquet`)."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

NS_PER_MS = 1e6
POINT = ("instances", "studies", "arm", "selectivity", "operation", "round")
_POINT_TYPES = (pa.int64(), pa.int64(), pa.string(), pa.float64(), pa.string(), pa.int32())
SAMPLES = pa.schema(
    [
        *zip(POINT, _POINT_TYPES, strict=True),
        ("seq", pa.int32()),
        *((name, pa.int64()) for name in ("sent_ns", "first_byte_ns", "end_ns")),
        ("status", pa.int16()),
        ("response_bytes", pa.int64()),
        ("server_total_us", pa.float64()),
        ("server_index_us", pa.float64()),
        ("sql_n", pa.int32()),
        ("error", pa.string()),
    ]
)
MEDIANS = pa.schema(
    [*zip(POINT, _POINT_TYPES, strict=True), ("median_ms", pa.float64()), ("requests", pa.int32())]
)


@dataclass(frozen=True, slots=True)
class GrowthSample:
    """One request: in which archive and arm, by whom and when it was asked, and what came of it."""

    instances: int
    studies: int
    arm: str
    selectivity: float | None
    operation: str
    round: int
    seq: int
    sent_ns: int | None
    first_byte_ns: int | None
    end_ns: int | None
    status: int | None
    response_bytes: int | None
    server_total_us: float | None
    server_index_us: float | None
    sql_n: int | None
    error: str | None


def write_growth(samples: Sequence[GrowthSample], folder: Path) -> None:
    """Write `samples/growth.parquet` and `growth.parquet`; requests that failed are in the first alone."""
    rows = [asdict(each) for each in samples]
    _write(rows, SAMPLES, folder / "samples" / "growth.parquet")
    times: dict[tuple[object, ...], list[float]] = {}
    for each in samples:
        if each.error is None and each.sent_ns is not None and each.end_ns is not None:
            point = tuple(getattr(each, name) for name in POINT)
            times.setdefault(point, []).append((each.end_ns - each.sent_ns) / NS_PER_MS)
    medians: Iterable[dict[str, object]] = (
        dict(zip(POINT, point, strict=True)) | {"median_ms": statistics.median(each), "requests": len(each)}
        for point, each in times.items()
    )
    _write(list(medians), MEDIANS, folder / "growth.parquet")


def _write(rows: list[dict[str, object]], schema: pa.Schema, path: Path) -> None:
    partial = path.with_suffix(".partial")
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), partial, compression="zstd")
    partial.replace(path)
