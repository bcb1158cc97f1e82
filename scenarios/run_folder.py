"""The run folder: raw results of one campaign, append-only, and readable at any moment.

`run.json` is there from the beginning and says `incomplete`; it is replaced as a whole at the end. So a
campaign that was interrupted, or a machine that lost power, leaves a folder that says what it is and that a
later campaign can continue. One process at a time writes into it.
"""

import datetime as dt
import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenarios.blocks import Block, write_blocks

SCHEMA = "dicomweb-phantom/run/1"


class RunFolderError(Exception):
    """The folder holds no run that could be continued; the message says why."""


class RunFolder:
    """One folder below `reports/runs`: a new one, or with `continued`, the one of that name."""

    def __init__(self, parent: Path, started: dt.datetime, continued: str = "") -> None:
        self.id = continued or f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self.path = parent / self.id
        if continued:
            self._document = _interrupted(self.path)
        else:
            (self.path / "samples").mkdir(parents=True)
            self._document = {
                "schema": SCHEMA,
                "id": self.id,
                "status": "incomplete",
                "exit_code": None,
                "started": started.isoformat(timespec="seconds"),
            }
        self._lock = _locked(self.path)
        if not continued:
            self.record({})
            self.record_blocks([])

    @property
    def document(self) -> Mapping[str, Any]:
        """What run.json says."""
        return self._document

    def record(self, facts: Mapping[str, Any]) -> None:
        """Add facts to run.json, replacing the file as a whole."""
        self._document.update(facts)
        partial = self.path / "run.json.partial"
        partial.write_text(json.dumps(self._document, indent=1) + "\n", encoding="utf-8")
        partial.replace(self.path / "run.json")

    def samples_path(self, block: int) -> Path:
        """Return where the samples of a block go."""
        return self.path / "samples" / f"block-{block:05d}.parquet"

    def record_blocks(self, blocks: list[Block]) -> None:
        """Write blocks.parquet with all blocks so far."""
        write_blocks(blocks, self.path / "blocks.parquet")

    def close(self, status: str, exit_code: int, ended: dt.datetime) -> None:
        """Say how the run ended, and let others write."""
        self.record({"status": status, "exit_code": exit_code, "ended": ended.isoformat(timespec="seconds")})
        os.close(self._lock)


def _interrupted(path: Path) -> dict[str, Any]:
    """Return run.json of an incomplete run; raises RunFolderError."""
    try:
        document: dict[str, Any] = json.loads((path / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} holds no readable run.json: {error}") from None
    if document.get("schema") != SCHEMA or document.get("status") != "incomplete":
        raise RunFolderError(f"{path} is {document.get('status')}; only an incomplete run can be continued")
    return {name: value for name, value in document.items() if name != "ended"} | {"exit_code": None}


def _locked(path: Path) -> int:
    """Return a lock on the folder that ends with the process; raises RunFolderError if another holds it."""
    lock = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise RunFolderError(f"{path} is being written by a campaign that still runs") from None
    return lock
