"""The command line of the decision service: `--data DIR` decides upon the grants in that archive."""

import argparse
import os
import signal
import socket
import sys
from pathlib import Path
from threading import Thread

import uvicorn

from reference_server.decisions.service import create_service
from reference_server.storage.folder import INDEX

USAGE_ERROR = 2
HOST = "127.0.0.1"


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m reference_server.decisions",
        description="Decide for archives with accounting external, which know of this by --decision-url. It "
        "listens on the loopback interface alone and asks nobody who they are.",
        allow_abbrev=False,
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the archive")
    parser.add_argument(
        "--port", type=int, default=0, metavar="PORT", help="port to listen on; 0 picks a free one (default)"
    )
    parser.add_argument(
        "--until-input-ends", action="store_true", help="end when standard input does, with who started this"
    )
    return parser


def end_with_input() -> None:
    """End this process when its standard input ends."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main(arguments: list[str]) -> int:
    """Decide until told to stop, and return the exit code."""
    given = argument_parser().parse_args(arguments)
    if not (given.data / INDEX).exists():
        print(f"reference_server.decisions: data={str(given.data)!r} holds no archive", file=sys.stderr)
        return USAGE_ERROR
    if given.until_input_ends:
        Thread(target=end_with_input, daemon=True).start()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, given.port))
        listener.listen()  # whoever reads the URL may connect from now on
        print(f"deciding at http://{HOST}:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(
            create_service(given.data),
            loop="uvloop",
            http="httptools",
            access_log=False,
            log_level="warning",
            lifespan="on",
            ws="none",
        )
        uvicorn.Server(config).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
