"""The Locust user of the benchmark: a FastHttpUser whose requests are timed at the socket."""

from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any
from urllib.parse import urlsplit

from geventhttpclient.client import HTTPClient, HTTPClientPool
from locust import FastHttpUser

from scenarios.load.exchange import BLOCK_BYTES, Exchange
from scenarios.load.operations import Request

NETWORK_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an archive answers, and the headers that say who asks.

    A delay is spun between the clock and the write of each request; a pause is spun before the clock.
    """

    base_url: str
    headers: dict[str, str] = field(default_factory=dict)
    delay_us: int = 0
    pause_us: int = 0

    def wire(self, request: Request) -> bytes:
        """Return the request as bytes for this archive."""
        parts = urlsplit(self.base_url)
        return request.wire(parts.path.rstrip("/"), parts.netloc.rpartition("@")[2], self.headers)


def new_pool(connections: int) -> HTTPClientPool:
    """Return a pool of at most that many connections to each archive."""
    return HTTPClientPool(
        block_size=BLOCK_BYTES,
        concurrency=connections,
        network_timeout=NETWORK_TIMEOUT_S,
        connection_timeout=NETWORK_TIMEOUT_S,
    )


class ArchiveUser(FastHttpUser):  # type: ignore[misc]  # mypy does not follow locust
    """A user whose requests are timed at the socket and reported to Locust afterwards."""

    abstract = True
    connections = 1

    def __init__(self, environment: Any) -> None:
        self.client_pool = new_pool(self.connections)
        super().__init__(environment)

    def reconnect(self) -> None:
        """Forget all connections, because the servers were restarted."""
        self.client_pool.close()
        self.client_pool = new_pool(self.connections)

    def connection(self, endpoint: Endpoint) -> HTTPClient:
        """Return the pooled connections to an archive."""
        return self.client_pool.get_client(endpoint.base_url)

    def send(self, client: HTTPClient, request: Request, wire: bytes, spin_ns: int = 0) -> Exchange:
        """Perform one request and return what happened."""
        exchange = Exchange()
        keep = request.method == "POST"
        exchange.perform(client, wire, request.method, keep=keep, spin_ns=spin_ns)
        return exchange

    def report(self, request: Request, exchange: Exchange, error: str | None) -> None:
        """Tell Locust's own statistics, an operator's view that is never published, about a request."""
        ended, sent = exchange.end_ns or perf_counter_ns(), exchange.sent_ns
        self.environment.events.request.fire(
            request_type=request.method,
            name=str(request.operation),
            response_time=0.0 if sent is None else (ended - sent) / 1e6,
            response_length=exchange.answer.body_bytes if exchange.answer else 0,
            exception=RuntimeError(error) if error else None,
            context={},
            response=exchange.answer,
        )
