"""The archives of one size: a listing, and a folder loaded from it for each arm.

They are made in the work folder, and used again if they are there: a load that did not end leaves no archive.
"""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from datasets.listing.head import Head
from scenarios.arms.revision import ROOT
from scenarios.growth.plan import GrowthPlan
from scenarios.plan import PlanError
from scenarios.telling import tell

LOADS_AT_A_TIME = 2
INDEX = "index.sqlite"


@dataclass(frozen=True, slots=True)
class MadeArchive:
    """A loaded folder, a token of each user, and what making it took; no time if it was there already."""

    folder: Path
    tokens: dict[str, str]
    load_s: float | None
    index_bytes: int


@dataclass(frozen=True, slots=True)
class Archives:
    """All archives of one size, by arm."""

    head: Head
    by_arm: dict[str, MadeArchive]


def make_archives(plan: GrowthPlan, studies: int, work: Path) -> Archives:
    """Make what is missing; raises PlanError where that fails."""
    place = work / f"{studies}x{plan.instances}-{plan.users}x{plan.grants}-{plan.seed}"
    listing = place / "listing"
    if not (listing / "listing.json").exists():
        tell(f"listing {studies} studies of {plan.instances} instances")
        _run(
            "datasets.listing",
            *("--studies", str(studies), "--instances", str(plan.instances), "--users", str(plan.users)),
            *("--grants", str(plan.grants), "--seed", str(plan.seed), "--out", str(listing)),
        )
    with ThreadPoolExecutor(LOADS_AT_A_TIME) as pool:
        made = {arm: pool.submit(_load, arm, listing, place / arm) for arm in plan.arms}
        return Archives(Head.read(listing), {arm: each.result() for arm, each in made.items()})


def _load(arm: str, listing: Path, folder: Path) -> MadeArchive:
    tokens = folder.with_suffix(".tokens.json")
    load_s = None
    if not ((folder / INDEX).exists() and tokens.exists()):
        tell(f"loading the archive of arm {arm}")
        started = time.monotonic()
        arguments = ("--data", str(folder), "--listing", str(listing), "--accounting", arm)
        _run("reference_server", "load", *arguments, "--tokens", str(tokens))
        load_s = round(time.monotonic() - started, 1)
    found: dict[str, str] = json.loads(tokens.read_text(encoding="utf-8"))
    return MadeArchive(folder, found, load_s, (folder / INDEX).stat().st_size)


def _run(module: str, *arguments: str) -> None:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PlanError(f"{module} failed: {done.stderr.strip()[-600:]}")
