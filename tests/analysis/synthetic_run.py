"""Synthetic runs whose truth is known: noise per round, an overhead per arm, and a delay at the client.

A block has its own machine noise (log-normal), as real blocks do, so that two arms of one round differ by
chance; requests scatter around it. `overheads_ms` are spent in the server and show in its timing, `delays_ms`
are spent at the client and do not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

RUN_ID = "20260101T000000Z-abcdef"
FAST = {"qido-series": 0.4, "wado-frame": 1.0, "wado-study": 4.0}


@dataclass(frozen=True)
class Truth:
    """What a synthetic run is made of."""

    operations_ms: Mapping[str, float] = field(default_factory=lambda: FAST)
    overheads_ms: Mapping[str, float] = field(default_factory=lambda: {"null": 0.02, "on": 0.05})
    delays_ms: Mapping[str, float] = field(default_factory=dict)
    arms: tuple[str, ...] = ("off", "off2", "null", "on")
    rounds: int = 16
    requests: int = 30
    round_noise: float = 0.04
    request_noise: float = 0.15
    seed: int = 1


def samples_of_block(
    truth: Truth, block: int, round_number: int, arm: str, random: np.random.Generator
) -> pd.DataFrame:
    """Return the requests of one block."""
    frames = []
    for operation, base_ms in truth.operations_ms.items():
        count = truth.requests
        server = base_ms * np.exp(
            random.normal(0, truth.round_noise) + random.normal(0, truth.request_noise, count)
        )
        server_ms = server + truth.overheads_ms.get(arm, 0.0)
        sent = np.arange(count, dtype=np.int64) * 50_000_000 + 1_000
        end = sent + ((server_ms + 0.05 + truth.delays_ms.get(arm, 0.0)) * 1e6).astype(np.int64)
        frames.append(
            pd.DataFrame(
                {
                    "run": RUN_ID, "round": np.int32(round_number), "arm": arm, "operation": operation,
                    "block": np.int32(block), "seq": np.arange(count, dtype=np.int32), "due_ns": sent - 1_000,
                    "sent_ns": sent, "first_byte_ns": end - 10_000, "end_ns": end, "status": np.int16(200),
                    "request_bytes": 200, "response_bytes": 5_000, "server_total_us": server_ms * 1e3,
                    "server_authn_us": 5.0 if arm in ("null", "on") else 0.0, "server_authz_us": 1.0,
                    "server_index_us": server_ms * 500, "server_blob_us": 0.0,
                    "server_app_us": server_ms * 400, "sql_n": np.int32(1),
                    "error": pd.Series([None] * count, dtype="string"),
                }
            )
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def block_row(block: int, round_number: int, arm: str, requests: int, restart: int) -> dict[str, Any]:
    """Return one row of blocks.parquet, valid and quiet."""
    return {
        "run": RUN_ID, "round": round_number, "arm": arm, "block": block, "restart": restart, "started_ns": 0,
        "ended_ns": 1_000_000_000, "requests": requests, "errors": 0, "server_cpu_ms": 500.0,
        "generator_cpu_ms": 200.0, "rss_bytes": 80_000_000, "steal_fraction": 0.0, "load1": 1.0,
        "involuntary_switches": 10, "lag_p99_ms": 0.1, "least_median_ms": 0.4, "valid": True, "reason": None,
    }  # fmt: skip


def document_of(truth: Truth) -> dict[str, Any]:
    """Return a run.json that holds what a campaign records."""
    delays = {arm: round(truth.delays_ms.get(arm, 0.0) * 1000) for arm in truth.arms}
    return {
        "schema": "dicomweb-phantom/run/1",
        "id": RUN_ID,
        "status": "complete",
        "exit_code": 0,
        "started": "2026-01-01T00:00:00+00:00",
        "campaign": {
            "name": "synthetic",
            "rounds": truth.rounds,
            "arms": [{"name": arm} for arm in truth.arms],
            "reads": dict.fromkeys(truth.operations_ms, 1),
            "writes": {},
        },
        "environment": {"cpu": "none <&>", "cores": 2, "packages": {"synthetic": "1.0"}, "modified": False},
        "arms": {arm: {"accounting": arm, "delay_us": delays[arm], "hash_seeds": [1]} for arm in truth.arms},
        "validity": {"faults": [], "notes": []},
    }


def write_run(folder: Path, truth: Truth = Truth(), **changes: Any) -> Path:
    """Write a run folder; `changes` replace entries of run.json."""
    random = np.random.default_rng(truth.seed)
    (folder / "samples").mkdir(parents=True)
    rows, block = [], 0
    for round_number in range(truth.rounds):
        for arm in truth.arms:
            samples = samples_of_block(truth, block, round_number, arm, random)
            samples.to_parquet(folder / "samples" / f"block-{block:05d}.parquet")
            rows.append(
                block_row(block, round_number, arm, len(samples), int(round_number >= truth.rounds / 2))
            )
            block += 1
    pd.DataFrame(rows, columns=list(block_row(0, 0, "off", 0, 0))).to_parquet(folder / "blocks.parquet")
    (folder / "run.json").write_text(json.dumps(document_of(truth) | changes), encoding="utf-8")
    return folder


def write_phases(folder: Path, *phases: tuple[str, int], rate_per_s: float = 300.0) -> None:
    """Divide a run into phases of so many rounds; `open-30` has 30 % of the rate, and so on."""
    blocks = pd.read_parquet(folder / "blocks.parquet")
    of_round = [name for name, rounds in phases for _ in range(rounds)]
    blocks["phase"] = [of_round[number] for number in blocks["round"]]
    blocks.to_parquet(folder / "blocks.parquet")
    document = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    document["phases"] = []
    for name, rounds in phases:
        loop, _, percent = name.partition("-")
        share = int(percent) / 100 if percent else None
        document["phases"].append(
            {
                "name": name, "loop": loop, "rounds": rounds, "share_of_capacity": share,
                "rate_per_s": share and share * rate_per_s,
            }
        )  # fmt: skip
    (folder / "run.json").write_text(json.dumps(document), encoding="utf-8")


def change_samples(folder: Path, block: int, **columns: Any) -> None:
    """Overwrite columns of one block's samples."""
    path = folder / "samples" / f"block-{block:05d}.parquet"
    pd.read_parquet(path).assign(**columns).to_parquet(path)


def change_blocks(folder: Path, block: int, **columns: Any) -> None:
    """Overwrite columns of one block's row."""
    path = folder / "blocks.parquet"
    blocks = pd.read_parquet(path)
    for name, value in columns.items():
        blocks.loc[blocks["block"] == block, name] = value
    blocks.to_parquet(path)
