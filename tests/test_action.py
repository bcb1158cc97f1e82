"""The action and the GitLab job do what they say: their own shell lines run against a real archive.

What would fetch packages is left out: the interpreter of the tests stands where the environment would be.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from scenarios.conformance.verdict import ExitCode
from tests.conformance.reference_archive import ROOT, reference_archive

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
PAGE = (ROOT / "docs" / "vendors-ci.md").read_text(encoding="utf-8")
GITHUB, GITLAB = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
JOB: dict[str, Any] = GITLAB["dicomweb-conformance"]
FETCHES = re.compile(r"python -m (venv|pip install) ")
TYPICAL = "qido/paging"  # topics whose only deviation is a warning
DEVIATION = """
[[expect]]
check = "qido/paging/remaining_matches_are_announced"
state = "warn"
reason = "the Warning header is obsolete"
"""


@pytest.fixture(scope="module")
def archive() -> Iterator[str]:
    with reference_archive() as base_url:
        yield base_url


def put_interpreter(path: Path) -> None:
    """Put the interpreter of the tests, with its packages, where a virtual environment would have its own."""
    path.parent.mkdir(parents=True)
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    path.chmod(0o755)


def bash(script: str, folder: Path, environment: Mapping[str, str]) -> int:
    """Run a script as GitHub and GitLab do and return its exit code."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), **environment}
    return subprocess.run(command, cwd=folder, env=clean, timeout=120, check=False).returncode


def step(name: str) -> dict[str, Any]:
    """Return the one step of the action that has this name."""
    return next(found for found in STEPS if found.get("name") == name)


def act(folder: Path, **inputs: str) -> tuple[int, dict[str, str]]:
    """Run the step that checks an archive and return its exit code, its output and its summary."""
    given = {key: str(entry.get("default", "")) for key, entry in ACTION["inputs"].items()} | inputs
    values = {f"inputs.{key}": text for key, text in given.items()} | {"github.action_path": str(ROOT)}
    files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    environment = {name: str(path) for name, path in files.items()} | {"RUNNER_TEMP": str(folder / "temp")}
    check = step("Check the archive")
    for name, template in check["env"].items():
        environment[name] = re.sub(r"\$\{\{ (.*?) \}\}", lambda found: values[found[1]], template)
    put_interpreter(folder / "temp" / "phantom" / "bin" / "python")
    code = bash(check["run"], folder, environment)
    return code, {
        name: path.read_text(encoding="utf-8") if path.exists() else "" for name, path in files.items()
    }


def test_the_action_checks_an_archive_and_shows_the_summary(archive: str, tmp_path: Path) -> None:
    code, files = act(tmp_path, target=archive, selectors=f"{TYPICAL} QIDO-001", edition="2025c")
    assert (code, files["GITHUB_OUTPUT"]) == (ExitCode.OK, "exit-code=0\n")
    assert files["GITHUB_STEP_SUMMARY"].startswith(f"# DICOMweb conformance of {archive}: conforming")
    assert "Edition 2025c" in files["GITHUB_STEP_SUMMARY"]
    assert (tmp_path / "temp" / "dicomweb-conformance" / "report.html").is_file()


def test_expectations_and_targets_are_paths_of_the_workspace(archive: str, tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text(DEVIATION, encoding="utf-8")
    (tmp_path / "my archive.toml").write_text(f'base_url = "{archive}"\nname = "Mine"\n', encoding="utf-8")
    code, files = act(
        tmp_path, target="my archive.toml", expectations="known.toml", selectors=TYPICAL, profile="core"
    )
    assert code == ExitCode.OK
    assert "of Mine: conforming" in files["GITHUB_STEP_SUMMARY"]


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"target": "http://127.0.0.1:1/dicom-web"}, ExitCode.UNREACHABLE),
        ({"target": "$(touch made)", "selectors": "`touch made`"}, ExitCode.USAGE),
        ({"target": "http://127.0.0.1:1/dicom-web", "profile": "everything"}, ExitCode.USAGE),
    ],
)
def test_the_step_fails_with_the_exit_code_and_runs_no_input(
    inputs: dict[str, str], code: ExitCode, tmp_path: Path
) -> None:
    assert act(tmp_path, **inputs) == (
        code,
        {"GITHUB_OUTPUT": f"exit-code={code:d}\n", "GITHUB_STEP_SUMMARY": ""},
    )
    assert not (tmp_path / "made").exists()


def test_the_action_uses_nothing_of_third_parties_and_pins_what_it_installs() -> None:
    used = [found["uses"] for found in STEPS if "uses" in found]
    assert [name.partition("/")[0] for name in used] == ["actions"] * len(used)
    install = step("Install the suite")["run"]
    named = re.findall(r'--require-hashes \\\s+-r "\$GITHUB_ACTION_PATH/(\S+)"', install)
    assert [(ROOT / name).is_file() for name in named] == [True]
    assert "${{" not in install + step("Check the archive")["run"]


def test_the_reports_are_kept_even_of_a_failure() -> None:
    publish = step("Publish the report")
    assert (publish["if"], publish["uses"].partition("@")[0]) == ("always()", "actions/upload-artifact")
    assert publish["with"]["path"].rpartition("/")[2] in step("Check the archive")["run"]


def test_the_documented_inputs_are_those_of_the_action() -> None:
    documented = set(re.findall(r"^\| `([\w-]+)` \|", PAGE, re.MULTILINE))
    assert documented == set(ACTION["inputs"])
    used = [found["with"] for found in GITHUB["jobs"]["conformance"]["steps"] if "with" in found]
    assert used
    assert all(set(given) <= documented for given in used)


def test_the_gitlab_job_checks_an_archive(archive: str, tmp_path: Path) -> None:
    lines = [line for line in JOB["script"] if not FETCHES.search(line)]
    assert len(JOB["script"]) - len(lines) == 2  # the environment and its packages
    put_interpreter(tmp_path / "phantom-env" / "bin" / "python")
    (tmp_path / "known.toml").write_text(DEVIATION, encoding="utf-8")
    variables = JOB["variables"] | {"PHANTOM": str(ROOT), "TARGET": archive, "EXPECTATIONS": "known.toml"}
    variables["PROFILE"] = "core"
    script = "\n".join(lines).replace("scenarios.conformance run", f"scenarios.conformance run {TYPICAL}")
    assert bash(script, tmp_path, variables) == ExitCode.OK
    for kept in (JOB["artifacts"]["reports"]["junit"], "report/report.html"):
        assert (tmp_path / kept).is_file()
    pinned = [re.findall(r"-r phantom/(\S+)", line) for line in JOB["script"] if "pip install" in line]
    assert [(tmp_path / "phantom" / name).is_file() for name in pinned[0]] == [True]
