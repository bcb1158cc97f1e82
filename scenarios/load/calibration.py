"""Calibration: what the generator itself costs, beside a bare socket and beside Locust's own client.

    python -m scenarios.load.calibration http://127.0.0.1:8080/dicom-web/studies?limit=1 [--seconds 2]

All three send the same GET over one kept connection, in turn, to the same archive. What the bare loop does
not need is the share of the client in every latency; the smaller the answer, the larger that share.
"""

import argparse
import statistics
import sys
from collections.abc import Callable
from time import perf_counter_ns
from urllib.parse import urlsplit

from locust import FastHttpUser
from locust.env import Environment

from scenarios.load.bare_socket import BareClient
from scenarios.load.client_cost import our_client
from scenarios.load.operations import DICOM_JSON, Operation, Request
from scenarios.load.users import ArchiveUser, Endpoint

ROUNDS = 6  # of each client in turn, so that drift favours none
WARM_REQUESTS = 50


def locust_client(user: FastHttpUser, path: str) -> Callable[[], int]:
    """Return a function that sends the request by `self.client.get`, as locustfiles usually do."""

    def send() -> int:
        started = perf_counter_ns()
        user.client.get(path, headers={"Accept": DICOM_JSON, "Accept-Encoding": "identity"})
        return perf_counter_ns() - started

    return send


def main() -> None:
    """Print median and 95th percentile per client in microseconds."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.load.calibration", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each client")
    chosen = parser.parse_args()
    parts = urlsplit(chosen.url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    endpoint = Endpoint(f"{parts.scheme}://{parts.netloc}")
    request = Request(Operation.QIDO_STUDIES_PAGE, path, DICOM_JSON)
    ours = type("OurUser", (ArchiveUser,), {"host": endpoint.base_url})
    theirs = type("TheirUser", (FastHttpUser,), {"host": endpoint.base_url})
    environment = Environment(user_classes=[ours, theirs])
    clients = {
        "bare socket": BareClient(endpoint.base_url, endpoint.wire(request)).send,
        "this harness": our_client(ours(environment), endpoint, request),
        "FastHttpUser.client.get": locust_client(theirs(environment), path),
    }
    times: dict[str, list[int]] = {name: [] for name in clients}
    for _ in range(ROUNDS):
        for name, send in clients.items():
            for _ in range(WARM_REQUESTS):
                send()
            deadline = perf_counter_ns() + int(chosen.seconds / ROUNDS * 1e9)
            while perf_counter_ns() < deadline:
                times[name].append(send())
    for name, each in times.items():
        p95 = sorted(each)[len(each) * 95 // 100]
        median = statistics.median(each)
        line = f"{name:24} n={len(each):6}  median {median / 1000:7.1f} us  p95 {p95 / 1000:7.1f} us"
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
