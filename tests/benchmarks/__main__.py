"""`python -m tests.benchmarks --base REV` runs the micro benchmarks of two revisions in turn."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from scenarios.arms.revision import ROOT, commit_of, export
from scenarios.plan import PlanError

ORDER = ("base", "head", "head", "base")  # drift favours none


def main(argv: list[str] | None = None) -> int:
    """Print the ratio of the medians for each benchmark that both revisions have; it judges nothing."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--base", default="HEAD", help="the revision that the code here is held against")
    parser.add_argument("paths", nargs="*", default=["tests/benchmarks"], help="of benchmarks")
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="phantom-benchmarks-") as folder:
        try:
            base = export(commit_of(chosen.base), Path(folder) / "base")
        except PlanError as error:
            sys.stderr.write(f"error: {error}\n")
            return 2
        medians: dict[str, dict[str, float]] = {"base": {}, "head": {}}
        for number, arm in enumerate(ORDER):
            found = run(base if arm == "base" else ROOT, chosen.paths, Path(folder) / f"{number}.json")
            for name, median in found.items():
                medians[arm][name] = min(median, medians[arm].get(name, median))
    sys.stdout.write(table(medians["base"], medians["head"]))
    return 0


def run(tree: Path, paths: list[str], report: Path) -> dict[str, float]:
    """Return the median of each benchmark of a tree, in microseconds."""
    command = [sys.executable, "-m", "pytest", *paths, "--benchmark-only", f"--benchmark-json={report}", "-q"]
    subprocess.run([*command, "-p", "no:cacheprovider"], cwd=tree, check=True, stdout=subprocess.DEVNULL)
    document = json.loads(report.read_text(encoding="utf-8"))
    return {each["fullname"]: each["stats"]["median"] * 1e6 for each in document["benchmarks"]}


def table(base: dict[str, float], head: dict[str, float]) -> str:
    """Return a Markdown table of the benchmarks that both have, the slowest change first."""
    both = sorted(base.keys() & head.keys(), key=lambda name: base[name] / head[name])
    lines = ["| benchmark | base us | head us | ratio |", "|---|---|---|---|"]
    lines += [
        f"| {name.rpartition('/')[2]} | {base[name]:.1f} | {head[name]:.1f} | {head[name] / base[name]:.2f} |"
        for name in both
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
