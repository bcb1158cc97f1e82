"""Turns: one operation at a time, by so many clients without pauses.

Reads go on for a time, and each client reads at least once; stores are bounded by number. Requests are taken
from one line, so that clients ask for different things. Connections are kept where the archive lets them
be kept; where it closes them, the time of connecting anew lies between `due` and `sent`, and rates count it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle
from time import perf_counter_ns

import gevent

from scenarios.load.further import Further
from scenarios.load.operations import Operation, Request
from scenarios.load.samples import Recorder
from scenarios.load.stows import StowSource
from scenarios.load.users import ArchiveUser, Endpoint


class Turns:
    """Takes the turns of one arm in one block."""

    def __init__(self, user: ArchiveUser, endpoint: Endpoint, recorder: Recorder) -> None:
        self._user = user
        self._endpoint = endpoint
        self._recorder = recorder

    def read(self, requests: Iterable[Request], clients: int, seconds: float) -> None:
        """Let the clients read until the time is up."""
        line = cycle(self.prepared(requests))
        deadline = perf_counter_ns() + int(seconds * 1e9)

        def ask() -> None:
            self._send(*next(line))
            while perf_counter_ns() < deadline:
                self._send(*next(line))

        self._together(ask, clients)

    def prepared(self, requests: Iterable[Request]) -> list[tuple[Request, bytes]]:
        """Return requests with their bytes for this arm."""
        return [(request, self._endpoint.wire(request)) for request in requests]

    def store(self, prepared: list[tuple[Request, bytes]], clients: int) -> None:
        """Let the clients store until nothing is left."""
        line = iter(prepared)

        def ask() -> None:
            for request, wire in line:
                self._send(request, wire)

        self._together(ask, clients)

    def _together(self, ask: Callable[[], None], clients: int) -> None:
        gevent.joinall([gevent.spawn(ask) for _ in range(clients)], raise_error=True)

    def _send(self, request: Request, wire: bytes) -> None:
        due = perf_counter_ns()
        client = self._user.connection(self._endpoint)
        exchange = self._user.send(client, request, wire, self._endpoint.delay_us * 1000)
        self._recorder.add(request, len(wire), due, exchange)


@dataclass(frozen=True, slots=True)
class StoreSources:
    """Where the stores of turns come from: the usual image, alone or in a batch, and the smallest one."""

    usual: StowSource
    small: StowSource
    batch_size: int

    def requests(self, operation: str, name: str, times: int) -> Iterator[Request]:
        """Yield the requests of a store operation; another name gives other UIDs."""
        source = self.small if operation == Further.STOW_SMALL else self.usual
        size = self.batch_size if operation == Operation.STOW_BATCH else 1
        for number in range(times):
            yield source.request(operation, size, f"{name}/{operation}/{number}")
