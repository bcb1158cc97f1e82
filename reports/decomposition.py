"""Where the time goes: what `Server-Timing` says beside what the client saw.

Spans are compared like service times, within rounds and by Hodges-Lehmann. The server's `total` ends when the
response's header goes out; what lies between it and the client's service time (network, streaming of the
body, the client itself) is `outside`. If accounting is all that differs between two arms, the client's
difference and the server's agree; if they disagree by more than the noise floor, something outside the
server differs too, and the report says so. An archive without Server-Timing has no decomposition.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from reports.effects import Pair
from reports.frames import paired
from reports.run import FURTHER_SPANS, SPANS
from reports.stats import SignedRank

PARTS = tuple(span for span in (*FURTHER_SPANS, *SPANS) if span != "total")


@dataclass(frozen=True, slots=True)
class SpanMedian:
    """The median over rounds of the per-round median of one span, in milliseconds."""

    operation: str
    arm: str
    span: str
    median_ms: float


@dataclass(frozen=True, slots=True)
class PartDelta:
    """What one part of the server adds, in milliseconds."""

    span: str
    delta_ms: float


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The difference of an operation as the client and as the server saw it."""

    operation: str
    pair: Pair
    client_ms: float
    server_ms: float
    parts: tuple[PartDelta, ...]
    noise_floor_ms: float | None

    @property
    def outside_ms(self) -> float:
        """What the client saw and no part of the server accounts for."""
        return self.client_ms - sum(part.delta_ms for part in self.parts)

    @property
    def agrees(self) -> bool | None:
        """Whether client and server differ by no more than the noise floor; None without an A/A pair."""
        if self.noise_floor_ms is None:
            return None
        return abs(self.client_ms - self.server_ms) <= self.noise_floor_ms


def spans_in(medians: pd.DataFrame) -> tuple[str, ...]:
    """Return the spans that the samples know, the parts of the server first and their total last."""
    return tuple(span for span in (*PARTS, "total") if f"server_{span}_ms" in medians.columns)


def span_medians(medians: pd.DataFrame) -> list[SpanMedian]:
    """Return every span of every operation and arm that reported it, and the client's service time."""
    columns = {"client": "service_ms"} | {span: f"server_{span}_ms" for span in spans_in(medians)}
    over_rounds = medians.groupby(["operation", "arm"], observed=True, sort=False).median()
    index = over_rounds.index.to_frame(index=False).astype(str)
    return [
        SpanMedian(operation, arm, span, float(value))
        for span, column in columns.items()
        for operation, arm, value in zip(index["operation"], index["arm"], over_rounds[column], strict=True)
        if pd.notna(value)
    ]


def decompose(
    medians: pd.DataFrame, operations: Sequence[str], pair: Pair, twins: Pair
) -> list[Decomposition]:
    """Return the decomposition of each operation for which both arms sent Server-Timing."""
    found = []
    for operation in operations:
        client = _difference(medians, "service_ms", operation, pair)
        spans = {
            span: _difference(medians, f"server_{span}_ms", operation, pair) for span in spans_in(medians)
        }
        total = spans.pop("total")
        if client is None or total is None:
            continue
        parts = [PartDelta(span, each.estimate) for span, each in spans.items() if each]
        noise = _difference(medians, "service_ms", operation, twins)
        interval = noise.interval() if noise else None
        floor = interval.half_width if interval else None
        found.append(Decomposition(operation, pair, client.estimate, total.estimate, tuple(parts), floor))
    return found


def _difference(medians: pd.DataFrame, column: str, operation: str, pair: Pair) -> SignedRank | None:
    """Return what the rounds say about the difference in one column; None where they say nothing."""
    rounds = paired(medians, column, operation, pair.arm, pair.baseline)
    return None if rounds.empty else SignedRank.of((rounds["arm"] - rounds["baseline"]).to_numpy())
