"""The command line: `--data DIR` serves, `token` makes an administrator, `reindex` mends, `load` fills."""

import argparse
import asyncio
import os
import shlex
import socket
import sqlite3
import sys
import time
import warnings
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import orjson
import uvicorn

from reference_server.administration import administer, make_administrator
from reference_server.app import SCHEMAS, create_app, prepare_storage
from reference_server.audit.file import TrailFile
from reference_server.checking import DAMAGED_FOLDER, Check, Verdict
from reference_server.connection import connection_class
from reference_server.dicomweb.attributes import catalogue_of
from reference_server.errors import ArchiveError, BadRequest
from reference_server.loading.command import load_as_told
from reference_server.management.command import add_commands, understood
from reference_server.management.procedure import Page
from reference_server.reindexing import reindex
from reference_server.settings import Accounting, Audit, Settings, SettingsError, load_settings
from reference_server.storage.folder import index_content, prepare_folder, repository_count
from reference_server.supervisor import Supervisor, WorkersFailedError, run_in_child

BACKLOG = 2048
REFUSED = 1
FOUND = 1
USAGE_ERROR = 2
SECONDS_PER_DAY = 86_400


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of the serving command line; its options are the fields of Settings."""
    parser = argparse.ArgumentParser(
        prog="python -m reference_server",
        description="A DICOMweb archive with one switch: accounting, which is ownership and access control.",
        epilog="Every setting can also come from the environment as PHANTOM_<NAME> or from a TOML file; the "
        "command line goes before the environment, and that before the file. The first administrator is made "
        "with: python -m reference_server token --data DIR --user NAME",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="TOML file with settings (PHANTOM_CONFIG)"
    )
    for each in fields(Settings):
        flag = f"--{each.name.replace('_', '-')}"
        default = "" if each.default is MISSING or each.type is bool else f" (default: {each.default})"
        text = (each.metadata["help"] + default).replace("%", "%%")
        if each.type is bool:
            parser.add_argument(flag, action="store_true", help=text)
        else:
            parser.add_argument(flag, metavar=each.name.upper(), help=text)
    return parser


def listening_socket(settings: Settings) -> socket.socket:
    """Return the socket that the archive listens on; a port that is taken raises SettingsError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror}; choose another port"
        ) from None
    return listener


def check_content(settings: Settings) -> None:
    """Refuse to serve an index that was made for other attributes than it would be searched by."""
    held = index_content(settings.data)
    if held not in (None, catalogue_of(settings.search_attributes).fingerprint):
        raise SettingsError(
            f"data={str(settings.data)!r} was indexed for other search_attributes, or by an earlier version; "
            f"make the index anew with: python -m reference_server reindex --data {settings.data} "
            f"--search-attributes {settings.search_attributes!r}"
        )


def check_trail(settings: Settings) -> None:
    """Refuse to serve where the audit trail cannot be written."""
    if settings.accounting is Accounting.OFF or settings.audit is Audit.OFF:
        return
    file = TrailFile(settings.data)
    try:
        file.open()
        file.append([])
        file.close()
    except sqlite3.Error as error:
        raise SettingsError(f"data={str(settings.data)!r}: the audit trail cannot be used: {error}") from None


def serve(settings: Settings) -> None:
    """Serve until the process is told to stop."""
    prepare_folder(settings.data)
    if settings.accounting is Accounting.OFF and not settings.force and repository_count(settings.data) > 1:
        raise SettingsError(
            f"data={str(settings.data)!r} holds several repositories, which accounting off would show to "
            "everyone; serve with --accounting grants, or with --force if that is meant"
        )
    check_content(settings)
    check_trail(settings)
    # pydicom warns about each file that strays from the standard; an archive takes it as it is.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom\.")
    with listening_socket(settings) as listener:
        host, port = listener.getsockname()[:2]
        print(
            f"serving http://{host}:{port}{settings.base_path} with accounting {settings.accounting}",
            flush=True,
        )
        if settings.workers == 1:
            answer_on(listener, settings)
            return
        # What is done once for a data folder is done before there are workers, not by those that come later.
        run_in_child(lambda: asyncio.run(prepare_storage(settings)))
        listener.listen(BACKLOG)
        Supervisor(settings.workers, lambda: answer_on(listener, settings)).run()


def answer_on(listener: socket.socket, settings: Settings) -> None:
    """Be a process that answers requests until it is told to stop."""
    config = uvicorn.Config(
        create_app(settings, prepared=settings.workers > 1),
        loop="uvloop",
        http=connection_class(settings.client_timeout),
        access_log=False,
        log_level="warning",
        lifespan="on",
        ws="none",
        backlog=BACKLOG,
    )
    uvicorn.Server(config).run(sockets=[listener])


