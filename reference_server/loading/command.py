"""The command `load`: a listing becomes the archive of a new data folder."""

import argparse
import asyncio
import sys
import time
from pathlib import Path

from reference_server.loading.listing import Listing
from reference_server.loading.load import Loading, write_tokens
from reference_server.settings import Accounting


def load_parser() -> argparse.ArgumentParser:
    """Return the parser of the load command."""
    parser = argparse.ArgumentParser(
        prog="python -m reference_server load",
        description="Fill a new data folder from a listing (python -m datasets.listing) for "
        "experiments with large archives: the index as if all had arrived by STOW, and one file for all "
        "bytes.",
        allow_abbrev=False,
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the new archive")
    parser.add_argument("--listing", type=Path, required=True, metavar="DIR", help="folder of the listing")
    parser.add_argument(
        "--accounting",
        type=Accounting,
        choices=list(Accounting),
        default=Accounting.OFF,
        help="design that the archive will serve with; off: no people, one repository (default: off)",
    )
    parser.add_argument(
        "--tokens", type=Path, metavar="FILE", help="where a token of each user is written, as JSON"
    )
    parser.add_argument(
        "--search-attributes", default="", metavar="LIST", help="as the archive will be started with"
    )
    return parser


def load_as_told(arguments: list[str]) -> None:
    """Load a listing and say how long that took."""
    given = load_parser().parse_args(arguments)
    started = time.monotonic()

    def tell(line: str) -> None:
        sys.stderr.write(f"{time.monotonic() - started:7.1f} s  {line}\n")

    loading = Loading(Listing(given.listing), given.data, given.accounting, given.search_attributes, tell)
    done = asyncio.run(loading.run())
    if given.tokens is not None:
        write_tokens(loading.tokens, given.tokens)
    sys.stdout.write(f"{done} instances are loaded in {time.monotonic() - started:.1f} s\n")
