"""Base against head: what a change costs, by gates that hold on a noisy machine, and a history of runs.

    python -m reports.regression RUN [--history FILE] [--export FILE]

Both arms were sent the same requests in the same order, so two gates are exact: SQL round trips and bytes of
each pair of requests. CPU time of the server per request is robust against what neighbours do, so it trips at
25 %. Times trip only if the verdict at a margin of 25 % is `exceeds`: even the low end of the interval is
above.

Exit codes: 0 no gate tripped; 1 one did; 2 the run cannot be used; 4 the run is invalid.
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from reports.effects import Pair, estimate_effects
from reports.frames import operations_of, round_medians
from reports.history import append, earlier_of_this_machine, told_change
from reports.run import Run, RunError, find_run, read_run
from reports.stats import SignedRank
from reports.verdicts import Margin, Verdict, judge

OK, REGRESSED, USAGE, INVALID = 0, 1, 2, 4
BASE, HEAD = "base", "head"
MARGIN = 0.25
EXACT = {"sql_n": ("SQL round trips", "per request"), "response_bytes": ("bytes", "per response")}


@dataclass(frozen=True, slots=True)
class Gate:
    """One measure of one operation in both arms; `tripped` makes the change a regression."""

    measure: str
    operation: str
    unit: str
    base: float
    head: float
    verdict: str
    tripped: bool
    low: float | None = None  # of the ratio's 95 % interval
    high: float | None = None

    @property
    def line(self) -> str:
        """The line of the table."""
        interval = "" if self.low is None or self.high is None else f"{self.low:.3f} to {self.high:.3f}"
        ratio = f"{self.head / self.base:.3f}" if self.base else "n/a"
        cells = (self.measure, self.operation, f"{self.base:.3f}", f"{self.head:.3f}", ratio, interval)
        return f"| {' | '.join(cells)} | {'**regressed**' if self.tripped else self.verdict} |"


def exact_gates(run: Run) -> list[Gate]:
    """Return the gates on what two equal requests have to have in common."""
    good = run.successes.copy()
    keys = ["operation", "round", "arm"]
    good["turn"] = good.groupby(keys, observed=True).cumcount()
    gates = []
    for column, (measure, unit) in EXACT.items():
        known = good.dropna(subset=[column])
        wide = known.pivot_table(
            index=["operation", "round", "turn"], columns="arm", values=column, observed=True
        )
        if not {BASE, HEAD} <= set(wide.columns):
            continue
        means = wide.dropna().groupby("operation", observed=True)[[BASE, HEAD]].mean()
        for operation, base, head in means.itertuples():
            more = head > base
            word = "more" if more else "equal" if head == base else "fewer"
            gates.append(Gate(measure, str(operation), unit, base, head, word, tripped=more))
    return gates


def cpu_gate(run: Run) -> list[Gate]:
    """Return the gate on the server's CPU time per request, over the whole mix."""
    good = run.blocks[run.blocks["valid"].astype(bool)]
    good = good.assign(cost=good["server_cpu_ms"] / good["requests"])
    cost = good.pivot_table(index="round", columns="arm", values="cost", observed=True).dropna()
    if cost.empty or not {BASE, HEAD} <= set(cost.columns):
        return []
    ranked = SignedRank.of(np.log((cost[HEAD] / cost[BASE]).to_numpy(dtype=float)))
    ratio, interval = math.exp(ranked.estimate), ranked.interval()
    base = float(cost[BASE].median())
    return [
        Gate(
            "server CPU", "all operations", "ms per request", base, base * ratio,
            "exceeds" if ratio > 1 + MARGIN else "within", tripped=ratio > 1 + MARGIN,
            low=math.exp(interval.low) if interval else None,
            high=math.exp(interval.high) if interval else None,
        )
    ]  # fmt: skip


def time_gates(run: Run) -> list[Gate]:
    """Return the gates on service times, with the verdicts of every report at a margin of 25 %."""
    effects = estimate_effects(round_medians(run), operations_of(run), Pair(HEAD, BASE))
    return [
        Gate(
            "service time", each.effect.operation, "ms", each.effect.baseline_ms,
            each.effect.baseline_ms * each.effect.ratio, each.word, tripped=each.verdict is Verdict.EXCEEDS,
            low=each.effect.interval.low if each.effect.interval else None,
            high=each.effect.interval.high if each.effect.interval else None,
        )
        for each in judge(effects, Margin(MARGIN, math.inf), {})
    ]  # fmt: skip


def smaller_is_better(gates: Sequence[Gate]) -> list[dict[str, object]]:
    """Return head's values in the form `customSmallerIsBetter` of github-action-benchmark."""
    return [
        {
            "name": f"{gate.measure}: {gate.operation}",
            "unit": gate.unit,
            "value": round(gate.head, 4),
            "extra": f"base {gate.base:.4f}: {gate.verdict}",
        }
        for gate in gates
    ]


def table(gates: Sequence[Gate]) -> str:
    """Return the gates as a Markdown table, those that tripped first."""
    head = ["| measure | operation | base | head | ratio | 95 % | verdict |", "|---|---|---|---|---|---|---|"]
    ordered = sorted(gates, key=lambda gate: not gate.tripped)
    return "\n".join([*head, *(gate.line for gate in ordered)]) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table of a run, keep its line of history and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m reports.regression", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("run", help="a run folder with the arms base and head, or latest")
    parser.add_argument("--runs", type=Path, help="where to look for latest")
    parser.add_argument("--history", type=Path, help="a file that gets one JSON line for this run")
    parser.add_argument("--export", type=Path, help="a file for customSmallerIsBetter JSON")
    chosen = parser.parse_args(arguments)
    try:
        run = read_run(find_run(chosen.run, chosen.runs) if chosen.runs else find_run(chosen.run))
    except RunError as error:
        sys.stderr.write(f"error: {error}\n")
        return USAGE
    gates = [*exact_gates(run), *cpu_gate(run), *time_gates(run)]
    sys.stdout.write(table(gates))
    if chosen.export:
        chosen.export.write_text(json.dumps(smaller_is_better(gates), indent=1) + "\n", encoding="utf-8")
    if chosen.history:
        values = {f"{gate.measure}: {gate.operation}": gate.head for gate in gates}
        for line in told_change(values, earlier_of_this_machine(run, chosen.history)):
            sys.stdout.write(line + "\n")
        append(run, [asdict(gate) for gate in gates], chosen.history)
    return _exit_code(run, gates)


def _exit_code(run: Run, gates: Sequence[Gate]) -> int:
    if run.faults or run.status != "complete" or not gates:
        sys.stderr.write(f"invalid: {'; '.join(run.faults) or run.status}\n")
        return INVALID
    tripped = [gate for gate in gates if gate.tripped]
    told = (
        f"{len(tripped)} of {len(gates)} gates tripped" if tripped else f"none of {len(gates)} gates tripped"
    )
    sys.stdout.write(told + "\n")
    return REGRESSED if tripped else OK


if __name__ == "__main__":
    sys.exit(main())
