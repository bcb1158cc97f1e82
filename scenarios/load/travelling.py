"""Travelling carries out journeys: each request is a sample, and so is each span over several."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter_ns

import gevent

from scenarios.load.arrivals import drive
from scenarios.load.exchange import Exchange
from scenarios.load.journeys import Journey, spanned
from scenarios.load.operations import Request
from scenarios.load.samples import Recorder

Send = Callable[[Request, bytes], Exchange]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A journey whose requests are bytes, before any clock is read."""

    journey: Journey
    wires: tuple[bytes, ...]


def prepared(journeys: Iterable[Journey], wire: Callable[[Request], bytes]) -> list[Prepared]:
    """Return the journeys with the bytes of their requests."""
    return [Prepared(each, tuple(wire(request) for request in each.requests)) for each in journeys]


def travel(one: Prepared, send: Send, due_ns: int, recorder: Recorder) -> None:
    """Send the requests of a journey one after the other; the first is due at that time."""
    exchanges: list[Exchange] = []
    due = due_ns
    for request, wire in zip(one.journey.requests, one.wires, strict=True):
        exchange = send(request, wire)
        recorder.add(request, len(wire), due, exchange)
        exchanges.append(exchange)
        due = perf_counter_ns()
    for span in one.journey.spans:
        covered = slice(span.first, span.last + 1)
        whole = spanned(exchanges[covered])
        sent_bytes = sum(map(len, one.wires[covered]))
        began = due_ns if span.first == 0 else whole.sent_ns or due_ns
        recorder.add(Request(span.operation, "", ""), sent_bytes, began, whole)


def travel_all(journeys: list[Prepared], clients: int, send: Send, recorder: Recorder) -> None:
    """Carry out all journeys in closed loop: each client begins the next once it has ended one."""
    left: Iterator[Prepared] = iter(journeys)

    def go() -> None:
        for one in left:
            travel(one, send, perf_counter_ns(), recorder)

    gevent.joinall([gevent.spawn(go) for _ in range(clients)], raise_error=True)


def travel_on_arrival(
    journeys: list[Prepared], arrivals: list[int], connections: int, send: Send, recorder: Recorder
) -> list[int]:
    """Begin a journey at each arrival; return how late each was dispatched, in nanoseconds."""
    driven = drive(
        arrivals, connections, lambda number, due_ns: travel(journeys[number], send, due_ns, recorder)
    )
    for number, due_ns in driven.dropped:
        one = journeys[number]
        recorder.add(one.journey.requests[0], len(one.wires[0]), due_ns, Exchange.dropped())
    return driven.late_ns
