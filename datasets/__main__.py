"""`python -m datasets RECIPE --seed N --out DIR` makes a data set; `--help` says what there is."""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from datasets.generator import generate, volume_of
from datasets.plans import plan
from datasets.recipes import RECIPES, Recipe, RecipeError, recipe_named

EPILOG = """recipes:
{recipes}

The same recipe and seed give the same bytes on every machine. DIR must be new or empty; a run that was
interrupted may be repeated into the same DIR. A run ends with the rate at which it wrote.
"""


def main(arguments: list[str] | None = None) -> int:
    """Make what the command line asks for and return the exit code: 0 made, 2 not possible as asked."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.out is None and not asked.dry_run:
        parser.error("--out DIR is missing (or --dry-run, to see only how much it would be)")
    try:
        recipe = _sized(recipe_named(asked.recipe), asked.instances)
        _tell_plan(recipe, asked.seed)
        if not asked.dry_run:
            _make(recipe, asked.seed, asked.out)
    except (RecipeError, OSError) as error:
        print(f"datasets: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    recipes = "\n".join(f"  {recipe.name:14}{recipe.summary}" for recipe in RECIPES.values())
    parser = argparse.ArgumentParser(
        prog="python -m datasets",
        description="Make synthetic DICOM files, people who own and share them, and manifest.json.",
        epilog=EPILOG.format(recipes=recipes),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recipe", metavar="RECIPE", help="what to make; see below")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="another seed, other data (default: 1)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder to fill")
    parser.add_argument(
        "--instances", type=int, metavar="N", help="how many instances in total; for uniform recipes only"
    )
    parser.add_argument("--dry-run", action="store_true", help="say how much it would be, and write nothing")
    return parser


def _sized(recipe: Recipe, instances: int | None) -> Recipe:
    """Return the recipe with another number of instances, where it can have one."""
    if instances is None:
        return recipe
    if not recipe.uniform_instances:
        raise RecipeError(f"--instances is for uniform recipes; {recipe.name} draws its numbers")
    if instances < 1:
        raise RecipeError(f"--instances is at least 1, not {instances}")
    studies = -(-instances // recipe.uniform_instances)
    return replace(recipe, studies=studies, instances=instances)


def _tell_plan(recipe: Recipe, seed: int) -> None:
    volume = volume_of(plan(recipe, seed))
    print(
        f"{recipe.name}, seed {seed}: {volume.studies:,} studies, {volume.series:,} series, "
        f"{volume.instances:,} instances, about {volume.size_bytes / 1e6:,.1f} MB"
    )
    if not recipe.uniform_instances:
        scales = ", ".join(f"{share.modality} {share.bytes_scale}" for share in recipe.mix)
        print(f"scale of instances per series {recipe.instances_scale}, of bytes per instance {scales}")


def _make(recipe: Recipe, seed: int, out: Path) -> None:
    total = volume_of(plan(recipe, seed)).instances
    started = time.perf_counter()
    # disable=None shows the bar on a terminal only.
    with tqdm(total=total, unit="instance", disable=None) as bar:
        generate(recipe, seed, out, bar.update)
    seconds = time.perf_counter() - started
    print(f"{total:,} instances in {seconds:.1f} s, {total / seconds:,.0f}/s")
    print(f"{out / 'manifest.json'} is written")


if __name__ == "__main__":
    sys.exit(main())
