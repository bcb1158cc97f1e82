"""Open loop: requests arrive by a Poisson process, whether or not the archive keeps up.

Latency counts from the intended arrival, so that a stall is seen by everyone who came during it (Gil Tene
calls the opposite coordinated omission). The arrivals are drawn before the clock starts, the same for every
arm. One who arrives while all connections are busy waits in the queue up to its length and is dropped
beyond it; drops are counted as errors.
"""

from collections.abc import Callable, Iterator
from random import Random
from time import perf_counter_ns

import gevent
from gevent.pool import Pool

NS_PER_S = 1_000_000_000


def poisson_arrivals(rate_per_s: float, seconds: float, random: Random) -> Iterator[int]:
    """Yield arrival times within the given time, in nanoseconds from its start."""
    at_s = random.expovariate(rate_per_s)
    while at_s < seconds:
        yield int(at_s * NS_PER_S)
        at_s += random.expovariate(rate_per_s)


def drive(arrivals: list[int], connections: int, queue: int, serve: Callable[[int, int], None]) -> int:
    """Call `serve(number, due_ns)` for each arrival in a greenlet of its own; return how many were dropped.

    `serve` runs at most `connections` times at once because the connection pool makes the others wait.
    """
    pool = Pool(connections + queue)
    started, dropped = perf_counter_ns(), 0
    for number, offset_ns in enumerate(arrivals):
        due_ns = started + offset_ns
        wait_ns = due_ns - perf_counter_ns()
        gevent.sleep(max(0, wait_ns) / NS_PER_S)
        if pool.full():
            dropped += 1
            continue
        pool.spawn(serve, number, due_ns)
    pool.join()
    return dropped
