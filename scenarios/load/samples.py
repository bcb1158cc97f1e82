"""Raw samples: one row per request, kept in memory while the load runs and written as Parquet afterwards.

The measured path stores references into a preallocated list; parsing (Server-Timing, a STOW's response
dataset) happens when the block has ended.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from scenarios.load.exchange import Exchange
from scenarios.load.operations import Request

SPANS = ("total", "authn", "authz", "index", "blob", "app")
OK = 200  # each operation has exactly one good status
FAILED_SOP_SEQUENCE = "00081198"
SCHEMA = pa.schema(
    [
        ("run", pa.string()),
        ("round", pa.int32()),
        ("arm", pa.string()),
        ("operation", pa.string()),
        ("block", pa.int32()),
        ("seq", pa.int32()),
        ("due_ns", pa.int64()),
        ("sent_ns", pa.int64()),
        ("first_byte_ns", pa.int64()),
        ("end_ns", pa.int64()),
        ("status", pa.int16()),
        ("request_bytes", pa.int64()),
        ("response_bytes", pa.int64()),
        *((f"server_{span}_us", pa.float64()) for span in SPANS),
        ("sql_n", pa.int32()),
        ("error", pa.string()),
    ]
)
_METRIC = re.compile(r'([!#$%&\'*+.^_`|~0-9A-Za-z-]+)[^,]*?;\s*dur="?([0-9.]+)')


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the run a block stands."""

    run: str
    round: int
    arm: str
    block: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One finished request of a block; `seq` counts within the block."""

    seq: int
    request: Request
    request_bytes: int
    due_ns: int
    exchange: Exchange

    @property
    def lag_ns(self) -> int | None:
        """How much later than due the request was sent."""
        sent = self.exchange.sent_ns
        return None if sent is None else sent - self.due_ns

    @property
    def error(self) -> str | None:
        """Why the request counts as failed: transport, status, or an instance that the archive refused."""
        if self.exchange.error:
            return self.exchange.error
        answer = self.exchange.answer
        if answer is None:
            return "no answer"
        if any(each.answer is None or each.answer.get_code() != OK for each in self.exchange.covered):
            return "a request within the span failed"
        if answer.get_code() != OK:
            return f"status {answer.get_code()}"
        return refused(answer.body) if self.request.method == "POST" else None

    def row(self, place: Place) -> dict[str, object]:
        """Return the sample as one row of SCHEMA."""
        exchange, answer = self.exchange, self.exchange.answer
        covered = exchange.covered or (exchange,)
        body_bytes = sum(each.answer.body_bytes for each in covered if each.answer)
        timed = answer if not exchange.covered else None  # what a server tells is about one request
        timing = parse_server_timing((timed.header("server-timing") if timed else None) or "")
        sql = timing.get("sql")
        return {
            "run": place.run,
            "round": place.round,
            "arm": place.arm,
            "operation": str(self.request.operation),
            "block": place.block,
            "seq": self.seq,
            "due_ns": self.due_ns,
            "sent_ns": exchange.sent_ns,
            "first_byte_ns": exchange.first_byte_ns,
            "end_ns": exchange.end_ns,
            "status": answer.get_code() if answer and answer.headers_complete else None,
            "request_bytes": self.request_bytes,
            "response_bytes": body_bytes if answer else None,
            **{f"server_{span}_us": timing[span] * 1000 if span in timing else None for span in SPANS},
            "sql_n": None if sql is None else int(sql),
            "error": self.error,
        }


class Recorder:
    """Holds the samples of one block in a preallocated list."""

    def __init__(self, capacity: int) -> None:
        self._samples: list[Sample | None] = [None] * capacity
        self._size = 0

    def add(self, request: Request, request_bytes: int, due_ns: int, exchange: Exchange) -> None:
        """Keep one finished request."""
        if self._size == len(self._samples):
            self._samples.extend([None] * len(self._samples))
        self._samples[self._size] = Sample(self._size, request, request_bytes, due_ns, exchange)
        self._size += 1

    @property
    def samples(self) -> list[Sample]:
        """What was kept, in order."""
        return [sample for sample in self._samples[: self._size] if sample is not None]


def refused(body: bytes) -> str | None:
    """Tell why a STOW's response dataset (PS3.18 10.5.3.1) means failure; None where all was stored."""
    try:
        dataset = json.loads(body)
    except ValueError:
        return "the STOW response is not JSON"
    if not isinstance(dataset, dict):
        return "the STOW response is not a dataset"
    failed = dataset.get(FAILED_SOP_SEQUENCE, {}).get("Value", [])
    return f"{len(failed)} instances refused" if failed else None


def parse_server_timing(value: str) -> dict[str, float]:
    """Return the `dur` of each metric of a Server-Timing header (W3C); metrics without one are left out."""
    return {name: float(duration) for name, duration in _METRIC.findall(value)}


def table_of(samples: list[Sample], place: Place) -> pa.Table:
    """Return the samples of a block as a table of SCHEMA."""
    return pa.Table.from_pylist([sample.row(place) for sample in samples], schema=SCHEMA)


def write_samples(samples: list[Sample], place: Place, path: Path) -> None:
    """Write the samples of a block; the file appears whole or not at all."""
    table = table_of(samples, place)
    partial = path.with_suffix(".partial")
    pq.write_table(table, partial, compression="zstd")
    partial.replace(path)


def medians_ms(samples: list[Sample]) -> dict[str, float]:
    """Return the median service time per operation in milliseconds, over requests that succeeded."""
    times: dict[str, list[int]] = {}
    for sample in samples:
        exchange = sample.exchange
        if exchange.end_ns is not None and exchange.sent_ns is not None and sample.error is None:
            times.setdefault(sample.request.operation, []).append(exchange.end_ns - exchange.sent_ns)
    return {operation: sorted(each)[len(each) // 2] / 1e6 for operation, each in times.items()}
