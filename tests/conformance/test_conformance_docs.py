"""What docs/conformance.md shows can be used as it stands: its TOML, its commands and its readings."""

import re
import shlex
import tomllib
from datetime import date
from pathlib import Path

import pytest

from scenarios.conformance import arguments
from scenarios.conformance.check import all_checks
from scenarios.conformance.clauses import all_clauses
from scenarios.conformance.expectations import load_expectations, refuse_unmatched
from scenarios.conformance.target import Capability, parse_target
from tests.conformance.reference_archive import ROOT

PAGE = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
TARGET, EXPECTATIONS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^.*python -m scenarios\.conformance (.*)$", PAGE, re.MULTILINE)
COMMANDS += re.findall(r"^nox -s conformance -- (.*)$", PAGE, re.MULTILINE)


def test_the_target_is_one() -> None:
    target = parse_target(tomllib.loads(TARGET), {"ARCHIVE_TOKEN": "t"})
    assert target.principals["owner"] == {"Authorization": "Bearer t"}
    assert target.offers(Capability.WORKLIST)
    assert not target.offers(Capability.WADO_URI)


def test_the_expectations_mean_a_check(tmp_path: Path) -> None:
    path = tmp_path / "expectations.toml"
    path.write_text(EXPECTATIONS, encoding="utf-8")
    refuse_unmatched(load_expectations(path, date(2026, 1, 1)), all_checks())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_can_be_parsed(command: str) -> None:
    arguments.parse(shlex.split(command.partition("`")[0]))


def test_every_reading_that_is_named_is_explained() -> None:
    explained = re.findall(r"^\| (DR-\d\d) \|", PAGE, re.MULTILINE)
    assert explained == sorted(set(explained))
    checks = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "scenarios" / "conformance" / "checks").glob("*.py")
    )
    rows = " ".join(clause.dual_reading for clause in all_clauses().values())
    assert set(re.findall(r"DR-\d\d", checks + rows)) <= set(explained)
