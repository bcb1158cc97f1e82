"""Regressions are found: a clone gets a commit that costs, and its base and head are compared.

    python -m tests.harness.regressions [CHANGE...]

One commit adds a SQL round trip to every request, one makes bodies longer, and one burns CPU time. Each has
to trip its gate, and an empty commit must trip none. It takes about six minutes on two cores.
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CAMPAIGN = "scenarios/campaigns/regress/revisions.toml"
BRIEF = ["--set", "rounds=8", "--set", "restarts=1"]
AUTHOR = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]


@dataclass(frozen=True, slots=True)
class Change:
    """A commit: what is appended to a file of the server, and the measures whose gates it has to trip."""

    name: str
    file: str
    appended: str
    trips: frozenset[str]


SQL = """

_once = Database.read


async def _twice(self: Database, *arguments: object, **named: object) -> object:
    await _once(self, *arguments, **named)
    return await _once(self, *arguments, **named)


Database.read = _twice
"""
BYTES = """

_plain = receipt


def receipt(results: Sequence[Kept | Failure], base: str, study: str | None) -> bytes:
    return _plain(results, base, study) + b" "
"""
CPU = """

def _burn() -> None:
    import time

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    run = RequestResponseCycle.run_asgi

    async def burning(self: RequestResponseCycle, app: object) -> None:
        began = time.process_time()
        await run(self, app)
        ended = time.process_time()
        while time.process_time() - ended < SHARE * (ended - began):
            pass

    RequestResponseCycle.run_asgi = burning


SHARE = 0.45  # of what passed in the process while the request was answered
_burn()
"""
CHANGES = (
    Change("nothing", "reference_server/timing.py", "\n", frozenset()),
    Change("a SQL round trip", "reference_server/storage/database.py", SQL, frozenset({"SQL round trips"})),
    Change("a byte", "reference_server/dicomweb/receipt.py", BYTES, frozenset({"bytes"})),
    Change("CPU time", "reference_server/app.py", CPU, frozenset({"server CPU"})),
)


def tell(*lines: str) -> None:
    """Say at once what was found."""
    sys.stdout.write("\n  ".join(lines) + "\n")
    sys.stdout.flush()


def tripped(change: Change, folder: Path) -> set[str]:
    """Return the measures that trip between a clone's HEAD and a commit with this change."""
    clone = folder / change.name.replace(" ", "-")
    subprocess.run(["git", "clone", "--quiet", "--local", str(ROOT), str(clone)], check=True)
    file = clone / change.file
    file.write_text(file.read_text(encoding="utf-8") + change.appended, encoding="utf-8")
    subprocess.run(["git", *AUTHOR, "commit", "-qam", change.name, "--allow-empty"], cwd=clone, check=True)
    data = (
        ["--data", str(ROOT / "build" / "data" / "tiny-1")] if (ROOT / "build/data/tiny-1").is_dir() else []
    )
    command = [sys.executable, "-m", "scenarios.campaign", CAMPAIGN, *BRIEF, "--out", "runs", *data]
    command += ["--set", "arms.base.revision=HEAD~1", "--set", "arms.head.revision=HEAD"]
    subprocess.run(command, cwd=clone, check=True, capture_output=True)
    judged = [sys.executable, "-m", "reports.regression", "latest", "--runs", "runs"]
    done = subprocess.run(judged, cwd=clone, check=False, capture_output=True, text=True)
    if done.returncode not in {0, 1}:
        raise RuntimeError(done.stderr)
    lines = [line for line in done.stdout.splitlines() if "**regressed**" in line]
    sys.stdout.write(
        f"{change.name}: exit code {done.returncode}\n" + "".join(f"  {line}\n" for line in lines)
    )
    return {line.split("|")[1].strip() for line in lines}


def main() -> int:
    """Try every change and tell whether each was found, and nothing where there is nothing."""
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="phantom-regressions-") as folder:
        for change in [each for each in CHANGES if each.name in sys.argv[1:] or not sys.argv[1:]]:
            found = tripped(change, Path(folder))
            good = change.trips <= found if change.trips else not found
            tell(f"{change.name}: {'as expected' if good else 'NOT as expected'}")
            wrong += not good
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
