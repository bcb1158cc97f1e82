"""The access-control checks against the reference archive with grants, and the command that sets them up."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenarios.conformance.check import Check, all_checks
from scenarios.conformance.principals import ADMIN_TOKEN, toml_of, write_private
from scenarios.conformance.runner import Runner, new_seed
from scenarios.conformance.target import Capability, Target, load_target
from scenarios.conformance.verdict import State
from tests.conformance.guarded_archive import guarded_archive
from tests.conformance.reference_archive import ROOT

CHECKS = [check for check in all_checks() if check.capability is Capability.ACCESS_CONTROL]
# What the archive does not offer: keys of a level below what is searched.
UNSUPPORTED = {"acc/projection/keys_below_the_study_select_no_study"}


@pytest.fixture(scope="module")
def guarded() -> Iterator[Target]:
    with guarded_archive() as target:
        yield target


@pytest.fixture(scope="module")
def guarded_runner(guarded: Target) -> Iterator[Runner]:
    runner = Runner(guarded, new_seed())
    yield runner
    runner.close()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_grants_satisfy(check: Check, guarded_runner: Runner) -> None:
    result = guarded_runner.run(check)
    expected = State.UNSUPPORTED if check.name in UNSUPPORTED else State.PASS
    assert result.state is expected, f"{result.reason} {result.expectation}: {result.got}"


def test_a_target_survives_its_file(guarded: Target, tmp_path: Path) -> None:
    path = tmp_path / "target.toml"
    write_private(path, toml_of(guarded))
    assert load_target(str(path)) == guarded
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        write_private(path, "")


def command(*arguments: str, token: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: text for name, text in os.environ.items() if name != ADMIN_TOKEN}
    if token is not None:
        environment[ADMIN_TOKEN] = token
    return subprocess.run(
        [sys.executable, "-m", "scenarios.conformance.principals", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_writes_a_target(guarded: Target, tmp_path: Path) -> None:
    path = tmp_path / "target.toml"
    token = guarded.principals["admin"]["Authorization"].removeprefix("Bearer ")
    assert command(guarded.base_url, "--out", str(path), token=token).returncode == 0
    written = load_target(str(path))
    assert set(written.principals) == {"admin", "owner", "other"}
    assert written.accounting_url == guarded.accounting_url
    assert written.offers(Capability.ACCESS_CONTROL)


@pytest.mark.parametrize(("token", "why"), [(None, f"set {ADMIN_TOKEN}"), ("nonsense", "401")])
def test_the_command_says_what_is_missing(
    guarded: Target, tmp_path: Path, token: str | None, why: str
) -> None:
    path = tmp_path / "target.toml"
    done = command(guarded.base_url, "--out", str(path), token=token)
    assert done.returncode == 2
    assert why in done.stderr
    assert not path.exists()
