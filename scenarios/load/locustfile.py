"""The benchmark's requests by hand, with Locust's web UI or without, against any DICOMweb archive.

    locust -f scenarios/load/locustfile.py --host http://127.0.0.1:8080/dicom-web
    locust -f scenarios/load/locustfile.py --host ... --headless -u 4 -t 30s
    locust -f scenarios/load/locustfile.py --host ... --workload viewer

Without more, studies are found by search and nothing is stored. Environment:

* `PHANTOM_LOAD_DATA`: a data set (a folder with manifest.json, or of DICOM files) that the archive holds;
then STOW is sent too; * `PHANTOM_LOAD_TOKEN`: a bearer token; * `PHANTOM_LOAD_OPERATIONS`: a comma list of
operations; default: all that are possible; * `PHANTOM_LOAD_STUDIES`: how many studies to discover, 20
unless told; * `PHANTOM_LOAD_SAMPLES`: a new folder for raw samples, of each process that generates
(`--processes`, `--worker`) its own parts; see `scenarios.load.parts`.

What Locust prints is an operator's view: closed loop, rounded to its own buckets. Published numbers come
from campaigns.
"""

import itertools
import logging
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import perf_counter_ns
from typing import Any

import gevent
from locust import events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import MasterRunner

from datasets.manifest import Manifest, ManifestError
from datasets.resizing import resized
from scenarios.data_set import open_data_set
from scenarios.load.discovery import discover
from scenarios.load.journeys import Journey
from scenarios.load.named import NAMED, Material, Named
from scenarios.load.operations import WRITES, Operation
from scenarios.load.parts import PartsExistError, SampleParts
from scenarios.load.samples import Recorder
from scenarios.load.stows import StowSource
from scenarios.load.travelling import prepared, travel
from scenarios.load.users import ArchiveUser, Endpoint
from scenarios.load.workload import Workload, WorkloadError, build_workload

logger = logging.getLogger(__name__)
TARGETS = 50
PAGE_LIMIT = 25
JOURNEY_REQUESTS = 64  # room for more is made when it is needed


class DicomwebUser(ArchiveUser):
    """One client without pauses: it walks the operations in turn, each with its own cycle of targets."""

    workload: Workload
    manifest: Manifest
    stows: StowSource | None = None
    operations: tuple[Operation, ...] = ()
    named: Named | None = None
    parts: SampleParts | None = None

    def on_start(self) -> None:
        """Begin somewhere in each cycle, so that users do not walk in step."""
        token = os.environ.get("PHANTOM_LOAD_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.endpoint = Endpoint(self.host.rstrip("/"), headers)
        self.name = uuid.uuid4().hex
        self.sources: dict[int, StowSource] = {}
        self.journeys = self.named.journeys(self._material()) if self.named else self._single_requests()

    def _material(self) -> Material:
        random = Random(self.name)  # noqa: S311  a workload, not a secret
        return Material(self.manifest.studies, self._source, random, self.name)

    def _source(self, size_bytes: int) -> StowSource:
        if size_bytes not in self.sources:
            dicom = (self.manifest.root / self.workload.template.path).read_bytes()
            content = resized(dicom, size_bytes) if size_bytes else dicom
            self.sources[size_bytes] = StowSource(content, f"{self.name}/{size_bytes}")
        return self.sources[size_bytes]

    def _single_requests(self) -> Iterator[Journey]:
        seed = int(self.name[:8], 16)
        reads = {each: itertools.cycle(self.workload.in_round(each, seed, 0)) for each in self.workload.reads}
        for turn in itertools.count():
            for operation in self.operations:
                if operation in WRITES:
                    assert self.stows is not None
                    instances = 10 if operation is Operation.STOW_BATCH else 1
                    name = f"{self.name}/{operation}/{turn}"
                    yield Journey((self.stows.request(operation, instances, name),))
                else:
                    yield Journey((next(reads[operation]),))

    @task  # type: ignore[untyped-decorator]  # mypy does not follow locust
    def ask(self) -> None:
        """Carry out the next journey; without a named workload it is a single request."""
        recorder, client = Recorder(JOURNEY_REQUESTS), self.connection(self.endpoint)
        (one,) = prepared([next(self.journeys)], self.endpoint.wire)
        travel(one, lambda request, wire: self.send(client, request, wire), perf_counter_ns(), recorder)
        for sample in recorder.samples:
            self.report(sample.request, sample.exchange, sample.error)
            if self.parts is not None:
                self.parts.add(sample.request, sample.request_bytes, sample.due_ns, sample.exchange)


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]  # mypy does not follow locust
def add_arguments(parser: LocustArgumentParser) -> None:
    """Offer the named workloads."""
    parser.add_argument(
        "--workload",
        choices=["", *NAMED],
        default="",
        env_var="PHANTOM_LOAD_WORKLOAD",
        help="a named workload instead of the operations in turn",
    )


