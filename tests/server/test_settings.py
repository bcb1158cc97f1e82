"""Settings come from four sources, and what cannot be used is said before anything is served."""

import socket
from pathlib import Path
from typing import Any

import pytest

from reference_server.settings import Accounting, SettingsError, load_settings
from tests.server.hospital import open_hospital
from tests.server.running import RunningArchive, run


def test_the_later_source_wins(tmp_path: Path) -> None:
    toml = tmp_path / "archive.toml"
    toml.write_text('data = "a"\nport = 1\naccounting = "allow-all"\nmax-results = 7\n', encoding="utf-8")
    environment = {"PHANTOM_PORT": "2", "PHANTOM_DATA": "b", "PATH": "/bin", "PHANTOM_CONFIG": "ignored"}
    settings = load_settings({"data": "c"}, environment, toml)
    assert (settings.data, settings.port, settings.max_results) == (Path("c"), 2, 7)
    assert settings.accounting is Accounting.ALLOW_ALL
    assert settings.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "70000"), ("port", "x"), ("port", None), ("accounting", "on"), ("base_path", "dicom"),
        ("base_path", "/accounting"), ("force", "maybe"), ("max_results", "0"), ("public_url", "ftp://x"),
        ("cors_origins", "viewer.example"), ("cors_origins", "https://a/b"), ("client_timeout", "0"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_with_its_name_and_source(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=f"command line: {name}="):
        load_settings({"data": "d", name: value}, {})


def test_missing_data_and_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="data is missing"):
        load_settings({}, {})
    toml = tmp_path / "archive.toml"
    toml.write_text("colour = 1", encoding="utf-8")
    with pytest.raises(SettingsError, match="no setting 'colour'"):
        load_settings({}, {}, toml)
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings({}, {}, tmp_path / "none.toml")


def test_a_taken_port_is_a_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--data", str(tmp_path), "--port", str(port))
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unusable_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    done = run("--data", str(tmp_path / "file"))
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "index.sqlite").write_text(
        "no database at all, but long enough" * 9, encoding="utf-8"
    )
    done = run("--data", str(tmp_path / "data"))
    assert done.returncode == 2
    assert "no usable index" in done.stderr


def test_help_names_every_setting() -> None:
    text = run("--help").stdout
    for flag in (
        "--data",
        "--host",
        "--port",
        "--accounting",
        "--base-path",
        "--force",
        "--config",
        "PHANTOM_",
    ):
        assert flag in text


def test_several_repositories_are_not_opened_to_everyone_by_mistake(tmp_path: Path, ct: bytes) -> None:
    archive = RunningArchive(tmp_path, "grants").start()
    try:
        open_hospital(archive, ct)
    finally:
        archive.end()
    done = run("--data", str(tmp_path), "--accounting", "off")
    assert done.returncode == 2
    assert "several repositories" in done.stderr
    forced = RunningArchive(tmp_path, "off", ("--force",), client=archive.client).start()
    try:
        assert len(forced.get("/studies").json()) == 1
    finally:
        forced.end()
        forced.client.close()


def test_what_was_stored_with_accounting_off_belongs_to_the_default_repository(
    tmp_path: Path, ct: bytes
) -> None:
    archive = RunningArchive(tmp_path, "off").start()
    assert archive.store(ct).status_code == 200
    assert archive.manage("/organizations", {"name": "o"}, "x").status_code == 404
    archive.end()
    root = archive.administrator()
    archive.accounting = "grants"
    archive.start()
    try:
        assert archive.get("/studies", token=root).json() == []
        for path, body in (
            ("/organizations", {"name": "o"}),
            ("/facilities", {"name": "default", "organization": "o"}),
            ("/users", {"name": "ann", "facilities": ["default"], "roles": []}),
        ):
            assert archive.manage(path, body, root).status_code == 201
        token = archive.manage("/users/ann/tokens", {"expires": None}, root).json()["token"]
        assert len(archive.get("/studies", token=token).json()) == 1
    finally:
        archive.end()
        archive.client.close()
