"""A peer is another vendor's archive, run as a process of its own in a folder of its own on loopback.

What the suite says about an archive that nobody here wrote is the test of the suite: each deviation that it
reports there was confirmed by reading the exchange, and stands with that reading in the peer's toml.
"""

import contextlib
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

START_S = 30.0
STOP_S = 20.0


class MissingPeerError(Exception):
    """The peer is not on this machine and cannot be brought here; the message says what would help."""


@dataclass(frozen=True, slots=True)
class Program:
    """A peer that is ready to be started."""

    command: Sequence[str]
    base_url: str
    wado_uri_url: str
    ready_url: str  # answers with any status as soon as the peer serves


@dataclass(frozen=True, slots=True)
class Peer:
    """One archive: how it is found, how it is configured, and what it is known to do otherwise."""

    name: str  # of its toml, its reports and the command line
    is_here: Callable[[], bool]
    find: Callable[[], str]  # brings the program here and returns its name with versions, or MissingPeerError
    configure: Callable[[Path], Program]  # writes its configuration into an empty folder
    concurrency: int = 4  # checks at a time

    @property
    def expectations(self) -> Path:
        """The deviations that are known."""
        return Path(__file__).with_name(f"{self.name}.toml")

    @contextlib.contextmanager
    def running(self, log: Path) -> Iterator[Program]:
        """Run the peer with an empty data folder until the block ends."""
        with tempfile.TemporaryDirectory(prefix=f"{self.name}-") as folder, log.open("wb") as output:
            program = self.configure(Path(folder))
            with subprocess.Popen(
                program.command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            ) as process:
                try:
                    wait_until_ready(process, program.ready_url)
                    yield program
                finally:
                    stop(process)

    def write_target(self, program: Program, version: str, path: Path) -> None:
        """Write the target.toml of the running peer; strings of JSON are strings of TOML."""
        lines = [
            f"name = {json.dumps(version)}",
            f"base_url = {json.dumps(program.base_url)}",
            f"wado_uri_url = {json.dumps(program.wado_uri_url)}",
            f"concurrency = {self.concurrency}",
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def wait_until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    """Return when the peer answers with any status; that it ended or stays silent is an error."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}; its log says why")
        try:
            with urlopen(url, timeout=1):
                return
        except HTTPError:
            return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError(f"{process.args!r} did not answer within {START_S:g} s")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End this process, gently at first."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
