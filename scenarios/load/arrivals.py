"""Open loop: requests arrive by a Poisson process, whether or not the archive keeps up.

Latency counts from the intended arrival, so that a stall is seen by everyone who came during it; a closed
loop, whose client waits too, sees it once. Arrivals are drawn before the clock starts, the same for every
arm. One who arrives while all connections are busy waits, and is dropped once as many wait as there are
connections; a drop is a failed request.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from time import perf_counter_ns

import gevent
from gevent.pool import Pool

NS_PER_S = 1_000_000_000


@dataclass(slots=True)
class Driven:
    """Who was dropped (number and due time), and how late each arrival was dispatched."""

    dropped: list[tuple[int, int]] = field(default_factory=list)
    late_ns: list[int] = field(default_factory=list)


def poisson_arrivals(rate_per_s: float, seconds: float, random: Random) -> Iterator[int]:
    """Yield arrival times within the given time, in nanoseconds from its start."""
    at_s = random.expovariate(rate_per_s)
    while at_s < seconds:
        yield int(at_s * NS_PER_S)
        at_s += random.expovariate(rate_per_s)


def drive(arrivals: Sequence[int], connections: int, serve: Callable[[int, int], None]) -> Driven:
    """Call `serve(number, due_ns)` for each arrival in a greenlet of its own, and wait for all.

    `serve` has to block while all connections are busy, as a connection pool does.
    """
    pool = Pool(2 * connections)
    started, driven = perf_counter_ns(), Driven()
    for number, offset_ns in enumerate(arrivals):
        due_ns = started + offset_ns
        gevent.sleep(max(0, due_ns - perf_counter_ns()) / NS_PER_S)
        driven.late_ns.append(perf_counter_ns() - due_ns)
        if pool.full():
            driven.dropped.append((number, due_ns))
        else:
            pool.spawn(serve, number, due_ns)
    pool.join()
    return driven
