"""Tables of the report as frames, and as CSV files in `tables/`; an empty cell is unknown."""

from dataclasses import asdict, fields
from pathlib import Path

import pandas as pd

from reports.analysis import Analysis
from reports.decomposition import PARTS
from reports.machine import Load
from reports.run import US_PER_MS
from reports.verdict_document import verdict_document

VERDICT_COLUMNS = (
    "operation", "arm", "baseline", "n", "arm_ms", "baseline_ms", "ratio", "low", "high", "delta_ms",
    "delta_low_ms", "delta_high_ms", "noise_floor", "noise_floor_ms", "mde", "margin", "p_exceeds",
    "p_within", "verdict", "underpowered", "verdict_of_fraction_alone", "t_low", "t_high",
    "bca_low", "bca_high",
)  # fmt: skip


def verdict_table(analysis: Analysis) -> pd.DataFrame:
    """Return one row per operation and pair of arms, with the columns of verdicts.json."""
    return pd.DataFrame(verdict_document(analysis)["rows"], columns=list(VERDICT_COLUMNS))


def round_table(analysis: Analysis) -> pd.DataFrame:
    """Return the ratio of each round, operation and pair of arms."""
    rows = [
        {
            "operation": finding.effect.operation,
            "arm": each.pair.arm,
            "baseline": each.pair.baseline,
            "round": ratio.round,
            "log_ratio": ratio.log_ratio,
        }
        for each in analysis.all_pairs
        for finding in each.findings
        for ratio in finding.effect.rounds
    ]
    return pd.DataFrame(rows, columns=["operation", "arm", "baseline", "round", "log_ratio"])


def percentile_table(analysis: Analysis) -> pd.DataFrame:
    """Return percentiles in milliseconds per operation, arm and clock, `n/a (n=...)` where too few."""
    rows = [
        {"operation": times.operation, "arm": times.arm, "clock": times.clock}
        | {f"p{each.percent:g}": each.text for each in times.percentiles}
        for times in analysis.times
    ]
    return pd.DataFrame(rows)


def span_table(analysis: Analysis) -> pd.DataFrame:
    """Return the median of every span of Server-Timing in microseconds, and the client's service time."""
    rows = [asdict(each) for each in analysis.spans]
    frame = pd.DataFrame(rows, columns=["operation", "arm", "span", "median_ms"])
    frame["median_us"] = (frame.pop("median_ms") * US_PER_MS).round(3)
    return frame


def decomposition_table(analysis: Analysis) -> pd.DataFrame:
    """Return what the client saw beside what the server says, in milliseconds."""
    rows = [
        {
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
        for pair in analysis.all_pairs
        for each in pair.decompositions
    ]
    parts = [f"{part}_ms" for part in PARTS]
    columns = ["operation", "arm", "baseline", "client_ms", "server_ms", *parts, "outside_ms"]
    return pd.DataFrame(rows, columns=[*columns, "noise_floor_ms", "agrees"])


def count_table(analysis: Analysis) -> pd.DataFrame:
    """Return requests, errors, SQL round trips and bytes per operation and arm."""
    return pd.DataFrame([asdict(each) for each in analysis.counts])


def failure_table(analysis: Analysis) -> pd.DataFrame:
    """Return every kind of request error."""
    rows = [asdict(each) for each in analysis.failures]
    return pd.DataFrame(rows, columns=["operation", "arm", "error", "requests"])


def load_table(analysis: Analysis) -> pd.DataFrame:
    """Return what the machine did in each arm's blocks."""
    rows = [asdict(each) for each in analysis.loads]
    return pd.DataFrame(rows, columns=[each.name for each in fields(Load)])


TABLES = {
    "verdicts": verdict_table,
    "rounds": round_table,
    "percentiles": percentile_table,
    "server-timing": span_table,
    "decomposition": decomposition_table,
    "counts": count_table,
    "failures": failure_table,
    "machine": load_table,
}


def write_tables(analysis: Analysis, folder: Path) -> None:
    """Write every table as CSV into the folder; floats keep nine digits."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in TABLES.items():
        table(analysis).to_csv(folder / f"{name}.csv", index=False, float_format="%.9g", lineterminator="\n")
