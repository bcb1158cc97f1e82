"""The run folder: raw results of one campaign, append-only, and readable at any moment.

`run.json` is there from the beginning and says `incomplete`; it is replaced as a whole at the end. So a
campaign that was interrupted, or a machine that lost power, leaves a folder that says what it is.
"""

import datetime as dt
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenarios.blocks import Block, write_blocks

SCHEMA = "dicomweb-phantom/run/1"


class RunFolder:
    """One folder below `reports/runs`."""

    def __init__(self, parent: Path, started: dt.datetime) -> None:
        self.id = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self.path = parent / self.id
        (self.path / "samples").mkdir(parents=True)
        self._document: dict[str, Any] = {
            "schema": SCHEMA,
            "id": self.id,
            "status": "incomplete",
            "exit_code": None,
            "started": started.isoformat(timespec="seconds"),
        }
        self.record({})
        self.record_blocks([])

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
        """Say how the run ended."""
        self.record({"status": status, "exit_code": exit_code, "ended": ended.isoformat(timespec="seconds")})
