"""An archive that already runs, described by a URL or by a target.toml with the headers of its caller."""

from dataclasses import dataclass

import httpx

from scenarios.arms.arm import Arm, ArmUnreachableError
from scenarios.arms.process import START_TIMEOUT_S
from scenarios.conformance.findings import HarnessError
from scenarios.conformance.target import load_target
from scenarios.plan import PlanError


@dataclass(slots=True)
class ExternalArm(Arm):
    """Somebody else's process: it is only asked whether it answers."""

    def prepare(self) -> None:
        """Read the target; its `owner` is the caller whose requests are measured."""
        try:
            target = load_target(self.plan.target)
        except HarnessError as error:
            raise PlanError(f"arms.{self.name}.target: {error}") from None
        self.base_url = target.base_url
        self.headers = dict(target.principals.get("owner", {}))
        self.settings = {"target": target.name or "external"}

    def start(self) -> None:
        """Ask for one study, whatever the answer is."""
        url = f"{self.base_url}/studies?limit=1"
        try:
            httpx.get(url, headers=self.headers, timeout=START_TIMEOUT_S)
        except httpx.TransportError as error:
            raise ArmUnreachableError(f"arm {self.name} does not answer at {url}: {error!r}") from None