@events.test_start.add_listener  # type: ignore[untyped-decorator]  # mypy does not follow locust
def find_targets(environment: Environment, **_: Any) -> None:
    """Read or discover what requests aim at, before any user starts; where there is nothing, do not begin."""
    if isinstance(environment.runner, MasterRunner):
        return  # workers find their own
    try:
        _find_targets(str(environment.host).rstrip("/"))
        DicomwebUser.named = _named(environment.parsed_options.workload)
        if folder := os.environ.get("PHANTOM_LOAD_SAMPLES"):
            DicomwebUser.parts = SampleParts(Path(folder), getattr(environment.runner, "worker_index", 0))
    except (WorkloadError, ManifestError, PartsExistError) as error:
        logger.error("%s", error)  # noqa: TRY400  the message is advice; a traceback would bury it
        environment.process_exit_code = 2
        runner = environment.runner
        gevent.spawn(runner.stop if environment.web_ui else runner.quit)  # once the runner has begun


@events.test_stop.add_listener  # type: ignore[untyped-decorator]  # mypy does not follow locust
def keep_samples(**_: Any) -> None:
    """Write what this process has measured."""
    if DicomwebUser.parts is not None:
        DicomwebUser.parts.write()


def _find_targets(base_url: str) -> None:
    data = os.environ.get("PHANTOM_LOAD_DATA")
    token = os.environ.get("PHANTOM_LOAD_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if data:
        manifest = open_data_set(Path(data))
    else:
        studies = int(os.environ.get("PHANTOM_LOAD_STUDIES", "20"))
        manifest = discover(Endpoint(base_url, headers), studies)
    DicomwebUser.manifest = manifest
    DicomwebUser.workload = build_workload(manifest, TARGETS, PAGE_LIMIT)
    if data:
        template = manifest.root / DicomwebUser.workload.template.path
        DicomwebUser.stows = StowSource(template.read_bytes(), uuid.uuid4().hex)
    DicomwebUser.operations = _chosen(may_store=bool(data))


def _chosen(*, may_store: bool) -> tuple[Operation, ...]:
    """Return the operations that the environment names, or all that are possible."""
    possible = [each for each in Operation if may_store or each not in WRITES]
    names = os.environ.get("PHANTOM_LOAD_OPERATIONS")
    if not names:
        return tuple(possible)
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in possible:
            advice = "STOW needs PHANTOM_LOAD_DATA; " if name in WRITES else ""
            raise WorkloadError(
                f"operation {name!r} is not possible; {advice}possible are {', '.join(possible)}"
            )
    return tuple(Operation(name) for name in wanted)


def _named(name: str) -> Named | None:
    """Return the named workload, and say what about it is assumed or scaled; one that stores needs data."""
    if not name:
        return None
    named = NAMED[name]
    if named.stores and not os.environ.get("PHANTOM_LOAD_DATA"):
        raise WorkloadError(f"workload {name} stores instances, and needs PHANTOM_LOAD_DATA")
    for assumption in named.assumptions:
        logger.info("workload %s: %s", name, assumption)
    return named
