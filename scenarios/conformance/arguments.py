"""The command line of the suite."""

import argparse
from pathlib import Path

from scenarios.conformance.clauses import Profile

COMMANDS = ("run", "list", "coverage", "compare", "fixtures")
EXIT_CODES_HELP = (
    "exit codes: 0 conforming; 1 non-conforming; 2 usage; 3 incomplete (something could not run, or is our "
    "error); 5 target unreachable"
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; `run` is the one that is meant when none is named."""
    main = argparse.ArgumentParser(
        prog="python -m scenarios.conformance",
        description="Check what an archive does against PS3.18. Without a command, `run` is meant.",
        epilog=EXIT_CODES_HELP,
    )
    commands = main.add_subparsers(dest="command", required=True)
    _run(commands.add_parser("run", help="check an archive and write reports", epilog=EXIT_CODES_HELP))
    listing = commands.add_parser("list", help="print the checks and their requirements")
    _selection(listing)
    coverage = commands.add_parser("coverage", help="print which requirements have checks")
    coverage.add_argument(
        "--write", action="store_true", help="write the table to docs/conformance-coverage.md"
    )
    compare = commands.add_parser("compare", help="print several results side by side, and what moved")
    compare.add_argument(
        "results", nargs="+", type=Path, help="results.json files or the folders that hold them"
    )
    fixtures = commands.add_parser(
        "fixtures", help="write the fixtures of a seed as files, for an archive that cannot be stored to"
    )
    fixtures.add_argument("--seed", required=True, help="the seed that target.toml will name")
    fixtures.add_argument("--uid-root", default="2.25", help="the root of all UIDs (default 2.25)")
    fixtures.add_argument("--out", required=True, type=Path, help="the folder to write to")
    return main


def _selection(command: argparse.ArgumentParser) -> None:
    command.add_argument("selectors", nargs="*", help="qido, qido/paging, a glob over names, or QIDO-068")
    command.add_argument(
        "--profile",
        type=Profile,
        choices=list(Profile),
        help="the requirements to ask for, each with the ones before (default: full; opt with selectors)",
    )


def _run(command: argparse.ArgumentParser) -> None:
    _selection(command)
    command.add_argument("--target", required=True, help="base URL of the DICOMweb service, or a target.toml")
    command.add_argument("--out", type=Path, help="the folder for the reports (default: none is written)")
    command.add_argument("--expectations", type=Path, help="expectations.toml of the vendor")
    command.add_argument(
        "--write-expectations",
        type=Path,
        metavar="PATH",
        help="write the deviations of this run as expectations",
    )
    command.add_argument("--allow-xpass", action="store_true", help="a deviation that is gone is not red")
    command.add_argument("--edition", help="judge by this edition of PS3.18")
    command.add_argument("--read-only", action="store_true", help="store nothing (needs --seed)")
    command.add_argument("--seed", help="the seed of the fixtures (default: a new one)")
    command.add_argument("--concurrency", type=int, help="how many checks run at the same time")
    command.add_argument(
        "--dry-run", action="store_true", help="print what would be checked and send nothing"
    )


def parse(argv: list[str]) -> argparse.Namespace:
    """Return the arguments; `run` is put in front where no command is named."""
    asks_for_help = bool(argv) and argv[0] in {"-h", "--help"}
    if not asks_for_help and (not argv or argv[0] not in COMMANDS):
        argv = ["run", *argv]
    return parser().parse_args(argv)
