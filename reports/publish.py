"""Publish a run: copy what an analysis reads into reports/published, small enough for the repository.

    python -m reports.publish latest smoke

All samples go into one compressed file, sorted; run.json and blocks.parquet are copied as they are, and
SHA256SUMS freezes the three. An analysis of the copy gives the same numbers as one of the original.
"""

import argparse
import hashlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from reports.run import PUBLISHED, RunError, find_run, read_run

FILES = ("run.json", "blocks.parquet", "samples/all.parquet")
CLOCKS = ("due_ns", "sent_ns", "first_byte_ns", "end_ns", "seq", "request_bytes", "response_bytes")


def publish(source: Path, target: Path) -> None:
    """Copy a complete run into the target folder; RunError if it is not complete or the target exists."""
    run = read_run(source)
    if run.status != "complete":
        raise RunError(f"{run.id} is {run.status}; only a complete run is worth publishing")
    if target.exists():
        raise RunError(f"{target} exists already; a published run is frozen, so choose another name")
    (target / "samples").mkdir(parents=True)
    for name in ("run.json", "blocks.parquet"):
        shutil.copyfile(source / name, target / name)
    samples = ds.dataset(source / "samples", format="parquet").to_table()
    _write(samples.sort_by([("block", "ascending"), ("seq", "ascending")]), target / FILES[-1])
    digests = (f"{hashlib.sha256((target / name).read_bytes()).hexdigest()}  {name}\n" for name in FILES)
    (target / "SHA256SUMS").write_text("".join(digests), encoding="ascii")


def _write(samples: pa.Table, path: Path) -> None:
    """Write samples small: clocks as differences, names as dictionaries."""
    pq.write_table(
        samples,
        path,
        compression="zstd",
        compression_level=12,
        use_dictionary=[name for name in samples.column_names if name not in CLOCKS],
        column_encoding=dict.fromkeys(CLOCKS, "DELTA_BINARY_PACKED"),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish the run of the command line and return the exit code: 0 done, 2 not possible."""
    parser = argparse.ArgumentParser(
        prog="python -m reports.publish", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("run", help="a run folder, its name in reports/runs, or latest")
    parser.add_argument("name", help="the name of the folder below --into")
    parser.add_argument("--into", type=Path, default=PUBLISHED, help="where published runs go")
    chosen = parser.parse_args(arguments)
    try:
        publish(find_run(chosen.run), chosen.into / chosen.name)
    except RunError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
