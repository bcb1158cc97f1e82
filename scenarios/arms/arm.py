"""An arm is one archive of a campaign, with its address, its callers and what is known of it.

Arms differ in kind (`scenarios.arms.kinds`) and are alike in all else: each is prepared once, started and
stopped as often as the campaign restarts its servers, filled over HTTP, and described in run.json.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenarios.arm_plan import ArmPlan
from scenarios.arms.process import ArchiveProcess


class ArmUnreachableError(Exception):
    """An archive does not start or does not answer; the message says which one and what it said."""


@dataclass(slots=True)
class Arm(ABC):
    """One archive of the campaign. `headers` are those of the caller whose requests are measured."""

    plan: ArmPlan
    folder: Path
    cpu: int | None
    origin: str = ""
    base_url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    administrator: dict[str, str] = field(default_factory=dict)
    hash_seeds: list[int] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    process: ArchiveProcess | None = None

    @property
    def name(self) -> str:
        """The name of the arm in every table."""
        return self.plan.name

    @property
    def accounts(self) -> bool:
        """Tell whether the arm asks who is there."""
        return self.plan.accounting not in {"", "off"}

    @property
    def pid(self) -> int | None:
        """The process, if it is ours."""
        return self.process.pid if self.process else None

    @abstractmethod
    def prepare(self) -> None:
        """Choose the address and lay out what has to be there before the first start."""

    @abstractmethod
    def start(self) -> None:
        """Start the archive and wait until it answers; raises ArmUnreachableError."""

    def stop(self) -> None:
        """Stop the process, if it is ours; what does not stop in time is killed."""
        if self.process is not None:
            self.process.stop()
            self.process = None

    def facts(self) -> dict[str, Any]:
        """Return what run.json says about the arm."""
        return {
            "accounting": self.plan.accounting or None,
            "delay_us": self.plan.delay_us,
            "hash_seeds": self.hash_seeds,
            "settings": self.settings,
        }
