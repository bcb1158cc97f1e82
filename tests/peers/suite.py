"""The suite as a vendor runs it: its command line against one archive, and the reports that it leaves."""

import subprocess
import sys
from pathlib import Path

from scenarios.conformance.results import Run, read_results
from scenarios.conformance.verdict import ExitCode
from tests.conformance.reference_archive import ROOT

PROFILE = "strict"  # everything but what binds only archives that claim it
JUDGED = (ExitCode.OK, ExitCode.NON_CONFORMING, ExitCode.INCOMPLETE)


def run_suite(target: Path, out: Path, selectors: tuple[str, ...] = ()) -> Run:
    """Check the archive of this target.toml and return what the suite says; the folder gets its reports."""
    command = [
        sys.executable, "-m", "scenarios.conformance", *selectors,
        "--target", str(target), "--out", str(out), "--profile", PROFILE,
    ]  # fmt: skip
    log = out / "suite.log"
    with log.open("wb") as output:
        done = subprocess.run(command, cwd=ROOT, stdout=output, stderr=output, check=False)
    if done.returncode not in JUDGED:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {log.read_text()}")
    return read_results(out / "results.json")
