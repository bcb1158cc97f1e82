"""Server-Timing says where a response's time went and how many SQL round trips it took.

The spans of the running request live in a context variable, so that storage can count a round trip without
knowing about HTTP. `app` is what remains of the time to the first byte of the response: parsing, encoding,
routing. Bytes that are streamed after the header went out are not in it. Format: W3C Server-Timing, durations
in milliseconds.
"""

from collections.abc import Awaitable
from contextvars import ContextVar
from time import perf_counter_ns
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Span = Literal["authn", "authz", "index", "blob"]
NS_PER_MS = 1_000_000
HEADER = (
    b"authn;dur=%.4f, authz;dur=%.4f, index;dur=%.4f, blob;dur=%.4f, app;dur=%.4f, total;dur=%.4f, sql;dur=%d"
)


class Spans:
    """The nanoseconds that one request spent in each part, and its number of SQL round trips."""

    __slots__ = ("authn", "authz", "blob", "index", "sql", "started")

    def __init__(self) -> None:
        self.started = perf_counter_ns()
        self.authn = self.authz = self.index = self.blob = self.sql = 0

    def header(self) -> bytes:
        """Return the value of the Server-Timing header as of now."""
        total = perf_counter_ns() - self.started
        app = max(0, total - self.authn - self.authz - self.index - self.blob)
        spans = (self.authn, self.authz, self.index, self.blob, app, total)
        return HEADER % (*(span / NS_PER_MS for span in spans), self.sql)


_spans: ContextVar[Spans] = ContextVar("spans")


class measured:  # noqa: N801  reads as a verb: with measured("index")
    """Add the time of the block to a span of the running request; outside a request it does nothing."""

    __slots__ = ("_span", "_spans", "_started")

    def __init__(self, span: Span) -> None:
        self._span = span

    def __enter__(self) -> None:
        """Begin."""
        self._spans = _spans.get(None)
        self._started = perf_counter_ns()

    def __exit__(self, *_: object) -> None:
        """End, also by an exception."""
        spans, span = self._spans, self._span
        if spans is not None:
            setattr(spans, span, getattr(spans, span) + perf_counter_ns() - self._started)


def count_round_trip(number: int = 1) -> None:
    """Count SQL round trips of the running request: statements sent to the database's thread and awaited."""
    spans = _spans.get(None)
    if spans is not None:
        spans.sql += number


class ServerTiming:
    """ASGI middleware that puts Server-Timing on every response, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI event stream; all but HTTP passes through untouched."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        spans = Spans()
        token = _spans.set(spans)

        def send_timed(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"server-timing", spans.header())]
            return send(message)

        try:
            await self.app(scope, receive, send_timed)
        finally:
            _spans.reset(token)
