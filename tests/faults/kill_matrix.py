"""Which checks notice which faults: `python -m tests.faults.kill_matrix` computes it, `--write` publishes it.

Fixtures are stored once, around the faults; then the checks that a fault names run once without it and once
through it. A check is killed by a fault if it passes without and is judged wrong (fail or warn) with it.
"""

import argparse
import contextlib
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import Check, all_checks
from scenarios.conformance.fixtures.identifiers import Identifiers
from scenarios.conformance.runner import new_seed, run_checks
from scenarios.conformance.selection import matches
from scenarios.conformance.stockroom import Stockroom
from scenarios.conformance.target import Capability, Target, Timeouts
from scenarios.conformance.transport import Recorder, Transport
from scenarios.conformance.verdict import Severity, State
from tests.conformance.guarded_archive import guarded_archive
from tests.faults.controls import CONTROLS
from tests.faults.fault import NO_FAULT, Fault
from tests.faults.proxy import Proxy, proxied
from tests.faults.unkilled import UNKILLED
from tests.faults.zoo import FAULTS

TABLE = Path(__file__).resolve().parents[2] / "docs" / "conformance-kill-matrix.md"
BEHIND_CREDENTIALS = frozenset({Capability.ACCESS_CONTROL, Capability.AUTHENTICATION})
CLAIMED: Mapping[str, bool] = MappingProxyType({Capability.CORS: True})
JUDGED_WRONG = frozenset({State.FAIL, State.WARN})
RIGHT = frozenset({State.PASS, State.INFO, State.NOT_APPLICABLE})
SPEAKERS = ("qido/paging/", "http/parameters/an_invalid")  # checks that act where the others only observe
TIMEOUTS = Timeouts(read_s=5, check_s=20, settle_s=0.5)


class BrokenFaultError(Exception):
    """A fault raised an exception where it should have changed a request or a response."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A proxy before a real archive, the archive as its target names it, and the fixtures that it holds."""

    proxy: Proxy
    target: Target
    stockroom: Stockroom

    def states(
        self, fault: Fault, checks: Sequence[Check], *, own_stock: bool = False
    ) -> Mapping[str, State]:
        """Return the state of each check behind the fault; `own_stock` stores the fixtures through it.

        A fault that raises proves nothing about a check: BrokenFaultError.
        """
        self.proxy.fault, self.proxy.broken = fault, None
        accounting_url = self.target.accounting_url.replace(self.target.origin.geturl(), self.proxy.origin)
        target = replace(
            self.target,
            base_url=self.proxy.base_url,
            accounting_url=accounting_url,
            timeouts=TIMEOUTS,
            seed=new_seed(),
        )
        run = run_checks(checks, target, stockroom=None if own_stock else self.stockroom)
        if self.proxy.broken is not None:
            raise BrokenFaultError(fault.name) from self.proxy.broken
        return {result.name: result.state for result in run.results}


@dataclass(frozen=True, slots=True)
class Laboratory:
    """An archive that is open to all, and one with access control, whose checks need principals."""

    plain: Bench
    guarded: Bench

    def states(
        self, fault: Fault, checks: Sequence[Check], *, own_stock: bool = False
    ) -> Mapping[str, State]:
        """Return the state of each check behind the fault; `own_stock` stores the fixtures through it."""
        guarded = [check for check in checks if check.capability in BEHIND_CREDENTIALS]
        plain = [check for check in checks if check not in guarded]
        states: dict[str, State] = {}
        for place, its_checks in ((self.plain, plain), (self.guarded, guarded)):
            if its_checks:
                states.update(place.states(fault, its_checks, own_stock=own_stock))
        return states


@contextlib.contextmanager
def bench(target: Target) -> Iterator[Bench]:
    """Open a bench before this archive; fixtures are stored around the proxy."""
    transport = Transport(target)
    archive = Archive(target, Recorder(transport, target.secrets), Identifiers(new_seed()))
    try:
        with proxied(target.base_url) as proxy:
            yield Bench(proxy, target, Stockroom(archive, preloaded=False))
    finally:
        transport.close()


