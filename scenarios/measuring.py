"""The measuring: phases of rounds of blocks, warm-ups, and one repetition of a block that is not valid.

It knows arms, the generator and the schedule; it writes blocks as they end. It decides nothing about the
run as a whole.
"""

import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from datasets.manifest import Manifest
from scenarios.arms import Arm
from scenarios.blocks import Block
from scenarios.capacity import find_capacity, slowest
from scenarios.client_cost import calibration, client_capacity
from scenarios.comparability import damaged_bodies
from scenarios.forecast import forecast, told_duration
from scenarios.generator_process import GeneratorProcess
from scenarios.guard import Guard
from scenarios.machine import take_reading
from scenarios.phases import Loop, Phase
from scenarios.plan import Plan
from scenarios.resuming import Earlier
from scenarios.run_folder import RunFolder
from scenarios.schedule import orders, restarts_before
from scenarios.telling import tell
from scenarios.validity import block_faults, rate_faults
from scenarios.warming import warm

ATTEMPTS = 2
TOLD_ERRORS = 5  # kinds of request errors that a fault names


@dataclass(slots=True)
class Measuring:
    """One session; `faults` make the run invalid, `notes` are told and do not."""

    plan: Plan
    arms: dict[str, Arm]
    manifest: Manifest
    generator: GeneratorProcess
    guard: Guard
    folder: RunFolder
    earlier: Earlier
    blocks: list[Block] = field(init=False)
    medians: dict[tuple[int, str], dict[str, float]] = field(init=False)
    capacities: list[dict[str, Any]] = field(init=False)
    client: dict[str, Any] = field(init=False)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(init=False)
    restart: int = field(init=False)

    def __post_init__(self) -> None:
        """Begin with what earlier sessions of the run have found."""
        document = self.earlier.document
        self.blocks = list(self.earlier.blocks)
        self.medians = dict(self.earlier.medians)
        self.capacities = list(document.get("capacity", []))
        self.client = {"calibrations": list(document.get("client", {}).get("calibrations", []))}
        self.notes = list(document.get("validity", {}).get("notes", []))
        self.restart = self.earlier.starts - 1

    def run(self) -> None:
        """Carry out all rounds that are left; stops early at a block that is invalid twice."""
        first, expected, started = self.earlier.rounds, forecast(self.plan), time.monotonic()
        starts = restarts_before(self.plan.rounds, self.plan.restarts)
        self.client |= client_capacity(self.generator)
        if self._asks_too_much(self.plan.rate_per_s):
            return
        for number, phase, order in self._rounds():
            if number == first or number in starts:
                self._start_again(fresh=number == first)
            rated = self._rated(phase)
            if self._asks_too_much(rated.rate_per_s or 0.0):
                return
            for arm in order:
                if not self._measure(number, rated, arm):
                    return
            random = Random(f"{self.plan.seed}/{number}/verify")  # noqa: S311  a sample, not a secret
            self.faults += damaged_bodies(list(self.arms.values()), self.manifest, random)
            left_s = expected.left_s(first, number + 1, time.monotonic() - started)
            tell(f"round {number + 1}/{len(expected.rounds)} done; about {told_duration(left_s)} left")

    def _rounds(self) -> Iterator[tuple[int, Phase, tuple[str, ...]]]:
        """Yield the number, the phase and the order of the arms of each round that is left."""
        number = 0
        for phase in self.plan.phases():
            for order in orders(list(self.arms), phase.rounds, phase.seed(self.plan.seed)):
                if number >= self.earlier.rounds:
                    yield number, phase, order
                number += 1

    def _rated(self, phase: Phase) -> Phase:
        """Return the phase with its rate; the capacity is searched for when it is needed first."""
        if phase.share_of_capacity is None:
            return phase
        if not self.capacities:
            for arm in self.arms:
                found = find_capacity(arm, self.plan.capacity, self._ask_to("saturate"))
                self.capacities.append(found.facts())
                tell(f"arm {arm} answers {found.best.requests_per_s:.0f}/s to {found.best.clients} clients")
            self.folder.record({"capacity": self.capacities, "phases": self.phase_facts()})
        return self._with_rate(phase)

    def _with_rate(self, phase: Phase) -> Phase:
        if phase.share_of_capacity is None or not self.capacities:
            return phase
        rate = round(phase.share_of_capacity * slowest(self.capacities), 1)
        return dataclasses.replace(phase, rate_per_s=rate)

    def phase_facts(self) -> list[dict[str, Any]]:
        """Return what run.json says about the phases, with the rates as far as they are known."""
        return [self._with_rate(phase).facts() for phase in self.plan.phases()]

    def _ask_to(self, what: str) -> Any:
        return lambda **command: self.generator.ask(do=what, **command)

    def _start_again(self, *, fresh: bool) -> None:
        """Restart the servers, unless they are fresh, and warm every arm."""
        self.restart += 1
        if not fresh:
            for arm in self.arms.values():
                if arm.pid is not None:
                    arm.stop()
                    arm.start()
                    self.guard.watch_process(arm.pid)
            self.generator.ask(do="reconnect")
        self.folder.record({"arms": {name: self._arm_facts(arm) for name, arm in self.arms.items()}})
        warmup = self.plan.warmup
        for name in self.arms:
            seconds, warmed = warm(name, warmup, self._ask_to("warm"))
            if warmed:
                tell(f"arm {name} is warm after {seconds:g} s")
            else:
                self.notes.append(
                    f"warm-up: arm {name} did not settle within {warmup.tolerance:.0%} in "
                    f"{warmup.at_most_s:g} s (start {self.restart})"
                )
        baseline = next(iter(self.arms))
        rows = calibration(self.generator, baseline, self.restart, self.plan.calibration_s)
        self.client["calibrations"] += rows
        self.folder.record({"client": self.client})

    def _arm_facts(self, arm: Arm) -> dict[str, Any]:
        facts = arm.facts()
        return facts | {"hash_seeds": self.earlier.hash_seeds(arm.name) + facts["hash_seeds"]}

    def _asks_too_much(self, rate_per_s: float) -> bool:
        """Tell whether a rate is more than the generator can ask for; then it is a fault of the run."""
        faults = rate_faults(rate_per_s, self.client["capacity_per_s"], self.plan.validity)
        self.faults += faults
        return bool(faults)

    def _measure(self, round_number: int, phase: Phase, arm: str) -> bool:
        """Measure a block, and once more if it is not valid; tell whether one attempt was."""
        faults: list[str] = []
        where = f"round {round_number + 1} {phase.name} {arm}"
        for _ in range(ATTEMPTS):
            block, facts = self._block(round_number, phase, arm)
            faults = block_faults(block, self.plan.validity)
            if faults:
                faults += [f"{reason} ({times} times)" for reason, times in facts["errors"].items()][
                    :TOLD_ERRORS
                ]
            reason = "; ".join(faults) or None
            self.blocks.append(dataclasses.replace(block, valid=not faults, reason=reason))
            self.folder.record_blocks(self.blocks)
            if not faults:
                if phase.share_of_capacity is None and phase.loop is not Loop.TURNS:
                    self.medians[round_number, arm] = facts["medians_ms"]
                rate = block.requests / ((block.ended_ns - block.started_ns) / 1e9)
                tell(f"{where}: {block.requests} requests, {rate:.0f}/s")
                return True
            tell(f"{where}: block {block.block} is invalid: {reason}")
        self.faults += [f"round {round_number + 1}, arm {arm}, twice in a row: {fault}" for fault in faults]
        return False

    def _block(self, round_number: int, phase: Phase, arm: str) -> tuple[Block, dict[str, Any]]:
        """Let the generator carry out one block between two readings of the machine."""
        number, server_pid = len(self.blocks), self.arms[arm].pid
        before = take_reading(server_pid, self.generator.pid)
        facts = self.generator.ask(
            **_command(phase, journeys=bool(self.plan.workload)),
            arm=arm,
            round_number=round_number,
            block=number,
            path=str(self.folder.samples_path(number).resolve()),
        )
        after = take_reading(server_pid, self.generator.pid)
        block = Block(
            run=self.folder.id,
            round=round_number,
            phase=phase.name,
            arm=arm,
            block=number,
            restart=self.restart,
            started_ns=facts["started_ns"],
            ended_ns=facts["ended_ns"],
            requests=facts["requests"],
            errors=sum(facts["errors"].values()),
            server_cpu_ms=after.server_cpu_since(before),
            # An injected delay or pause is burnt by the generator but is no work of it.
            generator_cpu_ms=facts["cpu_ms"] - facts["spun_ms"],
            rss_bytes=after.rss_bytes,
            steal_fraction=after.steal_since(before),
            load1=after.load1,
            involuntary_switches=after.involuntary_switches - before.involuntary_switches,
            lag_p99_ms=facts["lag_p99_ms"],
            least_median_ms=facts["least_median_ms"],
            valid=True,
            reason=None,
        )
        return block, facts


def _command(phase: Phase, *, journeys: bool) -> dict[str, Any]:
    """Return what the generator is told to do in a block of a phase."""
    if phase.loop is Loop.TURNS:
        return {"do": "turns", "clients": phase.connections}
    rate_per_s = phase.rate_per_s if phase.loop is Loop.OPEN else 0.0
    command = {"seconds": phase.block_s, "rate_per_s": rate_per_s}
    if journeys:
        return {**command, "do": "journeys", "clients": phase.connections}
    return {**command, "do": "block", "writes": phase.share_of_capacity is None}


def repeated(blocks: Sequence[Block]) -> int:
    """Return how many blocks were not valid and had to be measured again."""
    return sum(not block.valid for block in blocks)
