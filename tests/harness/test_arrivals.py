"""Arrivals do not wait for the archive, so a stall is seen by all who came during it."""

import itertools
import statistics
from random import Random
from time import perf_counter_ns

import gevent
import pytest
from gevent.lock import BoundedSemaphore
from hypothesis import given
from hypothesis import strategies as st

from scenarios.load.arrivals import NS_PER_S, drive, poisson_arrivals

STALL_S = 0.3


@given(rate=st.floats(1, 2000), seconds=st.floats(0.01, 5), seed=st.integers())
def test_arrivals_ascend_within_the_time_and_follow_from_the_seed(
    rate: float, seconds: float, seed: int
) -> None:
    arrivals = list(poisson_arrivals(rate, seconds, Random(seed)))
    assert arrivals == sorted(arrivals)
    assert all(0 <= each < seconds * NS_PER_S for each in arrivals)
    assert arrivals == list(poisson_arrivals(rate, seconds, Random(seed)))


def test_gaps_are_exponential() -> None:
    arrivals = list(poisson_arrivals(1000, 100, Random(1)))
    gaps_s = [(late - early) / NS_PER_S for early, late in itertools.pairwise(arrivals)]
    assert len(arrivals) == pytest.approx(100_000, rel=0.02)
    assert statistics.stdev(gaps_s) == pytest.approx(statistics.fmean(gaps_s), rel=0.02)


def test_one_stall_delays_everyone_who_arrives_during_it() -> None:
    connection = BoundedSemaphore(1)
    latencies_ns: list[int] = []
    services_ns: list[int] = []

    def serve(number: int, due_ns: int) -> None:
        with connection:
            sent_ns = perf_counter_ns()
            gevent.sleep(STALL_S if number == 0 else 0)
            ended_ns = perf_counter_ns()
        latencies_ns.append(ended_ns - due_ns)
        services_ns.append(ended_ns - sent_ns)

    driven = drive([index * 10_000_000 for index in range(20)], 20, serve)
    assert driven.dropped == []
    assert len(driven.late_ns) == len(latencies_ns) == 20
    half_ns = STALL_S * NS_PER_S / 2
    # Due at 0, 10, ... 190 ms, and none could begin before 300 ms: sixteen came in its first half.
    assert sum(latency >= half_ns for latency in latencies_ns) >= 15
    assert sum(service >= half_ns for service in services_ns) < 5


def test_who_finds_the_queue_full_is_dropped() -> None:
    gate = gevent.event.Event()
    served: list[int] = []

    def serve(number: int, due_ns: int) -> None:  # noqa: ARG001  the signature of the generator's
        gate.wait()
        served.append(number)

    gevent.spawn_later(0.1, gate.set)
    driven = drive([0] * 10, 2, serve)
    assert len(served) == 4
    assert [number for number, _ in driven.dropped] == [4, 5, 6, 7, 8, 9]
