"""Which checks notice which faults: `python -m tests.faults.kill_matrix` computes it, `--write` publishes it.

Fixtures are stored once, around the faults; then the checks run once without a fault and once through each.
A check is killed by a fault if it passes without and is judged wrong (fail or warn) with it.
"""

import argparse
import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import Check, all_checks
from scenarios.conformance.fixtures.identifiers import Identifiers
from scenarios.conformance.runner import new_seed, run_checks
from scenarios.conformance.selection import matches
from scenarios.conformance.stockroom import Stockroom
from scenarios.conformance.target import Target, Timeouts
from scenarios.conformance.transport import Recorder, Transport
from scenarios.conformance.verdict import State
from tests.faults.controls import CONTROLS
from tests.faults.fault import NO_FAULT, Fault
from tests.faults.proxy import Proxy, proxied
from tests.faults.zoo import FAULTS

TABLE = Path(__file__).resolve().parents[2] / "docs" / "conformance-kill-matrix.md"
JUDGED_WRONG = frozenset({State.FAIL, State.WARN})
RIGHT = frozenset({State.PASS, State.INFO, State.NOT_APPLICABLE})
TIMEOUTS = Timeouts(read_s=5, check_s=20, settle_s=0.5)


@dataclass(frozen=True, slots=True)
class Laboratory:
    """A proxy before a real archive, and the fixtures that this archive holds."""

    proxy: Proxy
    stockroom: Stockroom

    def states(
        self, fault: Fault, checks: Sequence[Check], *, own_stock: bool = False
    ) -> Mapping[str, State]:
        """Return the state of each check behind the fault; `own_stock` stores the fixtures through it."""
        self.proxy.fault = fault
        target = Target(base_url=self.proxy.base_url, timeouts=TIMEOUTS, seed=new_seed())
        run = run_checks(checks, target, stockroom=None if own_stock else self.stockroom)
        return {result.name: result.state for result in run.results}


@contextlib.contextmanager
def laboratory(upstream: str) -> Iterator[Laboratory]:
    """Open a laboratory before this archive; fixtures are stored around the proxy."""
    target = Target(base_url=upstream)
    transport = Transport(target)
    archive = Archive(target, Recorder(transport, target.secrets), Identifiers(new_seed()))
    try:
        with proxied(upstream) as proxy:
            yield Laboratory(proxy, Stockroom(archive, preloaded=False))
    finally:
        transport.close()


def named(fault: Fault, checks: Iterable[Check]) -> list[Check]:
    """Return the checks that a fault names."""
    return [check for check in checks if any(matches(check, selector) for selector in fault.caught_by)]


def killed(clean: Mapping[str, State], faulty: Mapping[str, State]) -> set[str]:
    """Return the checks that are right (or judge nothing) without the fault and judged wrong with it."""
    return {name for name, state in faulty.items() if state in JUDGED_WRONG and clean[name] in RIGHT}


def with_acting(checks: Sequence[Check], fallback: Sequence[Check]) -> list[Check]:
    """Return the checks, with some that act if all of them only observe."""
    if all(check.observes for check in checks):
        return [*checks, *fallback]
    return list(checks)


def full_matrix(lab: Laboratory, checks: Sequence[Check]) -> dict[str, set[str]]:
    """Return the killed checks of every fault."""
    clean = lab.states(NO_FAULT, checks)
    return {fault.name: killed(clean, lab.states(fault, checks)) for fault in FAULTS}


def table(matrix: Mapping[str, set[str]], checks: Sequence[Check]) -> str:
    """Return the matrix as Markdown: what kills each check, and what each fault is."""
    lines = [
        "# Faults and the checks that notice them",
        "",
        "Written by `python -m tests.faults.kill_matrix --write`; do not edit.",
        "A check that no fault kills proves nothing.",
        "",
        "| check | killed by |",
        "|---|---|",
    ]
    for check in checks:
        found = [name for name, names in matrix.items() if check.name in names]
        lines.append(f"| `{check.name}` | {', '.join(found) or '**nothing**'} |")
    lines += ["", "| fault | what is wrong | checks killed |", "|---|---|---|"]
    lines += [f"| {fault.name} | {fault.description} | {len(matrix[fault.name])} |" for fault in FAULTS]
    lines += ["", "No check passes on these servers:", ""]
    lines += [f"* {control.name}: {control.description}" for control in CONTROLS]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Compute the matrix before an archive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--upstream", required=True, help="base URL of a conforming archive, such as the reference"
    )
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name}")
    options = parser.parse_args()
    checks = all_checks()
    with laboratory(options.upstream) as lab:
        text = table(full_matrix(lab, checks), checks)
    if options.write:
        TABLE.write_text(text, encoding="utf-8")
    else:
        print(text, end="")  # noqa: T201 - a command line prints


if __name__ == "__main__":
    main()
