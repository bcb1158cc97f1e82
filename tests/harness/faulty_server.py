"""A small HTTP server that stalls, truncates and fails on demand: the path says how."""

import socket
import threading
import time
from types import TracebackType
from typing import Self

BODY = b"x" * 300_000
STALL_S = 0.2
PIECE = 50_000


def reply(path: str) -> list[bytes | float]:
    """Return what the server sends for a path: bytes, and pauses in seconds."""
    full = b"HTTP/1.1 200 OK\r\nServer-Timing: authz;dur=0.25, total;dur=1.5, sql;dur=1\r\n"
    length = full + b"Content-Length: %d\r\n\r\n" % len(BODY)
    chunked = full + b"Transfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n" % PIECE + BODY[:PIECE] + b"\r\n" for _ in range(3))
    replies: dict[str, list[bytes | float]] = {
        "/sound": [length + BODY],
        "/pieces": [length, BODY[:PIECE], 0.02, BODY[PIECE:]],
        "/empty": [full + b"Content-Length: 0\r\n\r\n"],
        "/chunked": [chunked + chunks + b"0\r\n\r\n"],
        "/until-close": [full + b"Connection: close\r\n\r\n" + BODY, 0.0],
        "/slow-start": [STALL_S, length + BODY],
        "/slow-end": [length + BODY[:PIECE], STALL_S, BODY[PIECE:]],
        "/truncated": [length + BODY[:PIECE], 0.0],
        "/truncated-chunked": [chunked + chunks, 0.0],
        "/truncated-header": [b"HTTP/1.1 200 OK\r\nContent-Le", 0.0],
        "/no-answer": [0.0],
        "/garbage": [b"SSH-2.0-OpenSSH\r\n\r\n", 0.0],
        "/error": [b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno"],
        "/interim": [b"HTTP/1.1 100 Continue\r\n\r\n", length + BODY],
    }
    return replies[path]


CLOSING = ("/until-close", "/truncated", "/truncated-chunked", "/truncated-header", "/no-answer", "/garbage")


class FaultyServer:
    """Serves one connection after the other on a port of its own, in a thread."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop to serve and wait for the thread."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                while path := self._request(connection):
                    self._answer(connection, path)
                    if path in CLOSING:
                        break

    def _request(self, connection: socket.socket) -> str | None:
        received = b""
        while b"\r\n\r\n" not in received:
            block = connection.recv(65536)
            if not block:
                return None
            received += block
        return received.split(b" ", 2)[1].decode()

    def _answer(self, connection: socket.socket, path: str) -> None:
        for step in reply(path):
            if isinstance(step, float):
                time.sleep(step)
            else:
                connection.sendall(step)
