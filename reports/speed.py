"""The table of archives side by side: requests per second of each operation taken by turns, and their ratios.

    python -m reports.speed RUN... [--baseline orthanc] [--out FOLDER]

A rate is the number of requests of one turn, over the time from the first one's due time to the last one's
end; making connections anew is within it. Ratios are formed within a round and estimated over rounds by
Hodges and Lehmann, with the exact signed-rank interval of 95 %, as everywhere here.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as ds

from reports.goals import goal_of
from reports.run import Run, RunError, find_run, read_run
from reports.stats import Interval, SignedRank

KEYS = ["phase", "operation", "arm"]
MEGABYTE = 1e6
WHOLE_FROM = 100  # requests per second; below it one decimal is told


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests per second of one arm, one per round, and the median service time in milliseconds."""

    by_round: "pd.Series[float]"
    median_ms: float
    megabytes_per_s: float

    @property
    def median(self) -> float:
        """The median over rounds."""
        return float(self.by_round.median())


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as many requests per second one arm answers as another."""

    value: float
    interval: Interval | None
    rounds: int

    @property
    def text(self) -> str:
        """The cell of a table."""
        if self.interval is None:
            return f"{self.value:.2f}"
        return f"{self.value:.2f} ({self.interval.low:.2f} to {self.interval.high:.2f})"


@dataclass(frozen=True, slots=True)
class Line:
    """One operation by so many clients: the rates of all arms."""

    data: str
    phase: str
    operation: str
    rates: dict[str, Rates]

    def ratio(self, arm: str, baseline: str) -> Ratio | None:
        """Return the ratio of two arms over the rounds that both have; None without one."""
        if arm not in self.rates or baseline not in self.rates:
            return None
        both = pd.concat([self.rates[arm].by_round, self.rates[baseline].by_round], axis=1, join="inner")
        if both.empty:
            return None
        logs = np.log((both.iloc[:, 0] / both.iloc[:, 1]).to_numpy(dtype=float))
        ranked = SignedRank.of(logs)
        found = ranked.interval()
        interval = Interval(math.exp(found.low), math.exp(found.high)) if found else None
        return Ratio(math.exp(ranked.estimate), interval, len(logs))


def turns_of(run: Run) -> pd.DataFrame:
    """Return one row per turn of a valid block: its phase, operation, arm, round, rate and median time."""
    columns = ["arm", "operation", "block", "due_ns", "sent_ns", "end_ns", "request_bytes", "response_bytes"]
    files = [str(file) for file in sorted((run.path / "samples").glob("*.parquet"))]
    samples = ds.dataset(files).to_table(columns=columns, filter=ds.field("error").is_null()).to_pandas()
    good = run.blocks.loc[run.blocks["valid"].astype(bool), ["block", "phase", "round"]]
    samples = samples.merge(good, on="block")
    samples["service_ms"] = (samples["end_ns"] - samples["sent_ns"]) / 1e6
    turns = samples.groupby([*KEYS, "round", "block"]).agg(
        requests=("end_ns", "size"), first=("due_ns", "min"), last=("end_ns", "max"),
        median_ms=("service_ms", "median"), sent=("request_bytes", "sum"), received=("response_bytes", "sum"),
    )  # fmt: skip
    seconds = (turns["last"] - turns["first"]) / 1e9
    turns["rate"] = turns["requests"] / seconds
    turns["megabytes_per_s"] = (turns["sent"] + turns["received"]) / MEGABYTE / seconds
    table: pd.DataFrame = turns.reset_index()
    return table


def lines_of(turns: pd.DataFrame, data: str) -> list[Line]:
    """Return one line per operation and number of clients, in the order in which they were measured."""
    lines = []
    for (phase, operation), rows in turns.sort_values("first").groupby(["phase", "operation"], sort=False):
        rates = {
            str(arm): Rates(
                by_round=each.set_index("round")["rate"],
                median_ms=float(each["median_ms"].median()),
                megabytes_per_s=float(each["megabytes_per_s"].median()),
            )
            for arm, each in rows.groupby("arm")
        }
        lines.append(Line(data, str(phase), str(operation), rates))
    return lines


def markdown(lines: Sequence[Line], arms: Sequence[str], baseline: str) -> str:
    """Return one table per data set and number of clients."""
    text = []
    for data, phase in dict.fromkeys((line.data, line.phase) for line in lines):
        clients = phase.rpartition("-")[2]
        text.append(f"\n### {data}, {clients} client{'' if clients == '1' else 's'}\n")
        others = [arm for arm in arms if arm != baseline]
        heads = [f"{baseline}/s", *(f"{arm}/s" for arm in others), *(f"{arm}: {baseline}" for arm in others)]
        paired = "off" in arms and "grants" in arms
        judged = baseline == "orthanc" and "grants" in arms
        heads += ["grants: off"] if paired else []
        heads += ["wanted of grants", ""] if judged else []
        text += [f"| operation | {' | '.join(heads)} |", "|---|" + "---|" * len(heads)]
        for line in (each for each in lines if (each.data, each.phase) == (data, phase)):
            cells = [_rate(line, arm) for arm in (baseline, *others)]
            cells += [_ratio(line, arm, baseline) for arm in others]
            cells += [_ratio(line, "grants", "off")] if paired else []
            cells += _judged(line, "grants", baseline) if judged else []
            text.append(f"| {line.operation} | {' | '.join(cells)} |")
    return "\n".join(text) + "\n"


def _rate(line: Line, arm: str) -> str:
    rates = line.rates.get(arm)
    if rates is None:
        return "n/a"
    return f"{rates.median:.1f}" if rates.median < WHOLE_FROM else f"{rates.median:,.0f}"


def _ratio(line: Line, arm: str, baseline: str) -> str:
    ratio = line.ratio(arm, baseline)
    return "n/a" if ratio is None else ratio.text


def _judged(line: Line, arm: str, baseline: str) -> list[str]:
    """Return what is wanted of the ratio, and whether it is reached."""
    ratio, goal = line.ratio(arm, baseline), goal_of(line.data, line.phase, line.operation)
    return [f"{goal.least:g}", "n/a" if ratio is None else goal.word(ratio.value, ratio.interval)]


def csv_rows(lines: Sequence[Line], baseline: str) -> list[dict[str, object]]:
    """Return one row per operation, number of clients and arm."""
    rows: list[dict[str, object]] = []
    for line in lines:
        for arm, rates in line.rates.items():
            ratio = line.ratio(arm, baseline)
            interval = ratio.interval if ratio else None
            rows.append(
                {
                    "data": line.data,
                    "phase": line.phase,
                    "operation": line.operation,
                    "arm": arm,
                    "rounds": len(rates.by_round),
                    "requests_per_s": round(rates.median, 2),
                    "median_ms": round(rates.median_ms, 3),
                    "megabytes_per_s": round(rates.megabytes_per_s, 2),
                    "ratio": round(ratio.value, 3) if ratio else None,
                    "low": round(interval.low, 3) if interval else None,
                    "high": round(interval.high, 3) if interval else None,
                }
            )
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables of the runs on the command line, and write them where `--out` says."""
    parser = argparse.ArgumentParser(
        prog="python -m reports.speed", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("runs", nargs="+", help="run folders, their names in reports/runs, or latest")
    parser.add_argument("--baseline", default="orthanc", help="the arm that others are compared with")
    parser.add_argument("--out", type=Path, help="a folder for speed.md and speed.csv")
    chosen = parser.parse_args(arguments)
    lines: list[Line] = []
    arms: list[str] = []
    try:
        for name in chosen.runs:
            run = read_run(find_run(name))
            campaign = run.document["campaign"]
            arms += [arm["name"] for arm in campaign["arms"] if arm["name"] not in arms]
            lines += lines_of(turns_of(run), str(campaign["name"]))
    except RunError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    text = markdown(lines, arms, chosen.baseline)
    sys.stdout.write(text)
    if chosen.out:
        chosen.out.mkdir(parents=True, exist_ok=True)
        (chosen.out / "speed.md").write_text(text.lstrip(), encoding="utf-8")
        rows = pd.DataFrame(csv_rows(lines, chosen.baseline))
        rows.to_csv(chosen.out / "speed.csv", index=False, lineterminator="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
