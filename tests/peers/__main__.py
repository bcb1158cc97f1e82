"""`python -m tests.peers` runs the suite against other vendors' archives and says what moved."""

import argparse
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from scenarios.conformance.check import all_checks
from scenarios.conformance.expectations import load_expectations, refuse_unmatched
from scenarios.conformance.results import Run
from scenarios.conformance.verdict import ExitCode
from tests.conformance.reference_archive import ROOT
from tests.peers.moved import moved_lines
from tests.peers.orthanc import ORTHANC
from tests.peers.peer import MissingPeerError, Peer
from tests.peers.publishing import publish
from tests.peers.suite import run_suite
from tests.peers.tiny_pacs import TINY_PACS

PEERS = {peer.name: peer for peer in (ORTHANC, TINY_PACS)}


def main(argv: list[str] | None = None) -> int:
    """Check the chosen peers and return the exit code."""
    options = arguments().parse_args(argv)
    codes, runs = [], {}
    for peer in options.peers or PEERS.values():
        try:
            run, lines = check(peer, options.out / peer.name)
        except MissingPeerError as error:
            print(f"{peer.name} could not run: {error}", file=sys.stderr)
            codes.append(ExitCode.INCOMPLETE)
            continue
        print(*lines, f"{run.target}: {len(run.results)} checks, {len(lines)} lines moved", sep="\n")
        runs[peer.name] = run
        codes.append(ExitCode.NON_CONFORMING if lines else ExitCode.OK)
    if options.publish and set(runs) == set(PEERS):
        publish(runs, options.out / "reference", options.publish)
    return min(filter(None, codes), default=ExitCode.OK)  # something that moved outweighs something missing


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.peers",
        description=__doc__,
        epilog="exit codes: 0 all as expected; 1 a line moved; 2 usage; 3 a peer is missing",
    )
    parser.add_argument(
        "peers", nargs="*", metavar="PEER", type=known_peer, help=f"of {', '.join(PEERS)} (default: all)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=ROOT / "build" / "peers" / "reports",
        help="the folder for reports and logs",
    )
    parser.add_argument(
        "--publish",
        type=Path,
        metavar="FOLDER",
        help="also run the reference archive, and write its results and the vendor matrix here",
    )
    return parser


def known_peer(name: str) -> Peer:
    """Return the peer of this name."""
    if name not in PEERS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(PEERS)}")
    return PEERS[name]


def check(peer: Peer, out: Path) -> tuple[Run, list[str]]:
    """Return the run against a peer and what moved in it."""
    entries = load_expectations(peer.expectations, datetime.now(UTC).date())
    refuse_unmatched(entries, all_checks())
    found = peer.find()
    expected = tomllib.loads(peer.expectations.read_text(encoding="utf-8"))["peer"]
    if found != expected:
        print(
            f"{peer.expectations.name} is of {expected}; this is {found}, and lines may move", file=sys.stderr
        )
    out.mkdir(parents=True, exist_ok=True)
    with peer.running(out / "peer.log") as program:
        peer.write_target(program, found, out / "target.toml")
        run = run_suite(out / "target.toml", out)
    return run, moved_lines(entries, run)


if __name__ == "__main__":
    sys.exit(main())
