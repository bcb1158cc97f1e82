"""Fixtures are stored when a check first asks for them, once per run, whichever thread asks."""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence

from scenarios.conformance.archive import Archive
from scenarios.conformance.findings import CouldNotRun, Finding, Violation
from scenarios.conformance.fixtures.fixture import Fixture, Stock
from scenarios.conformance.fixtures.instance import Instance

BATCH = 50
POLL_S = 0.1


class Stockroom:
    """The fixtures of one run."""

    def __init__(self, archive: Archive, *, preloaded: bool) -> None:
        """Store through this archive, or, if preloaded, trust that the fixtures of this seed are there."""
        self._archive = archive
        self._preloaded = preloaded
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._stocks: dict[str, Stock | CouldNotRun] = {}

    def get(self, fixture: Fixture) -> Stock:
        """Return the fixture, stored; CouldNotRun says why it is not."""
        with self._lock:
            lock = self._locks.setdefault(fixture.name, threading.Lock())
        with lock:
            if fixture.name not in self._stocks:
                self._stocks[fixture.name] = self._provide(fixture)
        found = self._stocks[fixture.name]
        if isinstance(found, CouldNotRun):
            raise CouldNotRun(str(found))
        return found

    def _provide(self, fixture: Fixture) -> Stock | CouldNotRun:
        names = self._archive.names.within(fixture.scope)
        instances = tuple(fixture.build(names))
        stock = Stock(fixture, names, instances)
        if self._preloaded or not fixture.stored:
            return stock
        try:
            refused = frozenset(self._store(fixture, instances))
            self._settle(instances, refused)
        except Finding as finding:
            return CouldNotRun(f"{fixture.name} could not be stored: {finding}")
        return Stock(fixture, names, instances, refused)

    def _store(self, fixture: Fixture, instances: Sequence[Instance]) -> Iterator[str]:
        """Store the instances and yield the labels of refused ones; a refusal that is no option is raised."""
        size = 1 if fixture.optional else BATCH
        for start in range(0, len(instances), size):
            batch = instances[start : start + size]
            answer = self._archive.store(*batch)
            if answer.status == 200 and not answer.failed:  # noqa: PLR2004 - all stored
                continue
            if answer.status == 202 and not answer.failed:  # noqa: PLR2004 - stored with warnings
                continue
            if not fixture.optional:
                raise CouldNotRun(f"{answer.response}, failed: {dict(answer.failed)}")
            yield batch[0].label

    def _settle(self, instances: Sequence[Instance], refused: frozenset[str]) -> None:
        """Wait until the last instance is found; an archive that loses it leaves nothing to check."""
        taken = [instance for instance in instances if instance.label not in refused]
        if not taken:
            return
        end = time.monotonic() + self._archive.target.timeouts.settle_s
        while not self._is_found(taken[-1]):
            if time.monotonic() > end:
                raise CouldNotRun("stored, says the archive, but neither a search nor a retrieval finds it")
            time.sleep(POLL_S)

    def _is_found(self, instance: Instance) -> bool:
        """Tell whether a search or a retrieval finds it; what else is wrong is left to the checks."""
        with contextlib.suppress(Violation):
            found = self._archive.search("/studies", StudyInstanceUID=instance.study_uid)
            if instance.study_uid in found.uids:
                return True
        with contextlib.suppress(Violation):
            return instance.uid in {found.uid for found in self._archive.retrieve(instance.path)}
        return False
