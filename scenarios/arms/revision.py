"""The code of a git revision, laid out in a folder of its own.

The files are those that `git archive` packs, so nothing is registered in the repository: what a killed
campaign leaves behind is a temporary folder.
"""

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

from scenarios.plan import PlanError

ROOT = Path(__file__).resolve().parents[2]


def commit_of(revision: str) -> str:
    """Return the commit that a revision names; raises PlanError."""
    # The end of options keeps a revision from being read as one.
    done = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if done.returncode:
        raise PlanError(f"revision {revision!r} names no commit here; try git log --oneline")
    return done.stdout.decode().strip()


def export(commit: str, folder: Path) -> Path:
    """Write the files of a commit into a new folder and return it."""
    done = _git("archive", "--format=tar", commit)
    if done.returncode:
        raise PlanError(f"git cannot pack {commit}: {done.stderr.decode(errors='replace').strip()}")
    folder.mkdir(parents=True)
    with tarfile.open(fileobj=BytesIO(done.stdout)) as packed:
        packed.extractall(folder, filter="data")
    return folder


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False, timeout=60)
    except OSError as error:
        raise PlanError(f"an arm with a revision needs git: {error.strerror}") from None
