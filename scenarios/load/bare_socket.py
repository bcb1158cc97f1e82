"""A bare socket: the least that any client needs for a request, as the measure of what ours costs.

Locust patches the sockets of its process; this one is the original, which blocks in the kernel. It learns
where an answer ends from Content-Length or from the last chunk, and looks at nothing else.
"""

import socket
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any
from urllib.parse import urlsplit

from gevent.monkey import get_original

TIMEOUT_S = 30.0
BUFFER_BYTES = 1 << 20
LAST_CHUNK = b"0\r\n\r\n"


def bare_client(base_url: str, wire: bytes) -> Callable[[], int]:
    """Return a function that sends these bytes over one kept connection and returns the nanoseconds.

    Only for http; the function raises OSError where the connection ends.
    """
    parts = urlsplit(base_url)
    sock = get_original("socket", "socket")(socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(TIMEOUT_S)
    sock.connect((parts.hostname, parts.port or 80))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = memoryview(bytearray(BUFFER_BYTES))

    def send() -> int:
        started = perf_counter_ns()
        sock.sendall(wire)
        _receive(sock, buffer)
        return perf_counter_ns() - started

    return send


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
