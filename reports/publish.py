"""Publish a run: copy what an analysis reads into reports/published, small enough for the repository.

    python -m reports.publish latest smoke

All samples go into one compressed file, sorted; run.json and blocks.parquet are copied as they are, and
SHA256SUMS freezes them. An analysis of the copy gives the same numbers as one of the original. No request is
left out: a run whose samples take more than the bound has its clocks and spans rounded to microseconds, which
changes a time by a thousandth of a millisecond at most, and one that is still too large is refused.
`published.json` says which run it was and how fine its clocks are.
"""

import argparse
import hashlib
import io
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from reports.run import PUBLISHED, RunError, find_run, read_run

FILES = ("run.json", "blocks.parquet", "samples/all.parquet", "published.json")
SAMPLES = "samples/all.parquet"
MOST_MB = 15.0  # what a git repository bears
COARSE_NS = 1000
STAMPS = ("due_ns", "sent_ns", "first_byte_ns", "end_ns")
COUNTERS = (*STAMPS, "seq", "request_bytes", "response_bytes")


def publish(source: Path, target: Path, most_mb: float = MOST_MB) -> None:
    """Copy a complete run into the target folder.

    RunError if it is not complete, the target exists, or the samples are too large even when rounded.
    """
    run = read_run(source)
    if run.status != "complete":
        raise RunError(f"{run.id} is {run.status}; only a complete run is worth publishing")
    if target.exists():
        raise RunError(f"{target} exists already; a published run is frozen, so choose another name")
    samples = ds.dataset(source / "samples", format="parquet").to_table()
    samples = samples.sort_by([("block", "ascending"), ("seq", "ascending")])
    written, resolution_ns = _within(samples, most_mb)
    (target / "samples").mkdir(parents=True)
    for name in ("run.json", "blocks.parquet"):
        shutil.copyfile(source / name, target / name)
    (target / SAMPLES).write_bytes(written)
    facts = {"run": run.id, "requests": len(samples), "clock_resolution_ns": resolution_ns}
    (target / "published.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="ascii")
    digests = (f"{hashlib.sha256((target / name).read_bytes()).hexdigest()}  {name}\n" for name in FILES)
    (target / "SHA256SUMS").write_text("".join(digests), encoding="ascii")


def _within(samples: pa.Table, most_mb: float) -> tuple[bytes, int]:
    """Return the samples as a file of at most that size, and the resolution of its clocks in nanoseconds."""
    for resolution_ns in (1, COARSE_NS):
        written = _compressed(samples if resolution_ns == 1 else _in_microseconds(samples))
        if len(written) <= most_mb * 1e6:
            return written, resolution_ns
    raise RunError(
        f"{len(samples)} requests take {len(written) / 1e6:.1f} MB, more than {most_mb:g}; "
        "publish a shorter run, or raise --most-mb"
    )


def _in_microseconds(samples: pa.Table) -> pa.Table:
    """Return the samples with clocks and spans that are whole microseconds."""
    for name in (*STAMPS, *(each for each in samples.column_names if each.startswith("server_"))):
        if name in STAMPS:  # whole numbers of nanoseconds
            rounded = pc.multiply(pc.divide(samples[name], COARSE_NS), COARSE_NS)
        else:
            rounded = pc.round(samples[name])
        samples = samples.set_column(samples.column_names.index(name), name, rounded)
    return samples


def _compressed(samples: pa.Table) -> bytes:
    """Return samples as a small Parquet file: clocks as differences, names as dictionaries."""
    buffer = io.BytesIO()
    pq.write_table(
        samples,
        buffer,
        compression="zstd",
        compression_level=12,
        use_dictionary=[name for name in samples.column_names if name not in COUNTERS],
        column_encoding=dict.fromkeys(COUNTERS, "DELTA_BINARY_PACKED"),
    )
    return buffer.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish the run of the command line and return the exit code: 0 done, 2 not possible."""
    parser = argparse.ArgumentParser(
        prog="python -m reports.publish", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("run", help="a run folder, its name in reports/runs, or latest")
    parser.add_argument("name", help="the name of the folder below --into")
    parser.add_argument("--into", type=Path, default=PUBLISHED, help="where published runs go")
    parser.add_argument("--most-mb", type=float, default=MOST_MB, help="how large the samples may be")
    chosen = parser.parse_args(arguments)
    try:
        publish(find_run(chosen.run), chosen.into / chosen.name, chosen.most_mb)
    except RunError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
