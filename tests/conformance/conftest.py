"""The suite under pytest: one item for each check, against `--target target.toml` or the reference archive.

The tests of the harness itself speak to small servers on loopback, over real sockets.
"""

import contextlib
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scenarios.conformance.check import all_checks
from scenarios.conformance.expectations import Expectation, load_expectations
from scenarios.conformance.runner import Runner, new_seed
from scenarios.conformance.target import Target, Timeouts, load_target
from tests.conformance.reference_archive import reference_archive

Answer = Callable[[bytes], bytes]
Serve = Callable[..., str]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--target", help="base URL or target.toml of an archive to check")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each check; those that observe what others cause come last."""
    if "conformance_check" in metafunc.fixturenames:
        checks = sorted(all_checks(), key=lambda check: check.observes)
        metafunc.parametrize("conformance_check", checks, ids=[check.name for check in checks])


@pytest.fixture(scope="session")
def conformance_runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    """What the checks of this session share: connections and stored fixtures."""
    observing = [check for check in all_checks() if check.observes]
    with contextlib.ExitStack() as stack:
        url = request.config.getoption("--target", default=None) or stack.enter_context(reference_archive())
        target = load_target(url)
        runner = Runner(target, target.seed or new_seed(), observing)
        stack.callback(runner.close)
        yield runner


@pytest.fixture(scope="session")
def announced(request: pytest.FixtureRequest) -> tuple[Expectation, ...]:
    """The deviations of the reference archive that are known; none of another target."""
    if request.config.getoption("--target", default=None):
        return ()
    path = Path(__file__).with_name("reference_expectations.toml")
    return load_expectations(path, datetime.now(UTC).date())


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that answer each request, head and body, with what a function returns; b"" hangs up."""
    with contextlib.ExitStack() as servers:

        def start(answer: Answer, tls: ssl.SSLContext | None = None) -> str:
            server = servers.enter_context(ScriptedServer(answer))
            if tls is not None:
                server.socket = tls.wrap_socket(server.socket, server_side=True)
            thread = threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
            )
            thread.start()
            servers.callback(thread.join)
            servers.callback(server.shutdown)
            return f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"

        yield start


class ScriptedServer(socketserver.ThreadingTCPServer):
    """Answers bytes with bytes."""

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(("127.0.0.1", 0), ScriptedConnection)


class ScriptedConnection(socketserver.StreamRequestHandler):
    """Reads requests until the function has no answer."""

    server: ScriptedServer

    def handle(self) -> None:
        """Answer until there is no answer."""
        with contextlib.suppress(ConnectionError, socket.timeout):
            while request := self.read_request():
                response = self.server.answer(request)
                self.wfile.write(response)
                if not response or b"Connection: close" in response:
                    return

    def read_request(self) -> bytes:
        """Return the head and the body of the next request, or nothing at the end."""
        head = b""
        while line := self.rfile.readline():
            head += line
            if line == b"\r\n":
                break
        lengths = re.findall(rb"(?im)^content-length: *(\d+)", head)
        return head + self.rfile.read(int(lengths[0]) if lengths else 0)


@pytest.fixture
def quick_target() -> Callable[[str], Target]:
    """Return a function that makes a target with short time-outs."""
    timeouts = Timeouts(connect_s=2, read_s=0.5, check_s=5, settle_s=0.2)
    return lambda url: Target(base_url=url, timeouts=timeouts, concurrency=2)
