"""One connection, which a client may not hold for ever or fill without end.

The HTTP parser buffers a header until it is complete, however long it is, waits for the next byte however
long it takes, and requests that come before their turn are queued however many they are. Here a head (request
line and headers) has a size and a time, and few requests may wait; the body of a request and the reader of an
answer have to make headway in every period of the clock. Who does not is answered 431 or 408 where no answer
is under way, and cut off. While the archive works and the client has nothing to do, no clock runs against it.
An answer to a client who has gone ends at its next piece.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.types import Message
from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from reference_server.gathering import Gathering
from reference_server.outlet import Outlet

MAX_HEAD_BYTES = 65_536
MAX_PIPELINED = 64
HEADWAY_BYTES = 1024
SEPARATORS = len(b": \r\n")
ZERO_COPY = "http.response.zerocopysend"


class ClientGoneError(OSError):
    """Nobody is there to read the answer (as ASGI wants it, an OSError)."""


@dataclass(frozen=True, slots=True)
class Headway:
    """How far a connection is: heads and octets received, times that writing went on, octets unsent."""

    heads: int
    received: int
    resumed: int
    unsent: int


async def head_too_large(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:  # noqa: ARG001  ASGI's signature
    """Answer a request whose head is larger than it may be."""
    body = f"request line and headers may have {MAX_HEAD_BYTES} octets\n".encode()
    headers = [
        (b"content-type", b"text/plain"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


class Connection(HttpToolsProtocol):
    """A connection whose client has to make headway in every `patience_seconds`."""

    patience_seconds = 30.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin: the head of the first request is due."""
        super().connection_made(transport)
        self._in_head, self._head_bytes, self._heads = True, 0, 0
        self._received = self._resumed = 0
        self._cut = False
        self._outlet = Outlet(transport, self.flow, self.loop)
        self._answered: RequestResponseCycle | None = None
        self._before = self._headway()
        self._clock = self.loop.call_later(self.patience_seconds, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """End, and tell the request that is being answered; the base class tells only the last."""
        self._clock.cancel()
        if self._answered is not None:
            self._answered.disconnected = True
            self._answered.message_event.set()
        super().connection_lost(exc)
        self._outlet.close()

    def data_received(self, data: bytes) -> None:
        """Take what arrived; a head that grows beyond its size ends the connection."""
        self._received += len(data)
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._end(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Go on with the body; a head that came at once is measured here, and so are requests that wait."""
        if len(self.pipeline) >= MAX_PIPELINED:
            self._cut_off()
        if self._cut:
            return
        size = len(self.url) + sum(len(name) + len(value) + SEPARATORS for name, value in self.headers)
        self._in_head, self._head_bytes = False, 0
        self._heads += 1
        app = self.app
        if size > MAX_HEAD_BYTES:
            self.app = head_too_large
        super().on_headers_complete()
        self.app = app

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if not self._cut:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Expect the head of the next request."""
        self._in_head = True
        if not self._cut:
            super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answered = cycle
        held: list[Any] = []  # the head, until there is a body

        async def send(message: Any) -> None:
            if cycle.disconnected:
                raise ClientGoneError
            head, held[:] = held[:], []
            if message["type"] == "http.response.start":
                held.append(message)
            elif message["type"] == ZERO_COPY:
                await self._send(cycle, head)
                await self._send_file(cycle, message)
            else:
                await self._send(cycle, [*head, message])

        async def answer(scope: Any, receive: ASGIReceiveCallable, _: ASGISendCallable) -> None:
            scope["extensions"] = {ZERO_COPY: {}}
            try:
                await app(scope, receive, send)
            except ClientGoneError:
                return

        super()._start_asgi_task(cycle, answer)

    async def _send(self, cycle: RequestResponseCycle, messages: list[Any]) -> None:
        """Send messages of an answer, with one write if they are several."""
        if len(messages) <= 1:
            for message in messages:
                await cycle.send(message)
            return
        gathering = Gathering(self.transport)
        cycle.transport = gathering
        try:
            for message in messages:
                await cycle.send(message)
        finally:
            cycle.transport = self.transport
            gathering.flush()

    async def _send_file(self, cycle: RequestResponseCycle, message: Message) -> None:
        """Send octets of a file as a part of a body, as one chunk where no length was announced."""
        count = message["count"]
        if cycle.chunked_encoding:
            self.transport.write(b"%x\r\n" % count)
        else:
            cycle.expected_content_length -= count
        await self._outlet.send(message["file"], message["offset"], count)
        if cycle.chunked_encoding:
            self.transport.write(b"\r\n")

    def resume_writing(self) -> None:
        """Note that the client reads."""
        self._resumed += 1
        super().resume_writing()

    def _headway(self) -> Headway:
        unsent = self.transport.get_write_buffer_size() + self._outlet.unsent
        return Headway(self._heads, self._received, self._resumed + self._outlet.moves, unsent)

    def _look(self) -> None:
        """Once a period, end the connection if it was the client's turn and nothing came of it."""
        before, self._before = self._before, self._headway()
        if self._is_waited_for(before, self._before):
            self._end(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._clock = self.loop.call_later(self.patience_seconds, self._look)

    def _is_waited_for(self, before: Headway, now: Headway) -> bool:
        """Tell whether the client should have read or sent something in this period and did not."""
        if before.unsent and now.unsent:
            return now.resumed == before.resumed and now.unsent > before.unsent - HEADWAY_BYTES
        if now.heads != before.heads:
            return False
        if self._answered is None or self._answered.response_complete:
            # A head has begun, or the first is due; a connection that idles has a clock of its own.
            return self.timeout_keep_alive_task is None
        reading = not self._in_head and not self.pipeline and not self.flow.read_paused
        return reading and now.received - before.received < HEADWAY_BYTES

    def _end(self, status: HTTPStatus) -> None:
        """Say why and close, or cut the connection off where an answer is under way."""
        answered = self._answered
        under_way = answered is not None and answered.response_started and not answered.response_complete
        if under_way or self.pipeline or self.transport.get_write_buffer_size():
            self._cut_off()
        else:
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            self.transport.write(f"{head}connection: close\r\ncontent-length: 0\r\n\r\n".encode("ascii"))
            self.transport.close()

    def _cut_off(self) -> None:
        """End the connection at once, even while it closes; what the parser still has is dropped."""
        self._cut = True
        self.transport.abort()


def connection_class(patience_seconds: float) -> type[Connection]:
    """Return the class of connections that wait that long."""
    attributes: dict[str, Any] = {"patience_seconds": patience_seconds}
    return type("PatientConnection", (Connection,), attributes)
