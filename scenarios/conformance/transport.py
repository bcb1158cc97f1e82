"""The connections of a run, and the recorder of what one check sent and received over them."""

import ssl
import threading
import time
from collections.abc import Callable, Collection
from urllib.parse import SplitResult

from scenarios.conformance.evidence import Evidence, evidence_of
from scenarios.conformance.findings import CouldNotRun, Violation
from scenarios.conformance.message import Exchange, Request, Response
from scenarios.conformance.target import Target
from scenarios.conformance.wire import NoResponseError, Pool, UnreachableError

Observer = Callable[[Exchange], None]
KEPT_EXCHANGES = 40


class Transport:
    """One pool of connections per origin, shared by all checks of a run."""

    def __init__(self, target: Target) -> None:
        """Prepare to connect; nothing is opened before the first request."""
        self._limits = target.limits
        self._tls: ssl.SSLContext | None = target.tls.context() if target.origin.scheme == "https" else None
        self._pools: dict[str, Pool] = {}
        self._lock = threading.Lock()

    def pool(self, origin: SplitResult) -> Pool:
        """Return the pool of this origin."""
        key = origin.geturl()
        with self._lock:
            if key not in self._pools:
                tls = self._tls or ssl.create_default_context() if origin.scheme == "https" else None
                self._pools[key] = Pool(origin, tls, self._limits)
            return self._pools[key]

    def close(self) -> None:
        """Close all idle connections."""
        with self._lock:
            for pool in self._pools.values():
                pool.close()


class Recorder:
    """Sends the requests of one check, keeps the evidence, and enforces the check's deadline."""

    def __init__(
        self,
        transport: Transport,
        secrets: Collection[str],
        observer: Observer | None = None,
        deadline_s: float = float("inf"),
    ) -> None:
        """Record what goes over the transport until the deadline, a time of the monotonic clock."""
        self._transport = transport
        self._secrets = secrets
        self._observer = observer
        self._deadline_s = deadline_s
        self._lock = threading.Lock()
        self.evidence: list[Evidence] = []
        self.left_out = 0  # exchanges beyond the number that a report keeps

    def send(self, origin: SplitResult, request: Request, raw: bytes | None = None) -> Response:
        """Send the request, or these raw bytes in its place; no response is a violation."""
        if time.monotonic() > self._deadline_s:
            raise CouldNotRun("the check took longer than timeouts.check_s allows")
        pool = self._transport.pool(origin)
        try:
            data = request.head + request.body if raw is None else raw
            response, duration_ms = pool.exchange(data, method=request.method)
        except UnreachableError as error:
            raise CouldNotRun(str(error)) from error
        except NoResponseError as error:
            self._record(Exchange(origin, request, None, trouble=str(error)))
            raise Violation("a well-formed HTTP response", str(error)) from error
        self._record(Exchange(origin, request, response, duration_ms=duration_ms))
        return response

    def _record(self, exchange: Exchange) -> None:
        if self._observer is not None:
            self._observer(exchange)
        with self._lock:
            self.evidence.append(evidence_of(exchange, self._secrets))
            if len(self.evidence) > KEPT_EXCHANGES:
                del self.evidence[KEPT_EXCHANGES // 4]  # the first and the latest tell most
                self.left_out += 1
