"""The administrators' command line does what the API does, with exit codes, be the folder served or not."""

import json
from pathlib import Path
from typing import Any

import pytest

from reference_server.__main__ import main
from reference_server.management.command import COMMANDS, VERBS
from reference_server.management.table import PROCEDURES
from tests.server.running import RunningArchive, bearer


class Folder:
    """A data folder with an administrator, and the command line on it."""

    def __init__(self, data: Path, captured: pytest.CaptureFixture[str]) -> None:
        self.data = data
        self.captured = captured
        assert main(["token", "--data", str(data), "--user", "root"]) == 0
        captured.readouterr()

    def run(self, line: str, status: int = 0) -> Any:
        """Carry out a command that ends with this exit code and return its result."""
        assert main(["admin", *line.split(), "--data", str(self.data)]) == status
        out, err = self.captured.readouterr()
        assert bool(err) == bool(status)
        return json.loads(out) if out else None


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Folder:
    return Folder(tmp_path / "data", capsys)


def test_people_and_permissions_are_managed(folder: Folder) -> None:
    folder.run("organizations create --name trust")
    folder.run("facilities create --name north --organization trust")
    folder.run("roles create --name reader")
    folder.run("users create --name ann --facilities north --roles reader")
    assert folder.run("users show ann")["roles"] == ["reader"]
    assert folder.run("users update ann --roles --disabled") == {
        "name": "ann",
        "administrator": False,
        "disabled": True,
        "facilities": ["north"],
        "roles": [],
        "organizations": [],
    }
    assert folder.run("users update ann --no-disabled --name anna")["name"] == "anna"
    folder.run("categories create --name teaching")
    folder.run("permissions set teaching role reader --operations R")
    assert [each["operations"] for each in folder.run("permissions list teaching")] == [["Q", "R"]]
    share = folder.run("shares create --subject user/anna --repository north --operations Q R")["id"]
    assert folder.run(f"shares show {share}")["granted_by"] == "root"
    reasons = folder.run("effective list --repository north --principal user/anna")[0]["because"]
    assert share in [each["grant"] for each in reasons]
    assert folder.run(f"shares delete {share}") is None
    assert share not in [each["grant"] for each in folder.run("effective show anna")]
    folder.run("users delete anna")
    assert [each["name"] for each in folder.run("users list")] == ["root"]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("users show nobody", 1),
        ("users create --name root", 1),
        ("users create --name a/b", 2),
        ("users create --name x --roles nothing", 2),
        ("shares create --subject ghost/x --repository default --operations Q", 2),
        ("shares create --subject user/root --repository nowhere --operations Q", 1),
        ("shares delete x", 1),
        ("owners show default 1.2.3", 1),
        ("roles list --limit 0", 2),
        ("roles list --as nobody", 2),
    ],
)
def test_a_refusal_is_told_from_a_misunderstanding(folder: Folder, line: str, status: int) -> None:
    folder.run(line, status)


@pytest.mark.parametrize("line", ["", "ghosts list", "users grow", "users create", "users list --colour red"])
def test_a_command_that_does_not_exist_is_explained(folder: Folder, line: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["admin", "--data", str(folder.data), *line.split()])
    assert stopped.value.code == 2
    assert "usage:" in folder.captured.readouterr().err


def test_a_folder_without_an_archive_stays_as_it_is(tmp_path: Path) -> None:
    assert main(["admin", "--data", str(tmp_path), "users", "list"]) == 2
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SystemExit):
        main(["admin", "users", "list"])


def test_every_command_is_a_procedure_and_none_is_forgotten() -> None:
    commanded = {(path, VERBS[verb]) for (_, verb), path in COMMANDS.items()}
    served = {(path, method) for path, procedures in PROCEDURES.items() for method in procedures}
    assert served - commanded == {
        ("/accounting/roles/{name}/permissions", "GET"),
        ("/accounting/users/{name}/permissions", "GET"),
    }


def test_a_served_archive_follows_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = RunningArchive(tmp_path / "data", "grants").start()
    folder = Folder(archive.data, capsys)
    folder.run("users create --name ann --administrator")
    token = folder.run("tokens create ann")["token"]
    url = f"{archive.origin}/accounting/users/ann"
    assert archive.client.get(url, headers=bearer(token)).json()["administrator"] is True
    folder.run("users update ann --no-administrator")
    assert archive.client.get(url, headers=bearer(token)).status_code == 403
    folder.run("users delete ann")
    assert archive.client.get(url, headers=bearer(token)).status_code == 401
    archive.end()
    archive.client.close()