def token_parser() -> argparse.ArgumentParser:
    """Return the parser of the token command."""
    parser = argparse.ArgumentParser(
        prog="python -m reference_server token",
        description="Make a user an administrator and print a token of it, which is shown this once.",
        allow_abbrev=False,
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the archive")
    parser.add_argument(
        "--user", required=True, metavar="NAME", help="user name; created where it is missing"
    )
    parser.add_argument(
        "--days", type=float, metavar="N", help="days until the token expires (default: never)"
    )
    return parser


def print_token(arguments: list[str]) -> None:
    """Print a token of an administrator."""
    given = token_parser().parse_args(arguments)
    expires = None if given.days is None else time.time() + given.days * SECONDS_PER_DAY
    print(asyncio.run(make_administrator(given.data, given.user, expires)))


def reindex_parser() -> argparse.ArgumentParser:
    """Return the parser of the reindex command."""
    parser = argparse.ArgumentParser(
        prog="python -m reference_server reindex",
        description="Make the index anew from the stored metadata, with other search attributes or after an "
        "upgrade, while the archive is not running.",
        allow_abbrev=False,
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the archive")
    parser.add_argument(
        "--search-attributes", default="", metavar="LIST", help="as the archive will be started with"
    )
    return parser


def reindex_as_told(arguments: list[str]) -> None:
    """Make an index anew and say how many instances it has."""
    given = reindex_parser().parse_args(arguments)
    done = reindex(given.data, SCHEMAS[0], catalogue_of(given.search_attributes))
    print(f"{done} instances are indexed")


def check_parser() -> argparse.ArgumentParser:
    """Return the parser of the check command."""
    parser = argparse.ArgumentParser(
        prog="python -m reference_server check",
        description="Hold every blob against the index, be the archive running or not. Findings are lines: "
        "missing, cut, damaged or orphan, the blob, and study/series/instance. Exit codes: 0 all is well, or "
        "only orphans were found and removed; 1 there are findings; 2 not understood.",
        allow_abbrev=False,
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the archive")
    parser.add_argument(
        "--repair",
        action="store_true",
        help=f"remove orphans, and move cut and damaged blobs to {DAMAGED_FOLDER}/, so that none is served",
    )
    parser.add_argument("--sizes", action="store_true", help="compare sizes alone, and compute no digest")
    return parser


def check_as_told(arguments: list[str]) -> int:
    """Print what is not as it should be; return the exit code."""
    given = check_parser().parse_args(arguments)
    check = Check(given.data, repair=given.repair, digests=not given.sizes)
    left = False
    for finding in check.run():
        print(finding, flush=True)
        left |= not (finding.verdict is Verdict.ORPHAN and finding.repaired)
    print(f"{check.instances} instances are checked")
    return FOUND if left else 0


def admin_parser() -> argparse.ArgumentParser:
    """Return the parser of the admin command; what every command takes may stand before or after it."""
    everywhere = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    everywhere.add_argument("--data", type=Path, metavar="DIR", help="folder of the archive (required)")
    everywhere.add_argument(
        "--as", dest="user", metavar="NAME", help="administrator who acts (default: the first one made)"
    )
    parser = argparse.ArgumentParser(
        prog="python -m reference_server admin",
        description="Manage people, shares and ownership in a data folder, be it served or not. Results are "
        "JSON. Exit codes: 0 done, 1 refused, 2 not understood.",
        allow_abbrev=False,
        parents=[everywhere],
    )
    add_commands(parser, everywhere)
    return parser


def administer_as_told(arguments: list[str]) -> None:
    """Carry out an administrator's command and print its result."""
    parser = admin_parser()
    given = parser.parse_args(arguments)
    if "data" not in given:
        parser.error("the following arguments are required: --data")
    result = asyncio.run(administer(given.data, understood(given), getattr(given, "user", None)))
    if isinstance(result, Page):
        if result.following is not None:
            print(f"there are more: --after {shlex.quote(result.following)}", file=sys.stderr)
        result = result.items
    if result is not None:
        print(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())


def serve_as_told(arguments: list[str]) -> None:
    """Serve with the settings of the command line and the other sources."""
    given: dict[str, Any] = vars(argument_parser().parse_args(arguments))
    config = given.pop("config", None) or os.environ.get("PHANTOM_CONFIG")
    serve(load_settings(given, toml=Path(config) if config else None))


def main(arguments: list[str]) -> int:
    """Carry out a command line and return its exit code."""
    try:
        if arguments[:1] == ["token"]:
            print_token(arguments[1:])
        elif arguments[:1] == ["reindex"]:
            reindex_as_told(arguments[1:])
        elif arguments[:1] == ["check"]:
            return check_as_told(arguments[1:])
        elif arguments[:1] == ["load"]:
            load_as_told(arguments[1:])
        elif arguments[:1] == ["admin"]:
            administer_as_told(arguments[1:])
        else:
            serve_as_told(arguments)
    except (SettingsError, BadRequest) as error:
        print(f"reference_server: {error}", file=sys.stderr)
        return USAGE_ERROR
    except (ArchiveError, WorkersFailedError) as error:
        print(f"reference_server: {error}", file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
