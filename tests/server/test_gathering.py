"""The head and the body of an answer go out together, and answers in a row stay apart."""

import asyncio
import re
import socket

from reference_server.gathering import Gathering
from tests.server.running import RunningArchive


def test_answers_in_a_row_are_whole_and_in_order(plain: RunningArchive) -> None:
    host, port = plain.origin.removeprefix("http://").split(":")
    request = f"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(request * 4 + request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        received = b""
        while piece := client.recv(1 << 16):
            received += piece
    bodies = re.findall(rb'\r\n\r\n(\{"status":"ok","accounting":"off"\})', received)
    assert len(bodies) == received.count(b"HTTP/1.1 200 OK\r\n") == 5
    assert received.endswith(bodies[-1])


def test_the_head_and_a_short_body_are_written_together() -> None:
    async def one_write() -> list[bytes]:
        ours, theirs = socket.socketpair()
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
        gathering = Gathering(transport)
        for piece in (b"head", b"body"):
            gathering.write(piece)
        assert transport.get_write_buffer_size() == 0
        gathering.close()
        await asyncio.sleep(0)
        with theirs:
            theirs.settimeout(10)
            return [theirs.recv(100), theirs.recv(100)]

    assert asyncio.run(one_write()) == [b"headbody", b""]
