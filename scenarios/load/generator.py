"""The generator of a campaign: one Locust process that carries out the blocks it is told, for all arms.

    python -m scenarios.load.generator SESSION.json

It reads one JSON command per line on stdin and answers each with one JSON line on stdout, so that the
campaign can repeat a block while every arm shares one warmed client. Within a block the user walks the
operations in a fixed round-robin, reads first and bounded by time, then writes and bounded by number: all
archives grow alike, and what an fsync leaves behind does not fall into the reads. The garbage collector is
off within a block.
"""

import gc
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import islice, repeat
from pathlib import Path
from random import Random
from time import perf_counter_ns, process_time
from typing import Any

import gevent
from gevent.monkey import is_module_patched
from geventhttpclient.client import HTTPClient
from locust import task
from locust.env import Environment

from datasets.manifest import Manifest
from datasets.resizing import resized
from scenarios.data_set import open_data_set
from scenarios.load.arrivals import drive, poisson_arrivals
from scenarios.load.client_cost import calibrate
from scenarios.load.exchange import Exchange
from scenarios.load.further import STORES, smallest_image, turn_requests
from scenarios.load.named import NAMED, Material
from scenarios.load.operations import DICOM_JSON, READS, Operation, Request
from scenarios.load.samples import Place, Recorder, Sample, medians_ms, table_of, write_samples
from scenarios.load.session import Session
from scenarios.load.stows import StowSource
from scenarios.load.travelling import Prepared, Send, prepared, travel_all, travel_on_arrival
from scenarios.load.turns import StoreSources, Turns
from scenarios.load.users import ArchiveUser, Endpoint, new_pool
from scenarios.load.workload import Workload, build_workload

CAPACITY = 1 << 16
Walk = Iterator[tuple[Request, bytes]]


