"""What is known of the peers is held against the checks; a peer that is here is started and stopped."""

import json
import re
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import jsonschema
import pytest

from scenarios.conformance import results
from scenarios.conformance.check import all_checks
from scenarios.conformance.compare import read_all
from scenarios.conformance.expectations import Expectation, load_expectations, refuse_unmatched
from scenarios.conformance.results import CheckResult, Run
from scenarios.conformance.verdict import ExitCode, State
from tests.conformance.reference_archive import ROOT
from tests.peers import __main__ as command
from tests.peers import tiny_pacs
from tests.peers.moved import moved_lines
from tests.peers.peer import MissingPeerError, Peer
from tests.peers.publishing import MATRIX, matrix_page
from tests.peers.suite import run_suite

PEERS = tuple(command.PEERS.values())
BASE = "qido/resources/studies_are_searchable"


def documented(section: str) -> list[str]:
    """Return the globs in the middle column of a section; a folder holds for the rest of its cell."""
    text = (ROOT / "docs" / "peers.md").read_text(encoding="utf-8").partition(f"\n## {section}\n")[2]
    globs: list[str] = []
    for cell in re.findall(r"^\|[^|]*\|([^|]*)\|", text.partition("\n## ")[0], re.MULTILINE):
        folder = ""
        for glob in re.findall(r"`([^`]+)`", cell):
            folder = glob.rpartition("/")[0] or folder
            globs.append(f"{folder}/{glob.rpartition('/')[2]}")
    return globs


@pytest.mark.parametrize(("peer", "section"), [*zip(PEERS, ("Orthanc", "tiny-pacs"), strict=True)])
def test_what_the_page_tells_of_a_peer_is_announced(peer: Peer, section: str) -> None:
    entries = load_expectations(peer.expectations, date.max)
    globs = documented(section)
    assert len(globs) > 10
    assert [glob for glob in globs if not any(fnmatchcase(entry.check, glob) for entry in entries)] == []


def run_of(state: State) -> Run:
    """Return a run of one check that ended in this state."""
    result = CheckResult("a/b/c", "c", "C.", ("QIDO-001",), "core", "FAIL", state, reason="seen")
    return Run("t", "http://t", "2026a", "full", (), "s", "0", "2026-01-01", 0.0, (result,))


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_each_announcement_means_one_check_and_says_what_was_seen(peer: Peer) -> None:
    entries = load_expectations(peer.expectations, date.max)
    refuse_unmatched(entries, all_checks())
    assert len({(entry.check, entry.state) for entry in entries}) == len(entries)
    assert all(entry.reason[-1] != "." and len(entry.reason.splitlines()) == 1 for entry in entries)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("announced", [(), (State.FAIL,), (State.WARN, State.FAIL)])
def test_a_line_moves_unless_it_is_announced_or_unremarkable(
    state: State, announced: tuple[State, ...]
) -> None:
    entries = [Expectation("a/b/c", expected, "why") for expected in announced]
    unremarkable = not announced and state in {State.PASS, State.INFO, State.NOT_APPLICABLE}
    assert bool(moved_lines(entries, run_of(state))) is not (state in announced or unremarkable)


def test_a_peer_that_is_missing_is_no_pass(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("scenarios.arms.orthanc.PLUGIN_FOLDERS", (tmp_path,))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command.main(["orthanc", "--out", str(tmp_path)]) == ExitCode.INCOMPLETE
    assert "apt-get install orthanc orthanc-dicomweb" in capsys.readouterr().err


def test_an_unknown_peer_is_a_usage_error() -> None:
    with pytest.raises(SystemExit, match=str(int(ExitCode.USAGE))):
        command.main(["pacs-nobody-has"])


def states(page: str) -> list[tuple[str, ...]]:
    """Return the rows of a matrix, of a requirement its id only: its words may be put better."""
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    return [(head.partition(" ")[0] if "-" in head else head, *cells) for head, *cells in rows]


def test_the_published_matrix_is_that_of_the_published_results() -> None:
    folder = ROOT / "reports" / "published" / "conformance"
    runs = read_all([folder / f"{name}.json" for name in ("results", *command.PEERS)])
    published = states((folder / MATRIX).read_text(encoding="utf-8"))
    assert published == states(matrix_page(runs))
    assert len(published) > 100


@pytest.mark.parametrize("name", ["results", *command.PEERS])
def test_published_results_keep_to_their_schema(name: str) -> None:
    document = json.loads((ROOT / "reports" / "published" / "conformance" / f"{name}.json").read_bytes())
    jsonschema.validate(
        document, json.loads(Path(results.__file__).with_name("results.schema.json").read_bytes())
    )


@pytest.mark.peer
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_is_started_checked_and_stopped(peer: Peer, tmp_path: Path) -> None:
    if not peer.is_here():
        pytest.skip(f"{peer.name} is not installed; nox -s peers does that")
    with peer.running(tmp_path / "peer.log") as program:
        peer.write_target(program, peer.find(), tmp_path / "target.toml")
        run = run_suite(tmp_path / "target.toml", tmp_path, (BASE,))
    assert [result.state for result in run.results] == [State.PASS]
    assert read_all([tmp_path]) == [run]
    with pytest.raises(RuntimeError, match="ended with"):  # the port is closed again
        run_suite(tmp_path / "target.toml", tmp_path, (BASE,))


def test_a_peer_that_does_not_start_tells_so(tmp_path: Path) -> None:
    peer = PEERS[0]
    broken = replace(peer, configure=lambda folder: replace(peer.configure(folder), command=("false",)))
    with pytest.raises(RuntimeError, match="ended with 1"), broken.running(tmp_path / "peer.log"):
        pass


def test_a_command_that_fails_is_a_missing_peer() -> None:
    with pytest.raises(MissingPeerError, match="no such"):
        tiny_pacs.carry_out("sh", "-c", "echo no such package >&2; exit 1")
