"""HTTP/1.1 over plain sockets, because a check must be able to say what no HTTP library lets it say.

A library refuses a second Host header, a missing Accept, a multipart without its end, or a reply that
breaks the rules; here requests are bytes and responses are read leniently. Connections are kept alive and
reused for methods that may be repeated safely; any other method gets a new connection, so that a request is
never sent twice.
"""

import contextlib
import queue
import re
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import SplitResult

from scenarios.conformance.message import Framing, Headers, Response, header

if TYPE_CHECKING:
    import io

LINE_LIMIT = 65_536
IDLE_CONNECTIONS = (
    16  # kept per origin; every POST opens one more, so that without a bound they would pile up
)
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})


class NoResponseError(Exception):
    """The archive closed the connection, answered something that is not HTTP, or did not answer in time."""


class UnreachableError(Exception):
    """No connection could be opened."""


class _StaleConnectionError(Exception):
    """A kept connection had been closed by the other side before it answered anything."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait, in seconds, and how much to read."""

    connect_s: float = 5.0
    read_s: float = 30.0
    body_bytes: int = 512 * 1024 * 1024


class Connection:
    """One open connection to an origin."""

    def __init__(self, origin: SplitResult, tls: ssl.SSLContext | None, limits: Limits) -> None:
        """Open the connection; UnreachableError says why it cannot be opened."""
        self._limits = limits
        host = origin.hostname or ""
        port = origin.port or (443 if origin.scheme == "https" else 80)
        try:
            self._socket = socket.create_connection((host, port), timeout=limits.connect_s)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                self._socket = tls.wrap_socket(self._socket, server_hostname=host)
        except OSError as error:
            raise UnreachableError(f"{host}:{port} cannot be reached: {error}") from error
        self._socket.settimeout(limits.read_s)
        stream = self._socket.makefile("rb", buffering=256 * 1024)
        self._reader = cast("io.BufferedReader", stream)  # what a buffered binary makefile returns
        self.used = False
        self.reusable = False

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            self._reader.close()
            self._socket.close()

    def exchange(self, raw: bytes, *, method: str) -> Response:
        """Send these bytes and read one response to them."""
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._socket.sendall(raw)  # an early refusal may close while we send; the answer still counts
            response = self._read(method)
        except TimeoutError:
            raise NoResponseError(f"no complete response within {self._limits.read_s:g} s") from None
        except OSError as error:
            raise NoResponseError(f"the connection broke: {error}") from error
        self.used = True
        return response

    def _read(self, method: str) -> Response:
        while True:
            status, reason, minor = self._status_line()
            headers = self._header_lines()
            if not 100 <= status < 200 or status == 101:  # noqa: PLR2004 - interim responses are skipped
                break
        body, framing, truncated = self._body(method, status, headers)
        connection = (header(headers, "Connection") or "").lower()
        keeps = "close" not in connection if minor else "keep-alive" in connection
        self.reusable = keeps and framing is not Framing.CLOSE and not truncated
        return Response(status, reason, headers, body, framing, truncated)

    def _status_line(self) -> tuple[int, str, int]:
        line = b""
        with contextlib.suppress(ConnectionResetError):
            line = self._reader.readline(LINE_LIMIT)
        if not line:
            if self.used:
                raise _StaleConnectionError
            raise NoResponseError("the connection was closed without a response")
        text = line.decode("latin-1").rstrip("\r\n")
        version, _, rest = text.partition(" ")
        code, _, reason = rest.partition(" ")
        if version not in {"HTTP/1.0", "HTTP/1.1"} or re.fullmatch("[0-9]{3}", code) is None:
            raise NoResponseError(f"not an HTTP status line: {text[:80]!r}")
        return int(code), reason, int(version[-1])

    def _header_lines(self) -> Headers:
        headers = []
        while (line := self._reader.readline(LINE_LIMIT)) not in {b"\r\n", b"\n"}:
            if not line:
                raise NoResponseError("the connection was closed within the response headers")
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not name or name != name.strip():
                raise NoResponseError(f"not an HTTP header line: {line[:80]!r}")
            headers.append((name, value.strip()))
        return tuple(headers)

    def _body(self, method: str, status: int, headers: Headers) -> tuple[bytes, Framing, bool]:
        length = header(headers, "Content-Length")
        if method == "HEAD" or status in {204, 304}:
            return b"", Framing.NONE, False
        if "chunked" in (header(headers, "Transfer-Encoding") or "").lower():
            body, complete = self._chunks()
            return body, Framing.CHUNKED, not complete
        if length is None:
            return self._some(self._limits.body_bytes), Framing.CLOSE, False
        if not length.isdigit():
            raise NoResponseError(f"Content-Length is not a number: {length[:40]!r}")
        body = self._some(int(length))
        return body, Framing.LENGTH, len(body) < int(length)

    def _some(self, size: int) -> bytes:
        """Read up to `size` bytes; fewer if the connection ends."""
        if size > self._limits.body_bytes:
            raise NoResponseError(f"a body of {size} bytes exceeds the limit of {self._limits.body_bytes}")
        try:
            return self._reader.read(size)
        except ConnectionResetError:
            return b""

    def _chunks(self) -> tuple[bytes, bool]:
        chunks: list[bytes] = []
        while True:
            text = self._reader.readline(LINE_LIMIT).partition(b";")[0].strip()
            try:
                size = int(text, 16)
            except ValueError:
                return b"".join(chunks), False
            if size == 0:
                break
            chunk = self._some(size)
            chunks.append(chunk)
            if len(chunk) < size:
                return b"".join(chunks), False
            self._reader.readline(LINE_LIMIT)
        while self._reader.readline(LINE_LIMIT) not in {b"\r\n", b"\n", b""}:
            pass  # trailers
        return b"".join(chunks), True


class Pool:
    """Idle connections to one origin, shared by the threads of a run."""

    def __init__(self, origin: SplitResult, tls: ssl.SSLContext | None, limits: Limits) -> None:
        """Keep connections to this origin."""
        self.origin = origin
        self.limits = limits
        self._tls = tls
        self._idle: queue.LifoQueue[Connection] = queue.LifoQueue(IDLE_CONNECTIONS)

    def exchange(self, raw: bytes, *, method: str) -> tuple[Response, float]:
        """Send the bytes and return the response with the time that it took, in ms."""
        while True:
            connection = self._take(method)
            start = time.perf_counter()
            try:
                response = connection.exchange(raw, method=method)
            except _StaleConnectionError:
                connection.close()
                continue
            except BaseException:
                connection.close()
                raise
            duration_ms = (time.perf_counter() - start) * 1000
            self._give_back(connection)
            return response, duration_ms

    def probe(self) -> None:
        """Open a connection and close it again; UnreachableError says why that cannot be done."""
        Connection(self.origin, self._tls, self.limits).close()

    def close(self) -> None:
        """Close every idle connection."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    def _give_back(self, connection: Connection) -> None:
        if connection.reusable:
            with contextlib.suppress(queue.Full):
                self._idle.put_nowait(connection)
                return
        connection.close()

    def _take(self, method: str) -> Connection:
        if method in REPEATABLE:
            with contextlib.suppress(queue.Empty):
                return self._idle.get_nowait()
        return Connection(self.origin, self._tls, self.limits)
