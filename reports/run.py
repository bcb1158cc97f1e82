"""A run folder as values: run.json, the blocks, and one row per request.

Only columns that the report needs are read, names become categories, and nanosecond clocks become durations
in milliseconds before pandas sees them, so that ten million requests fit in a few gigabytes. What a folder
lacks is said in `missing`; what makes it unreadable is an error with advice.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

SCHEMA = "dicomweb-phantom/run/1"
ROOT = Path(__file__).resolve().parent.parent
RUNS = ROOT / "reports" / "runs"
PUBLISHED = ROOT / "reports" / "published"
SPANS = ("authn", "authz", "index", "blob", "app", "total")  # every archive with Server-Timing has these
FURTHER_SPANS = ("parse", "encode", "socket")  # some archives, and later versions of ours, tell more
SPAN_COLUMNS = {f"server_{span}_us": f"server_{span}_ms" for span in (*SPANS, *FURTHER_SPANS)}
STAMPS = ("due_ns", "sent_ns", "first_byte_ns", "end_ns")
NAMES = ("arm", "operation")
COLUMNS = (
    "round", *NAMES, "block", *STAMPS, *(f"server_{span}_us" for span in SPANS), "response_bytes", "sql_n",
    "error",
)  # fmt: skip
BLOCK_COLUMNS = (
    "round", "arm", "block", "restart", "started_ns", "ended_ns", "requests", "server_cpu_ms",
    "generator_cpu_ms", "rss_bytes", "steal_fraction", "load1", "involuntary_switches", "lag_p99_ms", "valid",
)  # fmt: skip
# name in a frame -> (later clock, earlier clock)
DURATIONS = {
    "service_ms": ("end_ns", "sent_ns"),
    "latency_ms": ("end_ns", "due_ns"),
    "first_byte_ms": ("first_byte_ns", "sent_ns"),
}
CLOCKS = {"service_ms": "service time", "latency_ms": "latency", "first_byte_ms": "first byte"}
NS_PER_MS = 1e6
US_PER_MS = 1e3


class RunError(Exception):
    """The folder is no run that can be read; the message says why and what would do."""


class NothingMeasuredError(RunError):
    """The folder is a run, but it ended before anything was measured."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A way of asking: a closed loop, or an open loop at a rate."""

    name: str
    is_open: bool
    rate_per_s: float | None = None
    share_of_capacity: float | None = None
    rounds: int | None = None  # planned


CLOSED = Phase("closed", is_open=False)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: `samples` has a row per request of a valid block, `blocks` a row per block."""

    path: Path
    document: dict[str, Any]
    samples: pd.DataFrame
    blocks: pd.DataFrame
    missing: tuple[str, ...]
    phase: Phase = CLOSED  # of a run with several: the one whose samples and blocks these are

    @property
    def id(self) -> str:
        """The name of the run."""
        return str(self.document.get("id", self.path.name))

    @property
    def successes(self) -> pd.DataFrame:
        """The requests that succeeded: those that have a time."""
        failed = self.samples["error"].notna()
        return self.samples[~failed] if failed.any() else self.samples

    @property
    def status(self) -> str:
        """How the campaign ended: complete, incomplete, invalid, unreachable or failed."""
        return str(self.document.get("status", "incomplete"))

    @property
    def clock(self) -> str:
        """The time that is compared: service time in a closed loop, latency where requests have due times."""
        return "latency_ms" if self.phase.is_open else "service_ms"

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the campaign calls the run invalid, one sentence each."""
        return tuple(map(str, self.document.get("validity", {}).get("faults", [])))

    @property
    def delays_us(self) -> dict[str, int]:
        """The delay that the campaign injected per arm, where it injected one."""
        arms = self.document.get("arms", {})
        delays = {str(name): int(arm.get("delay_us") or 0) for name, arm in arms.items()}
        return {name: delay for name, delay in delays.items() if delay}


def find_run(name: str, runs: Path = RUNS) -> Path:
    """Return the folder of that path, or of that name among runs and published runs.

    A path may be relative to the root of the repository too. `latest` is the run that began last.
    """
    if name == "latest":
        found = sorted(path.parent for path in runs.glob("*/run.json"))
        if not found:
            raise RunError("there is no run yet: nox -s reproduce makes one")
        return max(found, key=lambda path: str(_document(path).get("started", "")))
    for path in (Path(name), runs / name, PUBLISHED / name, ROOT / name):
        if path.is_dir():
            return path
    raise RunError(f"{name} is no run folder; give a path, the name of a folder in reports/runs, or latest")


