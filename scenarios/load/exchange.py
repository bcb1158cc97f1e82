"""One request and its answer on a pooled socket of Locust's FastHttpUser, with clocks at the socket.

FastHttpSession.request reads its clock around the building of URLs, headers and response objects, and
collects bodies in 4 KiB blocks; on a small answer that costs more than the archive does. So the request is
bytes before the clock starts, and the clock is read where the bytes pass: before the write, after the first
read, after the last. A body of known length is received into one reused buffer and only counted; chunked
bodies go through geventhttpclient's parser.
"""

from time import perf_counter_ns
from typing import Any

from geventhttpclient.client import HTTPClient
from geventhttpclient.response import HTTPParseError, HTTPResponse

BLOCK_BYTES = 1 << 20
_buffer = memoryview(bytearray(BLOCK_BYTES))  # shared: what it holds is never looked at


class Answer(HTTPResponse):  # type: ignore[misc]  # mypy follows no untyped client
    """The parser of one answer; it counts the body, and keeps it only if asked to."""

    def __init__(self, method: str, *, keep: bool) -> None:
        super().__init__(method=method)
        self.keep = keep
        self.body_bytes = 0

    def _on_body(self, buf: bytearray) -> None:
        self.body_bytes += len(buf)
        if self.keep:
            self._body_buffer += buf

    @property
    def body(self) -> bytes:
        """The body, where it was kept."""
        return bytes(self._body_buffer)

    def header(self, name: str) -> str | None:
        """Return a header's value; of a repeated header the first."""
        value: str | list[str] | None = self.get(name)
        return value[0] if isinstance(value, list) else value


class Exchange:
    """What happened to one request: clocks in nanoseconds, status, sizes, and the error if it failed.

    A clock that was not reached is None. `covered` names what a span over several requests covers. An
    injected delay is spent spinning between the first clock and the write.
    """

    __slots__ = ("answer", "covered", "end_ns", "error", "first_byte_ns", "sent_ns")

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.covered: tuple[Exchange, ...] = ()  # of a span: what it covers
        self.sent_ns: int | None = None
        self.first_byte_ns: int | None = None
        self.end_ns: int | None = None
        self.error: str | None = None

    @classmethod
    def dropped(cls) -> "Exchange":
        """Return the exchange of a request that was never sent because too many waited."""
        exchange = cls()
        exchange.error = "dropped: all connections were busy and as many requests waited"
        return exchange

    def perform(self, client: HTTPClient, wire: bytes, method: str, *, keep: bool, spin_ns: int) -> None:
        """Send the bytes and read the whole answer; a failure is recorded, never raised."""
        pool = client._connection_pool  # noqa: SLF001  geventhttpclient offers its sockets in no other way
        try:
            sock = pool.get_socket()
        except Exception as error:  # noqa: BLE001  whatever a connection fails with is a failed request
            self.end_ns = perf_counter_ns()
            self.error = f"not connected: {error!r}"
            return
        reusable = False
        try:
            self.sent_ns = perf_counter_ns()
            if spin_ns:
                while perf_counter_ns() - self.sent_ns < spin_ns:
                    pass
            sock.sendall(wire)
            reusable = self._read(sock, Answer(method, keep=keep))
        except Exception as error:  # noqa: BLE001  as above; the run must go on and count it
            self.error = f"{type(error).__name__}: {error}"
        finally:
            self.end_ns = perf_counter_ns()
            if reusable:
                pool.return_socket(sock)
            else:
                pool.release_socket(sock)

    def _read(self, sock: Any, answer: Answer) -> bool:
        """Read the answer to its end and tell whether the connection may be used again."""
        self.answer = answer
        while not answer.headers_complete or answer.get_code() < 200:  # noqa: PLR2004  1xx are interim
            received = sock.recv_into(_buffer)
            if self.first_byte_ns is None:
                self.first_byte_ns = perf_counter_ns()
            if not received:
                raise HTTPParseError("connection closed before the end of the header")
            answer.feed(bytes(_buffer[:received]))
        if answer.message_complete:
            return not answer.should_close()
        length = answer.content_length
        if length is None:
            return self._read_parsed(sock, answer)
        while answer.body_bytes < length:
            received = sock.recv_into(_buffer, min(BLOCK_BYTES, length - answer.body_bytes))
            if not received:
                raise HTTPParseError(f"body truncated: {answer.body_bytes} of {length} bytes")
            if answer.keep:
                answer._on_body(bytearray(_buffer[:received]))  # noqa: SLF001  our own class
            else:
                answer.body_bytes += received
        return (answer.header("connection") or "").lower() != "close"

    def _read_parsed(self, sock: Any, answer: Answer) -> bool:
        """Read a body whose end only the parser knows: chunked, or up to the close of the connection."""
        chunked = (answer.header("transfer-encoding") or "").lower() == "chunked"
        while not answer.message_complete:
            received = sock.recv_into(_buffer)
            if not received:
                if chunked:
                    raise HTTPParseError(f"chunked body truncated after {answer.body_bytes} bytes")
                return False
            answer.feed(bytes(_buffer[:received]))
        return not answer.should_close()
