"""What the generator costs per operation: its own client and a bare socket, in turn, on the same archive.

Both send the same GET over one kept connection, a few at a time and in alternating order, so that drift
favours neither. What the bare socket does not need is the client's share of a latency.
"""

import statistics
from collections.abc import Callable, Mapping
from contextlib import closing
from time import perf_counter_ns, process_time_ns
from typing import Any

from scenarios.load.bare_socket import BareClient
from scenarios.load.operations import Operation, Request
from scenarios.load.users import ArchiveUser, Endpoint

RUN_LENGTH = 5  # requests of one client before it is the other's turn


def our_client(user: ArchiveUser, endpoint: Endpoint, request: Request) -> Callable[[], int]:
    """Return a function that sends the request as campaigns do, and returns the nanoseconds."""
    wire = endpoint.wire(request)
    client = user.connection(endpoint)

    def send() -> int:
        exchange = user.send(client, request, wire)
        if exchange.error or exchange.sent_ns is None or exchange.end_ns is None:
            raise OSError(f"the archive does not answer {request.path}: {exchange.error}")
        return exchange.end_ns - exchange.sent_ns

    return send


def calibrate(
    user: ArchiveUser, endpoint: Endpoint, requests: Mapping[Operation, Request], seconds: float
) -> list[dict[str, Any]]:
    """Return a row per operation: medians and CPU time of both clients in milliseconds."""
    return [
        {"operation": operation, **_compared(user, endpoint, request, seconds / len(requests))}
        for operation, request in requests.items()
    ]


def _compared(user: ArchiveUser, endpoint: Endpoint, request: Request, seconds: float) -> dict[str, Any]:
    with closing(BareClient(endpoint.base_url, endpoint.wire(request))) as bare:
        clients = (bare.send, our_client(user, endpoint, request))
        for send in clients:
            send()
        times: tuple[list[int], list[int]] = ([], [])
        cpu_ns = [0, 0]
        deadline, turn = perf_counter_ns() + int(seconds * 1e9), 0
        while perf_counter_ns() < deadline or not turn:
            for index in (0, 1) if turn % 2 else (1, 0):
                before = process_time_ns()
                times[index].extend(clients[index]() for _ in range(RUN_LENGTH))
                cpu_ns[index] += process_time_ns() - before
            turn += 1
    requests = len(times[0])
    return {
        "requests": requests,
        "raw_socket_ms": statistics.median(times[0]) / 1e6,
        "harness_ms": statistics.median(times[1]) / 1e6,
        "raw_socket_cpu_ms": cpu_ns[0] / requests / 1e6,
        "harness_cpu_ms": cpu_ns[1] / requests / 1e6,
    }
