"""The command line makes a data set, or says in one line why it cannot and what to do."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from datasets.__main__ import main
from datasets.generator import UNFINISHED
from datasets.manifest import Manifest
from datasets.recipes import RECIPES

ROOT = Path(__file__).resolve().parents[2]


def test_the_module_makes_what_its_manifest_says(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "datasets",
        "tiny",
        "--seed",
        "3",
        "--out",
        str(tmp_path / "new" / "tiny"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    manifest = Manifest.read(tmp_path / "new" / "tiny")
    assert (manifest.recipe, manifest.seed, manifest.instances_scale) == ("tiny", 3, "1/100")
    assert "13 studies" in done.stdout
    assert done.stderr == ""  # no progress bar where there is no terminal


def test_help_names_every_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(name in said and recipe.summary in said for name, recipe in RECIPES.items())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["huge", "--out", "made"], "there is no recipe 'huge'; there are tiny, small"),
        (["tiny", "--out", "full"], "is not empty; choose a new folder"),
        (["tiny", "--out", "full/file"], "is not a folder"),
        (["tiny", "--out", "made", "--instances", "5"], "--instances is for uniform recipes"),
        (["uniform-500k", "--out", "made", "--instances", "0"], "--instances is at least 1, not 0"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "file"]


def test_a_folder_is_needed_unless_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["tiny"])
    assert ended.value.code == 2
    assert "--out DIR is missing" in capsys.readouterr().err
    assert main(["large", "--dry-run"]) == 0
    assert "8,000 studies" in capsys.readouterr().out


def test_a_full_disk_is_noticed_before_the_first_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1))
    assert main(["tiny", "--out", str(tmp_path)]) == 2
    assert "0.0 GB free" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_may_be_repeated_but_not_with_another_seed(tmp_path: Path, tiny: Manifest) -> None:
    (tmp_path / UNFINISHED).write_text("tiny None 1\n", encoding="utf-8")
    first = tiny.studies[0].series[0].instances[0]
    (tmp_path / first.path).parent.mkdir(parents=True)
    (tmp_path / first.path).write_bytes(b"cut off")
    assert main(["tiny", "--seed", "2", "--out", str(tmp_path)]) == 2
    assert main(["tiny", "--seed", "1", "--out", str(tmp_path)]) == 0
    assert Manifest.read(tmp_path).studies == tiny.studies
    assert (tmp_path / first.path).stat().st_size == first.size_bytes
    assert not (tmp_path / UNFINISHED).exists()


def test_a_uniform_data_set_has_exactly_so_many_files_of_one_size(tmp_path: Path) -> None:
    assert main(["uniform-500k", "--instances", "53", "--out", str(tmp_path)]) == 0
    manifest = Manifest.read(tmp_path)
    sizes = [[i.size_bytes for i in study.series[0].instances] for study in manifest.studies]
    assert [len(each) for each in sizes] == [50, 3]
    assert all(500_000 <= size < 502_500 for each in sizes for size in each)
