"""The README tells the truth: its links lead somewhere, its commands exist, and CI runs its test command."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINKS = sorted({link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")})
SESSIONS = sorted(set(re.findall(r"nox -s (\w+)", README)))
FILES = sorted(set(re.findall(r"(?:scenarios|tests|reports|datasets)/[\w/.]+\.(?:toml|py)", README)))
MODULES = sorted(set(re.findall(r"python -m (\w+(?:\.\w+)*)", README)))


@pytest.mark.parametrize("link", LINKS)
def test_a_link_leads_to_a_file(link: str) -> None:
    assert (ROOT / link.partition("#")[0]).exists()


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_is_defined(session: str) -> None:
    assert re.search(rf"^def {session}\(", (ROOT / "noxfile.py").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("module", MODULES)
def test_a_command_has_complete_help(module: str) -> None:
    command = [sys.executable, "-m", module, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ")


@pytest.mark.parametrize("path", FILES)
def test_a_file_is_there(path: str) -> None:
    assert (ROOT / path).is_file()


def test_ci_runs_the_test_command() -> None:
    command = next(line for line in README.splitlines() if "nox -s tests" in line and "pip install" in line)
    installed, tested = command.partition("#")[0].split("&&")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert shlex.split(installed)[-1] in shlex.split(script, comments=True)
    assert tested.strip() in script.splitlines()
