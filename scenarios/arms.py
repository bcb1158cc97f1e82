"""Arms: the archives that are compared, one process each, alike in all but one setting.

A reference arm is a process of ours with its own port and data folder; an external arm is an archive that
runs already and is described by a URL or a target.toml. The hash seed of Python differs from start to
start, as it would in service, and is recorded.
"""

import os
import secrets
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from scenarios.conformance.findings import HarnessError
from scenarios.conformance.target import load_target
from scenarios.machine import pin
from scenarios.plan import ArmPlan, PlanError

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
ADMINISTRATOR = "administrator"


class ArmUnreachableError(Exception):
    """An archive does not start or does not answer; the message says which one and what it said."""


@dataclass(slots=True)
class Arm:
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
    _process: subprocess.Popen[bytes] | None = None

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
        return self._process.pid if self._process else None

    def prepare(self) -> None:
        """Choose the port, create the data folder and, for an accounting arm, its administrator."""
        if self.plan.target:
            self._use_target()
            return
        self.folder.mkdir(parents=True)
        self.origin = f"http://127.0.0.1:{_free_port()}"
        self.base_url = f"{self.origin}/dicom-web"
        if self.accounts:
            command = [*_server(), "token", "--data", str(self.folder), "--user", ADMINISTRATOR]
            done = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=START_TIMEOUT_S
            )
            if done.returncode or not done.stdout.strip():
                raise ArmUnreachableError(
                    f"arm {self.name}: no administrator could be made: {done.stderr.strip()}"
                )
            self.administrator = {"Authorization": f"Bearer {done.stdout.split()[-1]}"}

    def _use_target(self) -> None:
        try:
            target = load_target(self.plan.target)
        except HarnessError as error:
            raise PlanError(f"arms.{self.name}.target: {error}") from None
        self.base_url = target.base_url
        self.headers = dict(target.principals.get("owner", {}))
        self.settings = {"target": target.name or "external"}

    def start(self) -> None:
        """Start the process and wait until it answers; an external arm is only asked whether it answers."""
        if self.plan.target:
            self._probe(f"{self.base_url}/studies?limit=1")
            return
        port = self.origin.rpartition(":")[2]
        command = [*_server(), "--data", str(self.folder), "--host", "127.0.0.1", "--port", port]
        command += ["--accounting", self.plan.accounting, "--base-path", "/dicom-web"]
        self.hash_seeds.append(secrets.randbelow(2**32))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PHANTOM_")}
        with (self.folder.parent / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**environment, "PYTHONHASHSEED": str(self.hash_seeds[-1])},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # an interrupt from the terminal reaches the campaign alone
            )
        self._await_health()
        pin(self._process.pid, self.cpu)  # not before: starting may use every CPU

    def _await_health(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                answer = httpx.get(f"{self.origin}/health", timeout=2.0)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.is_success:
                self.settings = {"accounting": self.plan.accounting, "health": _json(answer)}
                return
        said = (self.folder.parent / f"{self.name}.log").read_text(encoding="utf-8", errors="replace")
        raise ArmUnreachableError(
            f"arm {self.name} did not become healthy; it said: {said.strip()[-600:] or 'nothing'}"
        )

    def _probe(self, url: str) -> None:
        try:
            httpx.get(url, headers=self.headers, timeout=START_TIMEOUT_S)
        except httpx.TransportError as error:
            raise ArmUnreachableError(f"arm {self.name} does not answer at {url}: {error!r}") from None

    def stop(self) -> None:
        """Stop the process; what does not stop in time is killed."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def facts(self) -> dict[str, Any]:
        """Return what run.json says about the arm."""
        return {
            "accounting": self.plan.accounting or None,
            "delay_us": self.plan.delay_us,
            "hash_seeds": self.hash_seeds,
            "settings": self.settings,
        }


def _server() -> list[str]:
    return [sys.executable, "-m", "reference_server"]


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
