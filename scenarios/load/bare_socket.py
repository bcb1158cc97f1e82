"""A bare socket: the least that any client needs for a request, as the measure of what ours costs.

Locust patches the sockets of its process; this one is the original, which blocks in the kernel. It learns
where an answer ends from Content-Length or from the last chunk, and looks at nothing else.
"""

import socket
from time import perf_counter_ns
from typing import Any
from urllib.parse import urlsplit

from gevent.monkey import get_original

TIMEOUT_S = 30.0
BUFFER_BYTES = 1 << 20
LAST_CHUNK = b"0\r\n\r\n"


class BareClient:
    """One kept connection over which the same bytes are sent again and again; only for http."""

    def __init__(self, base_url: str, wire: bytes) -> None:
        parts = urlsplit(base_url)
        self._wire, self._buffer = wire, memoryview(bytearray(BUFFER_BYTES))
        self._socket = get_original("socket", "socket")(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.settimeout(TIMEOUT_S)
        self._socket.connect((parts.hostname, parts.port or 80))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self) -> int:
        """Send the request, receive the whole answer and return the nanoseconds; raises OSError."""
        started = perf_counter_ns()
        self._socket.sendall(self._wire)
        _receive(self._socket, self._buffer)
        return perf_counter_ns() - started

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def _receive(sock: Any, buffer: memoryview) -> None:
    """Receive one whole answer."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(sock, buffer)
    head, _, body = received.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
    if length:
        left = int(length) - len(body)
        while left > 0:
            count = sock.recv_into(buffer)
            if not count:
                raise OSError("the connection ended within an answer")
            left -= count
        return
    while not body.endswith(LAST_CHUNK):
        body = body[-len(LAST_CHUNK) :] + _some(sock, buffer)


def _some(sock: Any, buffer: memoryview) -> bytes:
    count = sock.recv_into(buffer)
    if not count:
        raise OSError("the connection ended within an answer")
    return bytes(buffer[:count])
