"""Tables of the report as frames, and as CSV files in `tables/`; an empty cell is unknown."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pandas as pd

from reports.analysis import Analysis
from reports.client import ClientShare
from reports.decomposition import PARTS
from reports.machine import Load
from reports.metrics import Count, Failure
from reports.run import US_PER_MS
from reports.verdict_document import verdict_document

VERDICT_COLUMNS = (
    "phase", "operation", "arm", "baseline", "n", "arm_ms", "baseline_ms", "ratio", "low", "high", "delta_ms",
    "delta_low_ms", "delta_high_ms", "noise_floor", "noise_floor_ms", "mde", "margin", "p_exceeds",
    "p_within", "verdict", "underpowered", "verdict_of_fraction_alone", "t_low", "t_high",
    "bca_low", "bca_high", "restart_low", "restart_high", "p_restarts",
)  # fmt: skip
ROUND_COLUMNS = ("operation", "arm", "baseline", "round", "restart", "log_ratio")


def verdict_table(analysis: Analysis) -> pd.DataFrame:
    """Return one row per operation and pair of arms, with the columns of verdicts.json."""
    return pd.DataFrame(verdict_document(analysis)["rows"], columns=list(VERDICT_COLUMNS))


def round_table(analysis: Analysis) -> pd.DataFrame:
    """Return the ratio of each round, operation and pair of arms."""
    rows = [
        {
            "phase": phase.run.phase.name,
            "operation": finding.effect.operation,
            "arm": each.pair.arm,
            "baseline": each.pair.baseline,
            "round": ratio.round,
            "restart": ratio.restart,
            "log_ratio": ratio.log_ratio,
        }
        for phase in analysis.phases
        for each in phase.all_pairs
        for finding in each.findings
        for ratio in finding.effect.rounds
    ]
    return pd.DataFrame(rows, columns=["phase", *ROUND_COLUMNS])


def percentile_table(analysis: Analysis) -> pd.DataFrame:
    """Return percentiles in milliseconds per operation, arm and clock, `n/a (n=...)` where too few."""
    rows = [
        {"phase": phase.run.phase.name, "operation": times.operation, "arm": times.arm, "clock": times.clock}
        | {f"p{each.percent:g}": each.text for each in times.percentiles}
        for phase in analysis.phases
        for times in phase.times
    ]
    return pd.DataFrame(rows)


def span_table(analysis: Analysis) -> pd.DataFrame:
    """Return the median of every span of Server-Timing in microseconds, and the client's service time."""
    frame = _phased(analysis, lambda phase: phase.spans, ["operation", "arm", "span", "median_ms"])
    frame["median_us"] = (frame.pop("median_ms") * US_PER_MS).round(3)
    return frame


def decomposition_table(analysis: Analysis) -> pd.DataFrame:
    """Return what the client saw beside what the server says, in milliseconds."""
    rows = [
        {
            "phase": phase.run.phase.name,
            "operation": each.operation,
            "arm": each.pair.arm,
            "baseline": each.pair.baseline,
            "client_ms": each.client_ms,
            "server_ms": each.server_ms,
            **{f"{part.span}_ms": part.delta_ms for part in each.parts},
            "outside_ms": each.outside_ms,
            "noise_floor_ms": each.noise_floor_ms,
            "agrees": each.agrees,
        }
        for phase in analysis.phases
        for pair in phase.all_pairs
        for each in pair.decompositions
    ]
    told = {name for row in rows for name in row}
    parts = [f"{part}_ms" for part in PARTS if not rows or f"{part}_ms" in told]
    columns = ["phase", "operation", "arm", "baseline", "client_ms", "server_ms", *parts, "outside_ms"]
    return pd.DataFrame(rows, columns=[*columns, "noise_floor_ms", "agrees"])


def count_table(analysis: Analysis) -> pd.DataFrame:
    """Return requests, errors, SQL round trips and bytes per operation and arm."""
    return _phased(analysis, lambda phase: phase.counts, [each.name for each in fields(Count)])


def failure_table(analysis: Analysis) -> pd.DataFrame:
    """Return every kind of request error."""
    return _phased(analysis, lambda phase: phase.failures, [each.name for each in fields(Failure)])


def load_table(analysis: Analysis) -> pd.DataFrame:
    """Return what the machine did in each arm's blocks."""
    return _phased(analysis, lambda phase: phase.loads, [each.name for each in fields(Load)])


def client_table(analysis: Analysis) -> pd.DataFrame:
    """Return what a request takes by a bare socket and by the harness, and the client's share."""
    rows = [asdict(each) | {"share": each.share} for each in analysis.client.shares]
    return pd.DataFrame(rows, columns=[*(each.name for each in fields(ClientShare)), "share"])


def comparison_table(analysis: Analysis) -> pd.DataFrame:
    """Return all arms beside each other: per phase and operation each arm's ratio, interval and verdict."""
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for phase in analysis.phases:
        for pair in phase.against_baseline:
            for finding in pair.findings:
                effect, arm = finding.effect, pair.pair.arm
                key = (phase.run.phase.name, effect.operation)
                row = rows.setdefault(key, {"phase": key[0], "operation": key[1]})
                row.setdefault(f"{analysis.baseline}_ms", effect.baseline_ms)
                low, high = (effect.interval.low, effect.interval.high) if effect.interval else (None, None)
                row |= {f"{arm}_ratio": effect.ratio, f"{arm}_low": low, f"{arm}_high": high}
                row[f"{arm}_verdict"] = finding.word
    return pd.DataFrame(list(rows.values()))


def _phased(
    analysis: Analysis, rows_of: Callable[[Analysis], Sequence[Any]], columns: Sequence[str]
) -> pd.DataFrame:
    """Return records of every phase as rows, with the name of their phase."""
    rows = [
        {"phase": phase.run.phase.name} | asdict(each) for phase in analysis.phases for each in rows_of(phase)
    ]
    return pd.DataFrame(rows, columns=["phase", *columns])


TABLES = {
    "verdicts": verdict_table,
    "rounds": round_table,
    "percentiles": percentile_table,
    "server-timing": span_table,
    "decomposition": decomposition_table,
    "counts": count_table,
    "failures": failure_table,
    "machine": load_table,
    "client": client_table,
    "comparison": comparison_table,
}


def write_tables(analysis: Analysis, folder: Path) -> None:
    """Write every table as CSV into the folder; floats keep nine digits."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in TABLES.items():
        table(analysis).to_csv(folder / f"{name}.csv", index=False, float_format="%.9g", lineterminator="\n")