def read_run(path: Path) -> Run:
    """Read a run folder; RunError says what keeps it from being read."""
    document = _document(path)
    if document.get("schema") != SCHEMA:
        raise RunError(f"{path}/run.json has the schema {document.get('schema')!r}; this reads {SCHEMA}")
    missing: list[str] = []
    blocks = _blocks(path, missing)
    samples = read_samples(path)
    if not blocks.empty:
        good = blocks.loc[blocks["valid"].astype(bool), "block"]
        kept = samples["block"].isin(good)
        unlisted = int((~samples["block"].isin(blocks["block"])).sum())
        if unlisted:
            missing.append(f"{unlisted} requests belong to no block of blocks.parquet and are left out.")
        samples = samples if kept.all() else samples[kept]  # a copy of all rows is a gigabyte in a large run
    if samples.empty:
        why = "; ".join(document.get("validity", {}).get("faults", [])) or "it says no reason"
        raise NothingMeasuredError(f"{path} is {document.get('status')} and has no valid block: {why}")
    rate = document.get("campaign", {}).get("rate_per_s")
    phase = Phase("open", is_open=True, rate_per_s=float(rate)) if rate else CLOSED
    return Run(path, document, samples, blocks, tuple(missing), phase)


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads((path / "run.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{path} is no run folder: run.json cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise RunError(f"{path}/run.json is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise RunError(f"{path}/run.json is not an object")
    return document


def _blocks(path: Path, missing: list[str]) -> pd.DataFrame:
    """Return blocks.parquet, empty if it is not there."""
    file = path / "blocks.parquet"
    if not file.is_file():
        missing.append("blocks.parquet is not there, so no block could be left out as invalid.")
        return pd.DataFrame()
    try:
        blocks = pd.read_parquet(file)
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"{file} cannot be read: {error}") from None
    if lacking := [name for name in BLOCK_COLUMNS if name not in blocks.columns]:
        raise RunError(f"{file} lacks the columns {', '.join(lacking)}")
    return blocks


def read_samples(path: Path) -> pd.DataFrame:
    """Return all requests of the run, durations in milliseconds; columns that are all null stay null."""
    files = sorted((path / "samples").glob("*.parquet"))
    if not files:
        raise NothingMeasuredError(f"{path} has no samples: the run ended before its first block")
    parquet = ds.ParquetFileFormat(dictionary_columns=[*NAMES, "error"])
    try:
        source = ds.dataset([str(file) for file in files], format=parquet)
        if lacking := [name for name in COLUMNS if name not in source.schema.names]:
            raise RunError(f"{path}/samples lacks the columns {', '.join(lacking)}")
        further = [name for name in SPAN_COLUMNS if name in source.schema.names and name not in COLUMNS]
        batches = source.to_batches(columns=[*COLUMNS, *further])
        # One batch at a time, so that the clocks of ten million requests are never in memory together.
        parts = [_in_milliseconds(pa.Table.from_batches([batch])) for batch in batches if batch.num_rows]
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"{path}/samples cannot be read: {error}") from None
    if not parts:
        raise NothingMeasuredError(f"{path} has no samples: no request was recorded")
    table = pa.concat_tables(parts, promote_options="permissive").unify_dictionaries()
    del parts
    frame: pd.DataFrame = table.to_pandas(self_destruct=True, split_blocks=True)
    return frame


def _in_milliseconds(table: pa.Table) -> pa.Table:
    """Return the table with durations instead of clocks, and spans in milliseconds."""
    for name, (later, earlier) in DURATIONS.items():
        nanoseconds = pc.cast(pc.subtract(table[later], table[earlier]), pa.float64())
        # Seven digits: half the memory, and a tenth of a nanosecond of a millisecond.
        table = table.append_column(name, pc.cast(pc.divide(nanoseconds, NS_PER_MS), pa.float32()))
    spans = {source: name for source, name in SPAN_COLUMNS.items() if source in table.column_names}
    for source, name in spans.items():
        span = pc.divide(pc.cast(table[source], pa.float32()), pa.scalar(US_PER_MS, pa.float32()))
        table = table.append_column(name, span)
    return table.drop_columns([*STAMPS, *spans])
