"""`python -m tests.peers.speed` measures the reference archive beside Orthanc and writes one table."""

import argparse
import subprocess
import sys
from pathlib import Path

from scenarios.conformance.verdict import ExitCode
from tests.conformance.reference_archive import ROOT
from tests.peers.orthanc import find
from tests.peers.peer import MissingPeerError

CAMPAIGNS = ROOT / "scenarios" / "campaigns" / "peers"
SIZES = ("small", "scale")


def known_size(name: str) -> str:
    """Return the name of a campaign of peers."""
    if name not in SIZES:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SIZES)}")
    return name


def main(argv: list[str] | None = None) -> int:
    """Carry out the campaigns and return the first exit code that is not 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers.speed", description=__doc__)
    parser.add_argument(
        "sizes", nargs="*", metavar="SIZE", type=known_size, default=list(SIZES), help="default: both"
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as of a campaign")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "peers" / "speed")
    chosen = parser.parse_args(argv)
    try:
        find()
    except MissingPeerError as error:
        sys.stderr.write(f"Orthanc could not run: {error}\n")
        return ExitCode.INCOMPLETE
    runs: list[str] = []
    overrides = [f"--set={each}" for each in chosen.set]
    for size in chosen.sizes:
        folder = chosen.out / size
        before = {*folder.glob("*")}
        command = ["-m", "scenarios.campaign", str(CAMPAIGNS / f"{size}.toml"), "--out", str(folder)]
        done = subprocess.run([sys.executable, *command, *overrides], cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
        runs += map(str, {*folder.glob("*")} - before)
    command = ["-m", "reports.speed", *runs, "--out", str(chosen.out)]
    return subprocess.run([sys.executable, *command], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
