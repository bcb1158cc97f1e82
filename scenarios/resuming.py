"""Resuming: an interrupted run goes on where its last finished round ended.

Finished rounds are kept as they are. Blocks of a round that was begun stay in the folder, marked as not
valid, and the round is measured anew. The archives are started and filled again, so the run must be of the
same code, the same machine and the same data, or its halves could not be compared.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow.parquet as pq

from scenarios.blocks import Block, read_blocks
from scenarios.plan import Plan
from scenarios.run_folder import RunFolder, RunFolderError

UNFINISHED = "interrupted: its round was not finished"


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the interrupted sessions of a run have measured; nothing, in a new run."""

    rounds: int = 0  # finished ones
    blocks: tuple[Block, ...] = ()
    medians: Mapping[tuple[int, str], dict[str, float]] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)

    @property
    def starts(self) -> int:
        """How often the servers were started."""
        return max((block.restart for block in self.blocks), default=-1) + 1

    def hash_seeds(self, arm: str) -> list[int]:
        """Return the hash seeds of the servers that an arm has had."""
        return list(self.document.get("arms", {}).get(arm, {}).get("hash_seeds", []))


def earlier_of(folder: RunFolder, plan: Plan, environment: Mapping[str, Any]) -> Earlier:
    """Return what the folder holds; raises RunFolderError if code or machine have changed since."""
    document = dict(folder.document)
    if changed := _changed(document.get("environment", {}), environment):
        raise RunFolderError(f"{folder.path} was measured with other {', '.join(changed)}; start a new run")
    blocks = read_blocks(folder.path / "blocks.parquet")
    names = {arm.name for arm in plan.arms}
    rounds = 0
    while {block.arm for block in blocks if block.valid and block.round == rounds} == names:
        rounds += 1
    kept = tuple(
        block
        if block.round < rounds or not block.valid
        else dataclasses.replace(block, valid=False, reason=UNFINISHED)
        for block in blocks
    )
    compared = {phase.name for phase in plan.phases() if phase.share_of_capacity is None}
    closed = [block for block in kept if block.valid and block.phase in compared]
    medians = {(block.round, block.arm): _medians_ms(folder, block) for block in closed}
    return Earlier(rounds, kept, medians, document)


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [name for name in now if before.get(name) != now[name]]


def _medians_ms(folder: RunFolder, block: Block) -> dict[str, float]:
    """Return the median service time per operation of a block, as the generator computes it."""
    columns = ["operation", "sent_ns", "end_ns", "error"]
    times: dict[str, list[int]] = {}
    for row in pq.read_table(folder.samples_path(block.block), columns=columns).to_pylist():
        if row["error"] is None:
            times.setdefault(row["operation"], []).append(row["end_ns"] - row["sent_ns"])
    return {operation: sorted(each)[len(each) // 2] / 1e6 for operation, each in times.items()}
