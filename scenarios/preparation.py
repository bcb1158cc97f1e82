"""Preparation: before anything is measured, the data set exists, and every arm runs and holds it."""

import dataclasses
import hashlib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from datasets.manifest import Manifest
from datasets.plans import plan as planned
from datasets.recipes import RecipeError, recipe_named
from scenarios.arms import Arm
from scenarios.data_set import open_data_set
from scenarios.filling import fill
from scenarios.guard import Guard
from scenarios.plan import DataPlan, PlanError
from scenarios.telling import tell

ROOT = Path(__file__).resolve().parent.parent
MADE_DATA = ROOT / "build" / "data"


def expected_instances(data: DataPlan, folder: Path | None) -> int:
    """Return how many instances will be filled in, without making what is not there."""
    if folder is not None:
        return sum(
            len(series.instances) for study in open_data_set(folder).studies for series in study.series
        )
    try:
        return sum(study.instances for study in planned(recipe_named(data.recipe), data.seed))
    except RecipeError as error:
        raise PlanError(str(error)) from None


def made_data(data: DataPlan) -> Path:
    """Return the folder of a generated data set, making it where it is missing."""
    folder = MADE_DATA / f"{data.recipe}-{data.seed}"
    if not (folder / "manifest.json").is_file():
        tell(f"making data set {data.recipe}, seed {data.seed}")
        command = [
            sys.executable,
            "-m",
            "datasets",
            data.recipe,
            "--seed",
            str(data.seed),
            "--out",
            str(folder),
        ]
        done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        if done.returncode:
            raise PlanError(f"data set {data.recipe!r} could not be made; see above")
    return folder


def start_all(arms: dict[str, Arm], guard: Guard) -> None:
    """Start all arms at the same time, and have them watched."""

    def start(arm: Arm) -> None:
        arm.prepare()
        arm.start()
        if arm.pid is not None:
            guard.watch_process(arm.pid)

    with ThreadPoolExecutor(len(arms)) as pool:
        for started in [pool.submit(start, arm) for arm in arms.values()]:
            started.result()


def describe_data(data: Path, manifest: Manifest) -> dict[str, Any]:
    """Return what run.json says about the data set, with a digest of all that is in it."""
    instances = [i for study in manifest.studies for series in study.series for i in series.instances]
    listing = "".join(sorted(f"{each.sop_instance_uid} {each.sha256}\n" for each in instances))
    return {
        "recipe": manifest.recipe,
        "seed": manifest.seed,
        "own_files": not (data / "manifest.json").is_file(),
        "instances_scale": manifest.instances_scale,
        "bytes_scales": dict(manifest.bytes_scales),
        "studies": len(manifest.studies),
        "series": sum(len(study.series) for study in manifest.studies),
        "instances": len(instances),
        "bytes": sum(each.size_bytes for each in instances),
        "content_sha256": hashlib.sha256(listing.encode()).hexdigest(),
    }


def fill_all(arms: dict[str, Arm], manifest: Manifest) -> dict[str, Any]:
    """Fill all arms at the same time and return what the measured caller sees of each, and the time."""
    started = time.monotonic()
    tell(f"filling {len(arms)} arms with {len(manifest.studies)} studies")
    with ThreadPoolExecutor(len(arms)) as pool:
        filled = {name: pool.submit(fill, arm, manifest) for name, arm in arms.items()}
        selectivity = {name: dataclasses.asdict(future.result()) for name, future in filled.items()}
    return {"selectivity": selectivity, "fill_s": round(time.monotonic() - started, 1)}
