"""The measuring session: warm-up, rounds of blocks, one repetition of a block that is not valid.

It knows arms, the generator and the schedule; it writes blocks as they end. It decides nothing about the
run as a whole.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from datasets.manifest import Manifest
from scenarios.arms import Arm
from scenarios.blocks import Block
from scenarios.comparability import damaged_bodies
from scenarios.generator_process import GeneratorProcess
from scenarios.load.operations import Operation
from scenarios.machine import take_reading
from scenarios.plan import Plan
from scenarios.run_folder import RunFolder
from scenarios.schedule import orders, restarts_before
from scenarios.validity import block_faults

ATTEMPTS = 2
AGREEING_WINDOWS = 3
TOLD_ERRORS = 5  # kinds of request errors that a fault names


@dataclass(slots=True)
class Measuring:
    """One session; `faults` make the run invalid, `notes` are told and do not."""

    plan: Plan
    arms: dict[str, Arm]
    manifest: Manifest
    generator: GeneratorProcess
    folder: RunFolder
    tell: Callable[[str], None]
    blocks: list[Block] = field(default_factory=list)
    medians: dict[tuple[int, str], dict[Operation, float]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    restart: int = 0

    def run(self) -> None:
        """Carry out all rounds; stops early at a block that is invalid twice."""
        plan = self.plan
        schedule = orders(list(self.arms), plan.rounds, plan.seed)
        starts = restarts_before(plan.rounds, plan.restarts)
        for round_number, order in enumerate(schedule):
            if round_number in starts:
                self._start_again(starts[round_number])
            for arm in order:
                if not self._measure(round_number, arm):
                    return
            random = Random(f"{plan.seed}/{round_number}/verify")  # noqa: S311  a sample, not a secret
            self.faults += damaged_bodies(list(self.arms.values()), self.manifest, random)

    def _start_again(self, restart: int) -> None:
        """Restart the servers, except before the first round, and warm every arm."""
        self.restart = restart
        if restart:
            for arm in self.arms.values():
                if arm.pid is not None:
                    arm.stop()
                    arm.start()
            self.generator.ask(do="reconnect")
        for arm_name in self.arms:
            self._warm(arm_name)

    def _warm(self, arm: str) -> None:
        """Read until successive windows agree; what never settles is noted."""
        warmup = self.plan.warmup
        windows: list[float] = []
        while len(windows) * warmup.window_s < warmup.at_most_s:
            answer = self.generator.ask(do="warm", arm=arm, seconds=warmup.window_s)
            windows.append(sum(answer["medians_ms"].values()))
            last = windows[-AGREEING_WINDOWS:]
            if len(last) == AGREEING_WINDOWS and max(last) <= min(last) * (1 + warmup.tolerance):
                self.tell(f"arm {arm} is warm after {len(windows) * warmup.window_s:g} s")
                return
        self.notes.append(
            f"warm-up: arm {arm} did not settle within {warmup.tolerance:.0%} in {warmup.at_most_s:g} s "
            f"(start {self.restart})"
        )

    def _measure(self, round_number: int, arm: str) -> bool:
        """Measure a block, and once more if it is not valid; tell whether one attempt was."""
        faults: list[str] = []
        where = f"round {round_number + 1}/{self.plan.rounds} {arm}"
        for _ in range(ATTEMPTS):
            block, facts = self._block(round_number, arm)
            faults = block_faults(block, self.plan.validity)
            if faults:
                faults += [f"{reason} ({times} times)" for reason, times in facts["errors"].items()][
                    :TOLD_ERRORS
                ]
            reason = "; ".join(faults) or None
            self.blocks.append(dataclasses.replace(block, valid=not faults, reason=reason))
            self.folder.record_blocks(self.blocks)
            if not faults:
                medians = {Operation(name): value for name, value in facts["medians_ms"].items()}
                self.medians[round_number, arm] = medians
                rate = block.requests / ((block.ended_ns - block.started_ns) / 1e9)
                self.tell(f"{where}: {block.requests} requests, {rate:.0f}/s")
                return True
            self.tell(f"{where}: block {block.block} is invalid: {reason}")
        self.faults += [f"round {round_number + 1}, arm {arm}, twice in a row: {fault}" for fault in faults]
        return False

    def _block(self, round_number: int, arm: str) -> tuple[Block, dict[str, Any]]:
        """Let the generator carry out one block between two readings of the machine."""
        number, server_pid = len(self.blocks), self.arms[arm].pid
        before = take_reading(server_pid, self.generator.pid)
        facts = self.generator.ask(
            do="block",
            arm=arm,
            round_number=round_number,
            block=number,
            seconds=self.plan.block_s,
            path=str(self.folder.samples_path(number).resolve()),
        )
        after = take_reading(server_pid, self.generator.pid)
        block = Block(
            run=self.folder.id,
            round=round_number,
            arm=arm,
            block=number,
            restart=self.restart,
            started_ns=facts["started_ns"],
            ended_ns=facts["ended_ns"],
            requests=facts["requests"],
            errors=sum(facts["errors"].values()),
            server_cpu_ms=after.server_cpu_since(before),
            generator_cpu_ms=facts["generator_cpu_ms"],
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


def repeated(blocks: Sequence[Block]) -> int:
    """Return how many blocks were not valid and had to be measured again."""
    return sum(not block.valid for block in blocks)