@contextlib.contextmanager
def laboratory(upstream: str) -> Iterator[Laboratory]:
    """Open a laboratory before this archive; access control is that of a reference archive with grants."""
    with (
        guarded_archive() as target,
        bench(Target(upstream, capabilities=CLAIMED)) as plain,
        bench(target) as guarded,
    ):
        yield Laboratory(plain, guarded)


def can_fail(check: Check) -> bool:
    """Tell whether a check judges: one of a row that only informs does so where it names a severity."""
    return check.severity is not Severity.INFO or "severity=" in inspect.getsource(check.function)


def named(fault: Fault, checks: Iterable[Check]) -> list[Check]:
    """Return the checks that a fault names."""
    return [check for check in checks if any(matches(check, selector) for selector in fault.caught_by)]


def killed(clean: Mapping[str, State], faulty: Mapping[str, State]) -> set[str]:
    """Return the checks that are right (or judge nothing) without the fault and judged wrong with it.

    One that only warns without the fault, because of a dual reading, has to fail with it.
    """
    return {
        name
        for name, state in faulty.items()
        if (state in JUDGED_WRONG and clean[name] in RIGHT)
        or (state is State.FAIL and clean[name] is State.WARN)
    }


def with_acting(checks: Sequence[Check], fallback: Sequence[Check]) -> list[Check]:
    """Return the checks, with some that act if all of them only observe."""
    if all(check.observes for check in checks):
        return [*checks, *fallback]
    return list(checks)


class KillMatrix:
    """What each fault kills of the checks that it names, found out when it is first asked."""

    def __init__(self, lab: Laboratory) -> None:
        """Ask this laboratory."""
        self.checks = all_checks()
        self._speakers = [check for check in self.checks if check.name.startswith(SPEAKERS)]
        self._lab = lab
        self._clean: dict[str, State] = {}
        self._kills: dict[str, set[str]] = {}

    def kills(self, fault: Fault) -> set[str]:
        """Return the checks among those which the fault names that it kills."""
        if fault.name not in self._kills:
            checks = with_acting(named(fault, self.checks), self._speakers)
            unknown = [check for check in checks if check.observes or check.name not in self._clean]
            if unknown:
                self._clean |= self._lab.states(NO_FAULT, with_acting(unknown, self._speakers))
            self._kills[fault.name] = killed(self._clean, self._lab.states(fault, checks))
        return self._kills[fault.name]

    def killers(self) -> dict[str, list[str]]:
        """Return the faults that kill each check."""
        found: dict[str, list[str]] = {check.name: [] for check in self.checks}
        for fault in FAULTS:
            for name in self.kills(fault):
                found[name].append(fault.name)
        return found


def table(matrix: KillMatrix) -> str:
    """Return the matrix as Markdown: what kills each check, and what each fault is."""
    lines = [
        "# Faults and the checks that notice them",
        "",
        "Written by `python -m tests.faults.kill_matrix --write`; do not edit.",
        "A check that no fault kills proves nothing; where none can before the reference archive, the reason",
        "stands instead.",
        "",
        "| check | killed by |",
        "|---|---|",
    ]
    for name, faults in matrix.killers().items():
        lines.append(f"| `{name}` | {', '.join(faults) or UNKILLED.get(name, 'nothing: it only informs')} |")
    lines += ["", "| fault | what is wrong | checks killed |", "|---|---|---|"]
    lines += [f"| {fault.name} | {fault.description} | {len(matrix.kills(fault))} |" for fault in FAULTS]
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
    with laboratory(options.upstream) as lab:
        text = table(KillMatrix(lab))
    if options.write:
        TABLE.write_text(text, encoding="utf-8")
    else:
        print(text, end="")  # noqa: T201 - a command line prints


if __name__ == "__main__":
    main()
