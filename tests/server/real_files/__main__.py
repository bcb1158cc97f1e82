"""`python -m tests.server.real_files FOLDER` stores DICOM files and compares what comes back."""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.server.real_files.folder import RealFile, dicom_paths, real_file, waves
from tests.server.real_files.visit import Report, Sentence, visited
from tests.server.running import RunningArchive

EXIT_OK, EXIT_COMPLAINTS, EXIT_USAGE = 0, 1, 2


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.server.real_files",
        description=__doc__,
        epilog="exit codes: 0 nothing to complain of; 1 complaints; 2 usage, or no DICOM file",
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="searched for DICOM files")
    parser.add_argument("--accounting", default="off", help="the mode of the archive (default: off)")
    return parser


@contextmanager
def fresh_archive(accounting: str) -> Iterator[tuple[RunningArchive, str | None]]:
    """Yield an empty archive and a token of one who may store in it."""
    with tempfile.TemporaryDirectory() as folder:
        archive = RunningArchive(Path(folder) / "data", accounting).start()
        try:
            yield archive, None if accounting == "off" else storing_user(archive)
        finally:
            archive.end()
            archive.client.close()


def storing_user(archive: RunningArchive) -> str:
    """Create a user with a facility and return a token."""
    root = archive.administrator()
    for path, body in (
        ("/organizations", {"name": "trust"}),
        ("/facilities", {"name": "north", "organization": "trust"}),
        ("/users", {"name": "owner", "facilities": ["north"], "roles": []}),
    ):
        archive.manage(path, body, root).raise_for_status()
    token = archive.manage("/users/owner/tokens", {"expires": None}, root).raise_for_status().json()["token"]
    return str(token)


def reports(files: list[RealFile], accounting: str) -> Iterator[Report]:
    """Yield what was found about each file."""
    for wave in waves(files):
        with fresh_archive(accounting) as (archive, token):
            for each in wave:
                yield visited(archive, each, token)


def main(argv: list[str] | None = None) -> int:
    """Print a line per file and a summary, and return the exit code."""
    options = arguments().parse_args(argv)
    judged = [(path, real_file(path)) for folder in options.folders for path in dicom_paths(folder)]
    files = [each for _, each in judged if isinstance(each, RealFile)]
    for path, reason in judged:
        if isinstance(reason, str):
            print(f"left out  {path}: {reason}")
    if not files:
        print("no DICOM file found", file=sys.stderr)
        return EXIT_USAGE
    true = Counter[Sentence]()
    for report in reports(files, options.accounting):
        true.update(report.true)
        print_report(report)
    print(f"{len(files)} files, accounting {options.accounting}, {len(judged) - len(files)} left out")
    print(*(f"{sentence}: {true[sentence]} of {len(files)}" for sentence in Sentence), sep="\n")
    return EXIT_OK if true.total() == len(files) * len(Sentence) else EXIT_COMPLAINTS


def print_report(report: Report) -> None:
    """Print a line about a file, and one for each complaint."""
    notes = f"  ({'; '.join(report.notes)})" if report.notes else ""
    size = report.file.path.stat().st_size
    print(f"{'WRONG' if report.complaints else 'ok':8}  {report.file.path}  {size} bytes{notes}", flush=True)
    for sentence, complaint in report.complaints:
        print(f"          {sentence}: {complaint}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
