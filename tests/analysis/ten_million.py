"""`python -m tests.analysis.ten_million` reports on ten million requests and says what that took.

The run has 14 operations, 4 arms and 40 rounds, two open loops after the closed one, and about 4,460 requests
per block and operation: some ten million. It is made part by part, so that making it takes little memory; the
report is made by `python -m reports` in a process of its own, whose time and peak of memory are printed.
Exit codes: 0 within 60 s and 4 GB; 1 not.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reports.frames import OPERATION_ORDER
from tests.analysis.synthetic_run import RUN_ID, Truth, block_row, document_of, write_phases

ROOT = Path(__file__).resolve().parents[2]
ROUNDS, PHASES = 40, (("closed", 32), ("open-30", 4), ("open-80", 4))
MOST_S, MOST_BYTES = 60.0, 4e9
SPANS = ("total", "authn", "authz", "index", "blob", "app")


def write_large_run(folder: Path, requests: int) -> int:
    """Write a run of about that many requests and return how many it has."""
    truth = Truth(operations_ms=dict.fromkeys(OPERATION_ORDER, 0.5), rounds=ROUNDS)
    count = round(requests / (ROUNDS * len(truth.arms) * len(OPERATION_ORDER)))
    (folder / "samples").mkdir(parents=True)
    random = np.random.default_rng(1)
    rows = []
    for block, (number, arm) in enumerate((number, arm) for number in range(ROUNDS) for arm in truth.arms):
        table = _samples(block, number, arm, count, random)
        pq.write_table(table, folder / "samples" / f"block-{block:05d}.parquet")
        rows.append(block_row(block, number, arm, len(table), number // 8))
    pd.DataFrame(rows).to_parquet(folder / "blocks.parquet")
    (folder / "run.json").write_text(json.dumps(document_of(truth)), encoding="utf-8")
    write_phases(folder, *PHASES)
    return len(rows) * count * len(OPERATION_ORDER)


def _samples(block: int, number: int, arm: str, count: int, random: np.random.Generator) -> pa.Table:
    """Return the requests of one block as the campaign writes them: operations in turn."""
    total = count * len(OPERATION_ORDER)
    service_us = 400.0 * np.exp(random.normal(0, 0.04) + random.normal(0, 0.15, total))
    due = np.arange(total, dtype=np.int64) * 600_000
    sent = due + random.integers(500, 3_000, total)
    end = sent + (service_us * 1_000).astype(np.int64)
    return pa.table(
        {
            "run": pa.array([RUN_ID] * total),
            "round": np.full(total, number, np.int32),
            "arm": pa.array([arm] * total),
            "operation": pa.array(list(OPERATION_ORDER) * count),
            "block": np.full(total, block, np.int32),
            "seq": np.arange(total, dtype=np.int32),
            "due_ns": due,
            "sent_ns": sent,
            "first_byte_ns": end - 9_000,
            "end_ns": end,
            "status": np.full(total, 200, np.int16),
            "request_bytes": np.full(total, 200, np.int64),
            "response_bytes": random.integers(1_000, 9_000, total),
            **{f"server_{span}_us": service_us * part for span, part in zip(SPANS, _parts(), strict=True)},
            "sql_n": np.ones(total, np.int32),
            "error": pa.nulls(total, pa.string()),
        }
    )


def _parts() -> tuple[float, ...]:
    return (0.9, 0.05, 0.05, 0.4, 0.1, 0.3)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the run, report on it, and print what the report took."""
    parser = argparse.ArgumentParser(prog="python -m tests.analysis.ten_million")
    parser.add_argument("--requests", type=int, default=10_000_000)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        requests = write_large_run(run, chosen.requests)
        started = time.monotonic()
        subprocess.run([sys.executable, "-m", "reports", str(run)], cwd=ROOT, check=True)
        elapsed_s = time.monotonic() - started
    # The largest of all processes that this one waited for, which was one (getrusage(2), KiB on Linux).
    peak_bytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    sys.stdout.write(
        f"{requests:,} requests: {elapsed_s:.1f} s, {peak_bytes / 1e9:.2f} GB, {os.cpu_count()} CPUs\n"
    )
    return 0 if elapsed_s <= MOST_S and peak_bytes <= MOST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
