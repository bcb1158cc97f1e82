"""The command line: `python -m reference_server --data DIR` serves; `... token --data DIR --user NAME` makes a token."""

import argparse
import asyncio
import os
import socket
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import uvicorn

from reference_server.app import create_app
from reference_server.settings import Settings, SettingsError, load_settings

USAGE_ERROR = 2


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of the serving command line; its options are the fields of Settings."""
    parser = argparse.ArgumentParser(
        prog="python -m reference_server",
        description="A DICOMweb archive with one switch: accounting, which is ownership and access control.",
        epilog="Every setting can also come from the environment as PHANTOM_<NAME> or from a TOML file; the command "
        "line goes before the environment, and that before the file. The first administrator is made with: "
        "python -m reference_server token --data DIR --user NAME",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML file with settings (PHANTOM_CONFIG)")
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
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror}; choose another with --port"
        ) from None
    return listener


def serve(settings: Settings) -> None:
    """Serve until the process is told to stop."""
    app = create_app(settings)
    with listening_socket(settings) as listener:
        host, port = listener.getsockname()[:2]
        print(
            f"serving http://{host}:{port}{settings.base_path} with accounting {settings.accounting}", flush=True
        )
        config = uvicorn.Config(
            app, loop="uvloop", http="httptools", access_log=False, log_level="warning", lifespan="on", ws="none"
        )
        uvicorn.Server(config).run(sockets=[listener])


def main(arguments: list[str]) -> int:
    """Carry out a command line and return its exit code."""
    given: dict[str, Any] = vars(argument_parser().parse_args(arguments))
    config = given.pop("config", None) or os.environ.get("PHANTOM_CONFIG")
    try:
        serve(load_settings(given, toml=Path(config) if config else None))
    except SettingsError as error:
        print(f"reference_server: {error}", file=sys.stderr)
        return USAGE_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
