"""A published run is small, complete, and says which raw run it was."""

import hashlib
import json
from pathlib import Path

import pytest

from reports.analysis import analyse
from reports.publish import main, publish
from reports.run import RunError, read_run
from reports.verdicts import Margin
from tests.analysis.synthetic_run import Truth, write_run


def test_a_published_run_gives_the_same_verdicts(quiet_run: Path, tmp_path: Path) -> None:
    publish(quiet_run, tmp_path / "copy")
    raw, copy = (analyse(read_run(path), Margin(), "off") for path in (quiet_run, tmp_path / "copy"))
    assert raw.pairs == copy.pairs


def test_the_digests_are_those_of_the_files(quiet_run: Path, tmp_path: Path) -> None:
    publish(quiet_run, tmp_path / "copy")
    digests = json.loads((tmp_path / "copy" / "digest.json").read_text())
    for folder, listed in ((quiet_run, digests["raw"]), (tmp_path / "copy", digests["published"])):
        assert listed
        for name, digest in listed.items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_a_name_is_taken_once(quiet_run: Path, tmp_path: Path) -> None:
    publish(quiet_run, tmp_path / "copy")
    with pytest.raises(RunError, match="there already"):
        publish(quiet_run, tmp_path / "copy")


def test_an_incomplete_run_is_not_published(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", Truth())
    document = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**document, "status": "invalid"}))
    with pytest.raises(RunError, match="is invalid"):
        publish(run, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none"), "name"]) == 2
    assert "is no run folder" in capsys.readouterr().err
