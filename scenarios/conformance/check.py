'''A check says in ten lines what a requirement means for an archive.

    @check("QIDO-068", needs=F.PAGE)
    def limit_caps_the_number_of_results(archive: Archive, page: Stock) -> None:
        """A search with limit=3 returns three of 25 matching studies."""
        found = archive.search("/studies", PatientID=page.patient_id, limit=3)
        expect(len(found) == 3, "three results", got=len(found))

* The ids are rows of clauses.tsv. One check may prove several rows, and several checks one row; the
  severity of a deviation (fail, warn, info) is the severest of the rows named.
* The function's name is what is true of a conforming archive; the docstring says the same in a sentence.
* `needs` names fixtures. Each is stored before the check runs, once per run, and arrives as a `Stock`
  argument.
* A check ends by returning (pass), or by an exception of findings.py: `expect(...)` raises Violation;
  `Unsupported` is a valid "no"; `CouldNotRun` says that a precondition failed. Any other exception is our
  error, not the archive's.
* `archive.warn(...)` records a dual reading ("DR-06: ...") and goes on; `archive.note(...)` records an
  observation.
* `writes=True` marks a check that stores something itself: it is left out of read-only runs.
* `capability` names what the archive may declare off in target.toml.

An `observe`d function judges every exchange of the run instead, whichever check caused it.
'''

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from scenarios.conformance import clauses
from scenarios.conformance.clauses import Clause, Profile
from scenarios.conformance.findings import HarnessError
from scenarios.conformance.fixtures.fixture import Fixture
from scenarios.conformance.target import Capability
from scenarios.conformance.verdict import Severity

CHECKS_PACKAGE = "scenarios.conformance.checks"
SEVEREST_FIRST = (Severity.FAIL, Severity.WARN, Severity.INFO)

CheckFunction = TypeVar("CheckFunction", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its sentence, its requirements, and what it needs."""

    name: str  # qido/paging/limit_caps_the_number_of_results
    description: str
    clauses: tuple[Clause, ...]
    function: Callable[..., None]
    needs: tuple[Fixture, ...] = ()
    writes: bool = False
    capability: Capability | None = None
    observes: bool = False

    @property
    def title(self) -> str:
        """The function's name as a sentence."""
        return self.name.rpartition("/")[2].replace("_", " ")

    @property
    def severity(self) -> Severity:
        """The severest of its requirements."""
        return min((clause.verdict for clause in self.clauses), key=SEVEREST_FIRST.index)

    @property
    def profile(self) -> Profile:
        """The smallest profile that asks for one of its requirements."""
        return min((clause.profile for clause in self.clauses), key=list(Profile).index)


_CHECKS: dict[str, Check] = {}


def check(
    *ids: str,
    needs: Fixture | tuple[Fixture, ...] = (),
    writes: bool = False,
    capability: Capability | None = None,
) -> Callable[[CheckFunction], CheckFunction]:
    """Register the decorated function as the check of these requirements."""
    fixtures = (needs,) if isinstance(needs, Fixture) else needs

    def register(function: CheckFunction) -> CheckFunction:
        takes = len(inspect.signature(function).parameters)
        if takes != 1 + len(fixtures):
            raise HarnessError(
                f"{function.__name__} takes {takes} arguments for an archive and {len(fixtures)} fixtures"
            )
        _register(ids, function, needs=fixtures, writes=writes, capability=capability)
        return function

    return register


def observe(*ids: str) -> Callable[[CheckFunction], CheckFunction]:
    """Register the decorated function, which takes an exchange, as a judge of every exchange of a run."""

    def register(function: CheckFunction) -> CheckFunction:
        _register(ids, function, observes=True)
        return function

    return register


def _register(ids: tuple[str, ...], function: Callable[..., None], **options: Any) -> None:
    stem = function.__module__.rpartition(".")[2]
    family, _, topic = stem.partition("_")
    name = "/".join(part for part in (family, topic, function.__name__) if part)
    if not function.__doc__:
        raise HarnessError(f"{name} has no docstring; it has to say what is true of a conforming archive")
    if not ids:
        raise HarnessError(f"{name} names no requirement")
    if name in _CHECKS:
        raise HarnessError(f"two checks are called {name}")
    _CHECKS[name] = Check(
        name, inspect.cleandoc(function.__doc__), clauses.clauses_of(ids), function, **options
    )


def all_checks() -> tuple[Check, ...]:
    """Import every module of checks/ and return all checks, ordered by requirement."""
    package = importlib.import_module(CHECKS_PACKAGE)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{CHECKS_PACKAGE}.{module.name}")
    order = list(clauses.all_clauses())
    return tuple(sorted(_CHECKS.values(), key=lambda found: (order.index(found.clauses[0].id), found.name)))
