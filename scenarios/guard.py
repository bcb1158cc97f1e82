"""The guard of a campaign: when the campaign is killed, its servers and its temporary folder go with it.

    python -m scenarios.guard

It holds the other end of a pipe to the campaign, reads on it what there is to clear away, and sleeps. The
pipe ends when the campaign does, however it does; what was cleared away by then is no longer there.
"""

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

ROOT = Path(__file__).resolve().parent.parent


class Guard:
    """The campaign's side: a process of its own, told what to clear away."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scenarios.guard"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # it has to outlive what kills the campaign's group
        )

    def watch_process(self, pid: int) -> None:
        """End this process with the campaign; its start time tells it from a later one of the same number."""
        self._tell(pid=pid, started=psutil.Process(pid).create_time())

    def watch_folder(self, folder: Path) -> None:
        """Remove this folder with the campaign."""
        self._tell(folder=str(folder))

    def _tell(self, **what: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        self._process.stdin.flush()

    def __enter__(self) -> Self:
        """The guard runs from its construction on."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Dismiss the guard; what still runs is ended by it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def end_process(pid: int, started: float) -> None:
    """Kill the process if it is still the one that was meant."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if process.create_time() == started:
            process.kill()


def main() -> None:
    """Wait for the end of stdin, then end processes and remove folders."""
    told = [json.loads(line) for line in sys.stdin]
    for each in told:
        if "pid" in each:
            end_process(each["pid"], each["started"])
    for each in told:
        if "folder" in each:
            shutil.rmtree(each["folder"], ignore_errors=True)


if __name__ == "__main__":
    main()
