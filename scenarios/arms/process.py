"""The process of an archive that the harness starts, stops and listens to."""

import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from scenarios.machine import pin

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 20.0  # Orthanc takes three seconds, more on a busy machine


class ArchiveProcess:
    """One archive that runs; what it prints is appended to a log that outlives its restarts."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path
    ) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env={**_own_environment(), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # an interrupt from the terminal reaches the campaign alone
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def answer(self, url: str) -> httpx.Response | None:
        """Return the first answer that is a success; None if the process ends or time runs out before."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                answer = httpx.get(url, timeout=2.0)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.is_success:
                return answer
        return None

    @property
    def said(self) -> str:
        """The end of what the archive printed."""
        return self._log.read_text(encoding="utf-8", errors="replace").strip()[-600:] or "nothing"

    def pin(self, cpu: int | None) -> None:
        """Bind the archive to one CPU from now on; starting may use every CPU."""
        pin(self.pid, cpu)

    def stop(self) -> None:
        """End the process; what does not end in time is killed."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def free_port() -> int:
    """Return a port of loopback that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _own_environment() -> dict[str, str]:
    """Return the environment without settings of the reference server, which an arm has from its plan."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PHANTOM_")}
