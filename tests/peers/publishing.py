"""The published results: the reference archive beside the peers, line by line of the catalogue."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from scenarios.conformance.compare import matrix
from scenarios.conformance.results import Run, write_results
from tests.conformance.reference_archive import reference_archive
from tests.peers.suite import run_suite

MATRIX = "vendor-matrix.md"
HEAD = """\
# Archives side by side

Below the counts, one line for each requirement of `scenarios/conformance/clauses.tsv` on which the archives
differ; the state is the worst of the requirement's checks. What each state means stands in
[docs/conformance.md](../../../docs/conformance.md), and how we read the peers' deviations in
[docs/peers.md](../../../docs/peers.md). Written by `nox -s peers -- --publish reports/published/conformance`.

"""


def publish(peers: Mapping[str, Run], out: Path, folder: Path) -> None:
    """Run the reference archive; write results.json, a file for each peer, and the matrix of them all."""
    out.mkdir(parents=True, exist_ok=True)
    with reference_archive() as base_url:
        target = out / "target.toml"
        target.write_text(f'name = "reference archive"\nbase_url = "{base_url}"\n', encoding="utf-8")
        reference = run_suite(target, out)
    folder.mkdir(parents=True, exist_ok=True)
    runs = {"results": reference, **peers}
    for name, run in runs.items():
        write_results(short(run), folder / f"{name}.json")
    (folder / MATRIX).write_text(matrix_page(list(runs.values())), encoding="utf-8")


def matrix_page(runs: list[Run]) -> str:
    """Return the page with the matrix of these runs."""
    return f"{HEAD}{matrix(runs)}\n"


def short(run: Run) -> Run:
    """Return the run without the exchanges, which are most of its size; a run anew has them all."""
    results = tuple(
        replace(result, evidence=(), evidence_left_out=result.evidence_left_out + len(result.evidence))
        for result in run.results
    )
    return replace(run, results=results)
