"""The campaign's side of the generator: a child process that is sent one command at a time."""

import contextlib
import json
import os
import selectors
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 90.0  # beyond the length of a block, before the generator counts as hung


class GeneratorError(Exception):
    """The generator ended or hung; the message holds the end of what it printed."""


class GeneratorProcess:
    """One Locust process that lasts as long as the measuring."""

    def __init__(self, session: dict[str, Any], folder: Path) -> None:
        path = folder / "session.json"
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            json.dump(session, file)  # it holds tokens
        self._log = folder / "generator.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "scenarios.load.generator", str(path)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # an interrupt from the terminal reaches the campaign alone
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def ask(self, **command: Any) -> dict[str, Any]:
        """Send a command and return its answer; raises GeneratorError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._broken("ended") from None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(command.get("seconds", 0.0) + PATIENCE_S):
                raise self._broken("does not answer")
        line = self._process.stdout.readline()
        if not line:
            raise self._broken("ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _broken(self, what: str) -> GeneratorError:
        said = self._log.read_text(encoding="utf-8", errors="replace").strip()
        return GeneratorError(f"the generator {what}; it said: {said[-800:] or 'nothing'}")

    def __enter__(self) -> Self:
        """The process runs from its construction on."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let the generator end by itself; kill it if it does not."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
