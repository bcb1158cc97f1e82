"""Samples of a load that several processes generate: each writes parts, and the parts together are the load.

    python -m scenarios.load.parts FOLDER

prints what the parts hold, operation by operation. The column `block` is the number of the worker. Clocks are
those of the machine that generated: of workers on several machines, durations can be compared, times cannot.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scenarios.load.exchange import Exchange
from scenarios.load.operations import Request
from scenarios.load.samples import Place, Recorder, write_samples

CAPACITY = 1 << 12
PART_SAMPLES = 20_000  # then a part is written, which holds the process up for some tenths of a second
NS_PER_MS = 1e6
QUANTILES = (0.5, 0.95, 0.99)


class PartsExistError(Exception):
    """The folder holds parts of another load; the message says what to do."""


class SampleParts:
    """The samples of this process, written part by part."""

    def __init__(self, folder: Path, worker: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.glob("*.parquet")):
            raise PartsExistError(f"{folder} holds samples of another load; choose a new folder")
        self._folder, self._worker = folder, worker
        self._recorder = Recorder(CAPACITY)
        self._waiting = self._parts = 0

    def add(self, request: Request, request_bytes: int, due_ns: int, exchange: Exchange) -> None:
        """Keep one finished request, and write a part when it is full."""
        self._recorder.add(request, request_bytes, due_ns, exchange)
        self._waiting += 1
        if self._waiting == PART_SAMPLES:
            self.write()

    def write(self) -> None:
        """Write what is not written yet."""
        samples, self._recorder, self._waiting = self._recorder.samples, Recorder(CAPACITY), 0
        if samples:
            name = f"worker-{self._worker:03d}-{os.getpid()}-{self._parts:05d}.parquet"
            place = Place(self._folder.name, self._parts, "target", self._worker)
            write_samples(samples, place, self._folder / name)
            self._parts += 1


def merged(folder: Path) -> pa.Table:
    """Return the samples of all parts, in the order in which they were sent."""
    parts = [pq.read_table(path) for path in sorted(folder.glob("worker-*.parquet"))]
    if not parts:
        raise FileNotFoundError(f"{folder} holds no samples")
    return pa.concat_tables(parts).sort_by("sent_ns")


def summary(samples: pa.Table) -> list[str]:
    """Return a line for each operation: requests, failures, workers, and quantiles of the service time."""
    lines = [
        f"{'operation':28}{'requests':>9}{'failed':>8}{'workers':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}"
    ]
    for operation in sorted(set(samples["operation"].to_pylist())):
        rows = samples.filter(pc.equal(samples["operation"], operation))
        good = rows.filter(pc.is_null(rows["error"]))
        took = pc.divide(pc.subtract(good["end_ns"], good["sent_ns"]).cast(pa.float64()), NS_PER_MS)
        times = pc.quantile(took, q=list(QUANTILES)).to_pylist() if len(good) else [float("nan")] * 3
        workers = len(set(rows["block"].to_pylist()))
        shown = "".join(f"{each:9.2f}" for each in times)
        lines.append(f"{operation:28}{len(rows):9}{len(rows) - len(good):9}{workers:9}{shown}")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what the parts in a folder hold and return the exit code: 0, or 2 without any."""
    parser = argparse.ArgumentParser(
        prog="python -m scenarios.load.parts", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("folder", type=Path, help="what PHANTOM_LOAD_SAMPLES was")
    chosen = parser.parse_args(arguments)
    try:
        samples = merged(chosen.folder)
    except FileNotFoundError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write("\n".join(summary(samples)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