class BlockUser(ArchiveUser):
    """The one user of the session; its task ends when the campaign says so."""

    host = "http://127.0.0.1"  # Locust wants one; every command names an arm instead
    session: Session
    workload: Workload
    manifest: Manifest
    stows: StowSource
    sized: dict[int, StowSource]  # sources by the size of their instances; 0: as in the data set
    sources: StoreSources  # of turns
    asked: Mapping[str, tuple[Request, ...]]  # of turns

    @task  # type: ignore[untyped-decorator]  # mypy does not follow locust
    def obey(self) -> None:
        """Carry out commands until the end of stdin; an error of ours ends the process."""
        try:
            for line in sys.stdin:
                sys.stdout.write(json.dumps(self._carry_out(json.loads(line))) + "\n")
                sys.stdout.flush()
        finally:
            self.environment.runner.quit()

    def _carry_out(self, command: dict[str, Any]) -> Mapping[str, Any]:
        commands: dict[str, Callable[..., Mapping[str, Any] | None]] = {
            "warm": self.warm,
            "block": self.block,
            "turns": self.turns,
            "journeys": self.journeys,
            "saturate": self.saturate,
            "calibrate": self.calibrate,
            "capacity": self.capacity,
            "reconnect": self.reconnect,
        }
        return commands[command.pop("do")](**command) or {}

    def warm(self, arm: str, seconds: float) -> Mapping[str, Any]:
        """Read for that long and return the median per operation in milliseconds."""
        recorder = Recorder(CAPACITY)
        self._read_for(arm, 0, seconds, recorder)
        samples = recorder.samples
        # pyarrow's first table imports for a second; the first block should not wait for that.
        table_of(samples, Place(self.session.run, 0, arm, 0))
        return {"medians_ms": medians_ms(samples), "errors": _errors(samples)}

    def calibrate(self, arm: str, seconds: float) -> Mapping[str, Any]:
        """Compare the client with a bare socket on one target of each operation."""
        endpoint = self.session.endpoints[arm]
        if not endpoint.base_url.startswith("http://"):
            return {"rows": []}
        plain = Endpoint(endpoint.base_url, endpoint.headers)
        requests = {each: self.workload.reads[each][0] for each in self.session.reads or READS}
        return {"rows": calibrate(self, plain, requests, seconds)}

    def saturate(self, arm: str, clients: int, seconds: float) -> Mapping[str, Any]:
        """Read as fast as so many clients without pauses can, and return how many were answered.

        Of a named workload the journeys of a block are carried out, however long they take, and counted.
        """
        endpoint = self.session.endpoints[arm]
        if self.session.workload:
            return self._saturated_by_journeys(endpoint, clients)
        walk = self._reads(endpoint, 0)
        return self._saturated(self.connection(endpoint), endpoint, walk, clients, seconds)

    def capacity(self, url: str, clients: int, seconds: float) -> Mapping[str, Any]:
        """Send small requests to a responder as fast as they are answered."""
        endpoint = Endpoint(url)
        request = Request(Operation.QIDO_STUDIES_UID, "/studies?StudyInstanceUID=2.25.1", DICOM_JSON)
        pool = new_pool(clients)
        walk = repeat((request, endpoint.wire(request)))
        found = self._saturated(pool.get_client(url), endpoint, walk, clients, seconds)
        pool.close()
        return found

    def _saturated(
        self, client: HTTPClient, endpoint: Endpoint, walk: Walk, clients: int, seconds: float
    ) -> Mapping[str, Any]:
        recorder = Recorder(CAPACITY)
        cpu, started = process_time(), perf_counter_ns()
        deadline = started + int(seconds * 1e9)
        asking = [
            gevent.spawn(self._ask_until, deadline, client, endpoint, walk, recorder) for _ in range(clients)
        ]
        gevent.joinall(asking, raise_error=True)
        spent, elapsed_ns = process_time() - cpu, perf_counter_ns() - started
        errors = _errors(recorder.samples)
        return {
            "requests": len(recorder.samples) - sum(errors.values()),
            "errors": errors,
            "seconds": elapsed_ns / 1e9,
            "cpu_s": spent,
        }

    def block(
        self,
        *,
        arm: str,
        round_number: int,
        block: int,
        seconds: float,
        path: str,
        rate_per_s: float,
        writes: bool,
    ) -> Mapping[str, Any]:
        """Measure one block, write its samples to the path and return its facts; a rate of 0: closed loop."""
        stows = list(self._writes(arm, block)) if writes else []
        recorder = Recorder(CAPACITY)
        gc.collect()
        gc.disable()
        cpu, started = process_time(), perf_counter_ns()
        if rate_per_s:
            late_ns = self._arrive(arm, round_number, seconds, rate_per_s, recorder)
        else:
            self._read_for(arm, round_number, seconds, recorder)
            late_ns = []
        self._write(arm, stows, recorder)
        ended, spent = perf_counter_ns(), process_time() - cpu
        gc.enable()
        paused_us = 0 if rate_per_s else self.session.endpoints[arm].pause_us
        place = Place(self.session.run, round_number, arm, block)
        return _times(started, ended, spent) | self._kept(recorder, place, path, paused_us, late_ns)

    def journeys(
        self,
        *,
        arm: str,
        round_number: int,
        block: int,
        seconds: float,
        path: str,
        rate_per_s: float,
        clients: int,
    ) -> Mapping[str, Any]:
        """Measure one block of journeys: on arrival at that rate, or (0) a number of them in closed loop."""
        session, endpoint, recorder = self.session, self.session.endpoints[arm], Recorder(CAPACITY)
        random = Random(f"{session.seed}/{round_number}/arrivals")  # noqa: S311  a workload, not a secret
        arrivals = list(poisson_arrivals(rate_per_s, seconds, random)) if rate_per_s else []
        number = len(arrivals) if rate_per_s else session.journeys
        journeys, send = (
            self._journeys(endpoint, round_number, f"block/{block}", number),
            self._sender(endpoint),
        )
        late_ns: list[int] = []
        gc.collect()
        gc.disable()
        cpu, started = process_time(), perf_counter_ns()
        if rate_per_s:
            late_ns = travel_on_arrival(journeys, arrivals, session.connections, send, recorder)
        else:
            travel_all(journeys, clients, send, recorder)
        ended, spent = perf_counter_ns(), process_time() - cpu
        gc.enable()
        place = Place(session.run, round_number, arm, block)
        return _times(started, ended, spent) | self._kept(recorder, place, path, 0, late_ns)

    def _saturated_by_journeys(self, endpoint: Endpoint, clients: int) -> Mapping[str, Any]:
        recorder = Recorder(CAPACITY)
        journeys = self._journeys(endpoint, 0, f"capacity/{clients}", self.session.journeys * clients)
        cpu, started = process_time(), perf_counter_ns()
        travel_all(journeys, clients, self._sender(endpoint), recorder)
        spent, elapsed_ns = process_time() - cpu, perf_counter_ns() - started
        errors = _errors(recorder.samples)
        return {
            "requests": len(journeys) - sum(errors.values()),
            "errors": errors,
            "seconds": elapsed_ns / 1e9,
            "cpu_s": spent,
        }

    def _journeys(self, endpoint: Endpoint, round_number: int, name: str, number: int) -> list[Prepared]:
        """Return that many journeys of the named workload, the same for all arms but for what is stored."""
        random = Random(f"{self.session.seed}/{round_number}/journeys")  # noqa: S311  a workload, no secret
        material = Material(self.manifest.studies, self.source, random, name)
        made = NAMED[self.session.workload].journeys(material)
        return prepared(islice(made, number), endpoint.wire)

    def source(self, size_bytes: int) -> StowSource:
        """Return the source of instances of that size; it is made once."""
        if size_bytes not in self.sized:
            dicom = (self.manifest.root / self.workload.template.path).read_bytes()
            namespace = f"{self.session.run}/{self.session.seed}/{size_bytes}"
            self.sized[size_bytes] = StowSource(resized(dicom, size_bytes), namespace)
        return self.sized[size_bytes]

    def _sender(self, endpoint: Endpoint) -> Send:
        client, spin_ns = self.connection(endpoint), endpoint.delay_us * 1000
        return lambda request, wire: self.send(client, request, wire, spin_ns)

    def turns(self, *, arm: str, round_number: int, block: int, clients: int, path: str) -> Mapping[str, Any]:
        """Measure one block of turns, each operation by itself; write its samples and return its facts."""
        asked, endpoint, recorder = self.session.turns, self.session.endpoints[arm], Recorder(CAPACITY)
        assert asked is not None
        turns = Turns(self, endpoint, recorder)
        stores = {
            each: turns.prepared(self.sources.requests(each, str(block), asked.times(each, clients)))
            for each in asked.operations
            if each in STORES
        }
        gc.collect()
        gc.disable()
        cpu, started = process_time(), perf_counter_ns()
        for operation in asked.operations:
            if operation in stores:
                turns.store(stores[operation], clients)
            else:
                turns.read(self.asked[operation], clients, asked.read_s)
        ended, spent = perf_counter_ns(), process_time() - cpu
        gc.enable()
        place = Place(self.session.run, round_number, arm, block)
        return _times(started, ended, spent) | self._kept(recorder, place, path, 0, [])

    def _kept(
        self, recorder: Recorder, place: Place, path: str, paused_us: int, late_ns: list[int]
    ) -> dict[str, Any]:
        """Write the samples of a block and return what they say."""
        samples = recorder.samples
        for sample in samples:
            self.report(sample.request, sample.exchange, sample.error)
        write_samples(samples, place, Path(path))
        lags = sorted(late_ns or [sample.lag_ns for sample in samples if sample.lag_ns is not None])
        medians = medians_ms(samples)
        return {
            "requests": len(samples),
            "errors": _errors(samples),
            "spun_ms": len(samples) * (self.session.endpoints[place.arm].delay_us + paused_us) / 1000,
            "lag_p99_ms": lags[len(lags) * 99 // 100] / 1e6 if lags else 0.0,
            "least_median_ms": min(medians.values(), default=0.0),
            "medians_ms": medians,
        }

    def _read_for(self, arm: str, round_number: int, seconds: float, recorder: Recorder) -> None:
        endpoint = self.session.endpoints[arm]
        client, walk = self.connection(endpoint), self._reads(endpoint, round_number)
        self._ask_until(perf_counter_ns() + int(seconds * 1e9), client, endpoint, walk, recorder)

    def _ask_until(
        self, deadline: int, client: HTTPClient, endpoint: Endpoint, walk: Walk, recorder: Recorder
    ) -> None:
        """Ask in closed loop: take the next request as soon as the last is answered."""
        spin_ns = endpoint.delay_us * 1000
        while (due := _due_after(endpoint.pause_us)) < deadline:
            request, wire = next(walk)
            recorder.add(request, len(wire), due, self.send(client, request, wire, spin_ns))

    def _arrive(
        self, arm: str, round_number: int, seconds: float, rate_per_s: float, recorder: Recorder
    ) -> list[int]:
        """Read in open loop and return how late each request was dispatched, in nanoseconds."""
        session, endpoint = self.session, self.session.endpoints[arm]
        client, spin_ns = self.connection(endpoint), endpoint.delay_us * 1000
        random = Random(f"{session.seed}/{round_number}/arrivals")  # noqa: S311  a workload, not a secret
        arrivals = list(poisson_arrivals(rate_per_s, seconds, random))
        reads = list(islice(self._reads(endpoint, round_number), len(arrivals)))

        def serve(number: int, due_ns: int) -> None:
            request, wire = reads[number]
            recorder.add(request, len(wire), due_ns, self.send(client, request, wire, spin_ns))

        driven = drive(arrivals, session.connections, serve)
        for number, due_ns in driven.dropped:
            request, wire = reads[number]
            recorder.add(request, len(wire), due_ns, Exchange.dropped())
        return driven.late_ns

    def _reads(self, endpoint: Endpoint, round_number: int) -> Iterator[tuple[Request, bytes]]:
        """Yield reads without end: operations in turn, each with its own cycle of targets."""
        session, cycles = self.session, []
        for operation, times in (session.reads or dict.fromkeys(READS, 1)).items():
            requests = self.workload.in_round(operation, session.seed, round_number)
            cycles.append((times, [(request, endpoint.wire(request)) for request in requests]))
        turn = 0
        while True:
            for times, cycle in cycles:
                for again in range(times):
                    yield cycle[(turn * times + again) % len(cycle)]
            turn += 1

    def _writes(self, arm: str, block: int) -> Iterator[tuple[Request, bytes]]:
        """Yield the STOWs of a block in a round-robin, with UIDs that no other block has."""
        endpoint, left = self.session.endpoints[arm], dict(self.session.writes)
        while any(left.values()):
            for operation in [each for each, times in left.items() if times]:
                left[operation] -= 1
                size = self.session.batch_size if operation is Operation.STOW_BATCH else 1
                request = self.stows.request(operation, size, f"{block}/{operation}/{left[operation]}")
                yield request, endpoint.wire(request)

    def _write(self, arm: str, writes: list[tuple[Request, bytes]], recorder: Recorder) -> None:
        endpoint = self.session.endpoints[arm]
        client, spin_ns = self.connection(endpoint), endpoint.delay_us * 1000
        for request, wire in writes:
            due = _due_after(endpoint.pause_us)
            recorder.add(request, len(wire), due, self.send(client, request, wire, spin_ns))


def _due_after(pause_us: int) -> int:
    """Spin for the pause of an arm and return the time at which its next request is due."""
    now = perf_counter_ns()
    end = now + pause_us * 1000
    while now < end:
        now = perf_counter_ns()
    return now


def _times(started_ns: int, ended_ns: int, cpu_s: float) -> dict[str, Any]:
    return {"started_ns": started_ns, "ended_ns": ended_ns, "cpu_ms": cpu_s * 1000}


def _errors(samples: list[Sample]) -> dict[str, int]:
    """Return how often each kind of failure happened, keyed by operation and reason."""
    counts: dict[str, int] = {}
    for sample in samples:
        if sample.error:
            reason = f"{sample.request.operation}: {sample.error}"
            counts[reason] = counts.get(reason, 0) + 1
    return counts


def main() -> None:
    """Serve the session named on the command line."""
    assert is_module_patched("socket"), "locust patches the sockets of its process"
    logging.basicConfig()  # locust logs what goes wrong in a user, and the campaign tells the end of the log
    session = Session.read(Path(sys.argv[1]))
    if session.cpu is not None:
        os.sched_setaffinity(0, {session.cpu})
    manifest = open_data_set(session.data)
    BlockUser.session = session
    BlockUser.manifest = manifest
    BlockUser.connections = session.connections
    BlockUser.workload = build_workload(manifest, session.targets, session.page_limit)
    namespace = f"{session.run}/{session.seed}"
    template = (manifest.root / BlockUser.workload.template.path).read_bytes()
    BlockUser.stows = StowSource(template, namespace)
    if session.turns is not None:
        small = (manifest.root / smallest_image(manifest).path).read_bytes()
        BlockUser.sources = StoreSources(BlockUser.stows, StowSource(small, namespace), session.batch_size)
        BlockUser.asked = turn_requests(
            manifest, session.turns.operations, session.targets, session.page_limit
        )
    BlockUser.sized = {0: BlockUser.stows}
    gc.freeze()
    environment = Environment(user_classes=[BlockUser])
    runner = environment.create_local_runner()
    runner.start(user_count=1, spawn_rate=1)
    runner.greenlet.join()


if __name__ == "__main__":
    main()
