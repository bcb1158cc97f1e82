"""A reference server as an arm: this code or that of a git revision, with any of its settings.

All arms run in the harness's own Python environment, so two revisions differ by their code alone. The hash
seed of Python differs from start to start, as it would in service, and is recorded.
"""

import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from scenarios.arms.arm import Arm, ArmUnreachableError
from scenarios.arms.process import START_TIMEOUT_S, ArchiveProcess, free_port
from scenarios.arms.revision import ROOT, commit_of, export

ADMINISTRATOR = "administrator"
SERVER = (sys.executable, "-m", "reference_server")


@dataclass(slots=True)
class ReferenceArm(Arm):
    """A process of ours with its own port and data folder."""

    code: Path = ROOT
    commit: str | None = None

    def prepare(self) -> None:
        """Choose the port, lay out the code and, for an accounting arm, make its administrator."""
        if self.plan.revision:
            self.commit = commit_of(self.plan.revision)
            self.code = export(self.commit, self.folder.parent / f"{self.name}-code")
        self.folder.mkdir(parents=True)
        self.origin = f"http://127.0.0.1:{free_port()}"
        self.base_url = f"{self.origin}/dicom-web"
        if self.accounts:
            self.administrator = {"Authorization": f"Bearer {self._token()}"}

    def _token(self) -> str:
        command = [*SERVER, "token", "--data", str(self.folder), "--user", ADMINISTRATOR]
        done = subprocess.run(
            command, cwd=self.code, capture_output=True, text=True, check=False, timeout=START_TIMEOUT_S
        )
        if done.returncode or not done.stdout.strip():
            raise ArmUnreachableError(
                f"arm {self.name}: no administrator could be made: {done.stderr.strip()}"
            )
        return done.stdout.split()[-1]

    def start(self) -> None:
        """Start the process and wait until it is healthy."""
        self.hash_seeds.append(secrets.randbelow(2**32))
        self.process = ArchiveProcess(
            [*SERVER, *self._options()],
            self.code,
            {"PYTHONHASHSEED": str(self.hash_seeds[-1])},
            self.folder.parent / f"{self.name}.log",
        )
        health = self.process.answer(f"{self.origin}/health")
        if health is None:
            raise ArmUnreachableError(f"arm {self.name} did not become healthy; it said: {self.process.said}")
        self.process.pin(self.cpu)
        self.settings = {"accounting": self.plan.accounting, **self.plan.settings, "health": _json(health)}
        if self.commit:
            self.settings |= {"revision": self.plan.revision, "commit": self.commit}

    def _options(self) -> list[str]:
        """Return the command line; a true setting is a flag, a false one is left out."""
        port = self.origin.rpartition(":")[2]
        options = ["--data", str(self.folder), "--host", "127.0.0.1", "--port", port]
        options += ["--accounting", self.plan.accounting, "--base-path", "/dicom-web"]
        for name, value in self.plan.settings.items():
            flag = f"--{name.replace('_', '-')}"
            if isinstance(value, bool):
                options += [flag] if value else []
            else:
                options += [flag, str(value)]
        return options


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text
