"""Bounds on the price of accounting: `python -m reports.bounds RUN` holds a growth run against them.

For each archive size, operation, reader and design, the ratio to the plain archive is the Hodges-Lehmann
estimate over the per-round ratios of medians, with its exact 95 % signed-rank interval (see `stats`). It is
`within` its bound where the whole interval is at most the bound, and `exceeds` it where the whole interval is
above. Exit codes: 0 all are within; 1 some exceed their bound; 2 the run cannot be used; 3 some are
inconclusive.
"""

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.run import RunError, find_run
from reports.stats import SignedRank

BASELINE = "off"
BOUNDS = {"qido": 1.3, "wado": 1.1}  # by the beginning of an operation's name
WITHIN, EXCEEDS, INCONCLUSIVE = "within", "exceeds", "inconclusive"
OK, SOME_EXCEED, USAGE, UNDECIDED = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Held:
    """One ratio against its bound; times in milliseconds, the interval at 95 %."""

    studies: int
    operation: str
    selectivity: float
    arm: str
    baseline_ms: float
    arm_ms: float
    ratio: float
    low: float
    high: float
    bound: float

    @property
    def verdict(self) -> str:
        """What the interval says about the bound."""
        if self.high <= self.bound:
            return WITHIN
        return EXCEEDS if self.low > self.bound else INCONCLUSIVE


def hold(points: pd.DataFrame) -> Iterator[Held]:
    """Yield the comparison of each arm with the baseline, for the operations that have a bound."""
    for _, group in points.dropna(subset=["selectivity"]).groupby(["studies", "operation", "selectivity"]):
        studies, operation, selectivity = group[["studies", "operation", "selectivity"]].iloc[0]
        bound = BOUNDS.get(str(operation).partition("-")[0])
        medians = group.pivot_table(index="round", columns="arm", values="median_ms")
        if bound is None or BASELINE not in medians:
            continue
        for arm in sorted(set(medians.columns) - {BASELINE}):
            pair = medians[[BASELINE, arm]].dropna()
            ratios = SignedRank.of(np.log(pair[arm].to_numpy() / pair[BASELINE].to_numpy()))
            interval = ratios.interval()
            yield Held(
                studies=int(studies),
                operation=str(operation),
                selectivity=float(selectivity),
                arm=str(arm),
                baseline_ms=float(pair[BASELINE].median()),
                arm_ms=float(pair[arm].median()),
                ratio=math.exp(ratios.estimate),
                low=math.exp(interval.low) if interval else 0.0,
                high=math.exp(interval.high) if interval else math.inf,
                bound=bound,
            )


def table(held: Sequence[Held]) -> pd.DataFrame:
    """Return the comparisons as a table, the verdict last."""
    return pd.DataFrame(
        [
            {
                "studies": each.studies,
                "operation": each.operation,
                "visible": f"{each.selectivity:.4g}",
                "arm": each.arm,
                f"{BASELINE} ms": f"{each.baseline_ms:.3f}",
                "arm ms": f"{each.arm_ms:.3f}",
                "ratio": f"{each.ratio:.3f}",
                "95 % interval": f"{each.low:.3f} to {each.high:.3f}",
                "bound": f"{each.bound:g}",
                "verdict": each.verdict,
            }
            for each in held
        ]
    )


def markdown(rows: pd.DataFrame) -> str:
    """Return a table in Markdown."""
    lines = [list(rows.columns), ["---"] * len(rows.columns), *rows.astype(str).to_numpy().tolist()]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write `tables/bounds.csv` and `.md` beside a growth run, print the table and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m reports.bounds", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("run", help="a run folder, its name in reports/runs, or latest")
    chosen = parser.parse_args(arguments)
    try:
        folder = find_run(chosen.run)
        held = list(hold(pd.read_parquet(folder / "growth.parquet")))
    except (RunError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return USAGE
    rows = table(held)
    (folder / "tables").mkdir(exist_ok=True)
    rows.to_csv(folder / "tables" / "bounds.csv", index=False)
    (folder / "tables" / "bounds.md").write_text(markdown(rows), encoding="utf-8")
    sys.stdout.write(markdown(rows))
    verdicts = [each.verdict for each in held]
    counts = ", ".join(f"{verdicts.count(each)} {each}" for each in (WITHIN, EXCEEDS, INCONCLUSIVE))
    sys.stdout.write(f"\n{len(held)} comparisons: {counts}\n")
    if EXCEEDS in verdicts:
        return SOME_EXCEED
    return UNDECIDED if INCONCLUSIVE in verdicts or not held else OK


if __name__ == "__main__":
    sys.exit(main())
