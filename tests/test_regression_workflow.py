"""The workflow of docs/regression.md does what it says: its own shell lines run against two real archives."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.conformance.reference_archive import ROOT, reference_archive

PAGE = (ROOT / "docs" / "regression.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
STEPS: list[dict[str, Any]] = yaml.safe_load(BLOCK)["jobs"]["regression"]["steps"]
CAMPAIGN = "scenarios/campaigns/regress/targets.toml"
# Two rounds give no interval, so times cannot trip; bytes can.
BRIEF = (
    "--set rounds=2 --set restarts=1 --set block_s=0.3 --set warmup.at_most_s=0.5 --set validity.steal=1.0 "
)
BRIEF += "--set validity.lag_p99_ms=9999.0 --set validity.generator_cpu=9.0"


def step(name: str) -> dict[str, Any]:
    """Return the one step that has this name."""
    return next(found for found in STEPS if found.get("name") == name)


def test_two_equal_builds_pass_and_leave_summary_history_and_export(tmp_path: Path) -> None:
    interpreter = tmp_path / "phantom-env" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    interpreter.chmod(0o755)
    (tmp_path / "phantom").symlink_to(ROOT)
    compare = step("Compare")
    script = compare["run"].replace(CAMPAIGN, f"{CAMPAIGN} {BRIEF}")
    assert script != compare["run"]
    with reference_archive() as base, reference_archive() as head:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            **dict(zip(compare["env"], (base, head), strict=True)),
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True, timeout=120
        )
    assert done.returncode == 0, done.stderr
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "none of" in summary
    assert "| bytes | qido-series |" in summary
    results = tmp_path / Path(step("Keep the results")["with"]["path"])
    assert json.loads((results / "history.jsonl").read_text(encoding="utf-8"))["tripped"] == []
    assert json.loads((results / "benchmark.json").read_text(encoding="utf-8"))


def test_the_workflow_installs_what_is_pinned_and_uses_nothing_of_third_parties() -> None:
    pinned = re.findall(r"--require-hashes -r phantom/(\S+)", step("Install")["run"])
    assert [(ROOT / name).is_file() for name in pinned] == [True]
    used = [found["uses"] for found in STEPS if "uses" in found]
    assert {name.partition("/")[0] for name in used} == {"actions"}
