"""The plan of a campaign: a TOML file and the overrides of the command line, as frozen values.

Every threshold that decides about validity stands in the file, so that a reader sees what was asked of the
run before it was carried out. Unknown keys are refused: a misspelt threshold must not silently take its
default.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from scenarios.arm_plan import ArmPlan
from scenarios.load.named import NAMED
from scenarios.load.operations import READS, WRITES, Operation
from scenarios.phases import CapacityPlan, Loop, OpenLoopPlan, Phase, open_phases, turn_phases
from scenarios.turns_plan import TurnsPlan

T = TypeVar("T")


class PlanError(Exception):
    """The campaign cannot be carried out as written; the message says where and what would do."""


@dataclass(frozen=True, slots=True)
class DataPlan:
    """Which data set is made if the command line names none."""

    recipe: str = "tiny"
    seed: int = 1


@dataclass(frozen=True, slots=True)
class WarmupPlan:
    """Each arm is read until three successive windows agree within the tolerance, or the time is up."""

    window_s: float = 1.0
    tolerance: float = 0.02
    at_most_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What makes a block or a run invalid; fractions unless the name says otherwise."""

    generator_cpu: float = 0.7
    lag_p99_ms: float = 2.0
    lag_of_median: float = 0.1
    steal: float = 0.02
    errors: int = 0
    aa_bias: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign does."""

    name: str
    seed: int
    rounds: int
    block_s: float
    arms: tuple[ArmPlan, ...]
    reads: Mapping[Operation, int]
    writes: Mapping[Operation, int]
    rate_per_s: float = 0.0  # reads arrive by a Poisson process of this rate; 0: closed loop, one client
    connections: int = 16  # in open loop
    restarts: int = 1
    batch_size: int = 10
    page_limit: int = 25
    pin: bool = True  # servers on one CPU and the generator on another, where there are two
    targets: int = 8
    workload: str = ""  # a named one instead of [reads] and [writes]
    journeys: int = 40  # of a named workload per block in closed loop
    calibration_s: float = 3.0  # per start: the client against a bare socket
    data: DataPlan = DataPlan()
    warmup: WarmupPlan = WarmupPlan()
    validity: Thresholds = Thresholds()
    open_loop: OpenLoopPlan | None = None  # after the closed loop, at parts of the measured capacity
    capacity: CapacityPlan = field(default_factory=CapacityPlan)
    turns: TurnsPlan | None = None  # instead of blocks of mixed operations; [reads] then only warm the arms

    def phases(self) -> tuple[Phase, ...]:
        """Return the phases in the order in which they are measured."""
        if self.turns:
            return turn_phases(self.turns, self.rounds)
        if self.rate_per_s:
            return (Phase("open", Loop.OPEN, self.rounds, self.block_s, self.rate_per_s, self.connections),)
        clients = NAMED[self.workload].clients if self.workload else (1,)
        closed = (
            Phase(
                "closed" if clients == (1,) else f"closed-{each}",
                Loop.CLOSED,
                self.rounds // len(clients),
                self.block_s,
                connections=each,
            )
            for each in clients
        )
        return (*closed, *(open_phases(self.open_loop, self.connections) if self.open_loop else ()))

    def most_connections(self) -> int:
        """Return how many connections to one arm the blocks use at most at the same time."""
        if self.turns:
            return max(self.turns.clients)
        if self.rate_per_s or self.open_loop:
            return self.connections
        return max(phase.connections for phase in self.phases())

    def facts(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        return asdict(self)


def read_plan(path: Path, overrides: Sequence[str] = ()) -> Plan:
    """Return the plan in the file, with `a.b=value` overrides applied; anything wrong raises PlanError."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanError(
            f"{path} cannot be read: {error.strerror}; campaigns lie in scenarios/campaigns"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"{path} is not TOML: {error}") from None
    for override in overrides:
        _override(document, override)
    try:
        return _plan(document)
    except PlanError as error:
        raise PlanError(f"{path}: {error}") from None


def plan_of(facts: Mapping[str, Any]) -> Plan:
    """Return the plan that a run.json tells; the inverse of `Plan.facts`."""
    return _plan({**facts, "arms": {arm["name"]: arm for arm in facts["arms"]}})


def _override(document: dict[str, Any], override: str) -> None:
    """Set one value; every table on the way has to be there already, so that a misspelt arm is found."""
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise PlanError(f"--set {override}: write it as table.key=value, for example arms.on.delay_us=500")
    *tables, last = key.strip().split(".")
    place = document
    for depth, table in enumerate(tables):
        inner = place.get(table)
        if not isinstance(inner, dict):
            known = ", ".join(name for name, value in place.items() if isinstance(value, dict)) or "none"
            raise PlanError(
                f"--set {override}: there is no table {'.'.join(tables[: depth + 1])}; here are {known}"
            )
        place = inner
    try:
        place[last] = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        place[last] = text


def _plan(document: dict[str, Any]) -> Plan:
    values = dict(document)
    arms = values.pop("arms", {})
    if not isinstance(arms, dict) or len(arms) < 2:  # noqa: PLR2004  a comparison has two sides
        raise PlanError("a campaign needs at least two arms: [arms.off] and [arms.on]")
    plan = _typed(
        Plan,
        "campaign",
        {
            **values,
            "arms": tuple(
                _typed(ArmPlan, f"arms.{name}", {"name": name, **each}) for name, each in arms.items()
            ),
            "reads": _operations("reads", values.get("reads", {}), READS),
            "writes": _operations("writes", values.get("writes", {}), WRITES),
            "data": _typed(DataPlan, "data", _data(values)),
            "warmup": _typed(WarmupPlan, "warmup", values.get("warmup", {})),
            "validity": _typed(Thresholds, "validity", values.get("validity", {})),
            "open_loop": _typed(OpenLoopPlan, "open_loop", found)
            if (found := values.get("open_loop"))
            else None,
            "turns": _typed(TurnsPlan, "turns", found) if (found := values.get("turns")) else None,
            "capacity": _typed(CapacityPlan, "capacity", values.get("capacity", {})),
        },
    )
    _check(plan)
    return plan


def _data(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data table; a named workload has a recipe of its own, unless the table names one."""
    named = NAMED.get(values.get("workload", ""))
    given: Mapping[str, Any] = values.get("data", {})
    return {"recipe": named.recipe, **given} if named else given


def _operations(where: str, table: Mapping[str, Any], known: Sequence[Operation]) -> dict[Operation, int]:
    found = {}
    for name, times in table.items():
        if name not in known:
            raise PlanError(f"{where} has no operation {name!r}; there are {', '.join(known)}")
        if not isinstance(times, int) or isinstance(times, bool) or times < 0:
            raise PlanError(f"{where}.{name} is {times!r}; it counts, so write a whole number from 0")
        if times:
            found[Operation(name)] = times
    return found


def _typed(kind: type[T], where: str, values: Mapping[str, Any]) -> T:
    """Return the dataclass of these values; refuse unknown keys, missing keys and wrong types."""
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]  # every T here is a dataclass
    for name, value in values.items():
        if name not in known:
            raise PlanError(f"{where} has no key {name!r}; there are {', '.join(known)}")
        wanted = {int: (int,), float: (int, float), str: (str,)}.get(known[name].type)  # type: ignore[arg-type]  # other types were made by us
        if wanted and (not isinstance(value, wanted) or isinstance(value, bool)):
            raise PlanError(f"{where}.{name} is {value!r}; it has to be of type {known[name].type.__name__}")  # type: ignore[union-attr]  # as above
    try:
        return kind(**values)
    except TypeError as error:
        raise PlanError(f"{where}: {str(error).partition('() ')[2]}") from None


def _check(plan: Plan) -> None:
    """Refuse values that no campaign can be carried out with."""
    for name in (
        "rounds",
        "block_s",
        "restarts",
        "batch_size",
        "page_limit",
        "targets",
        "connections",
        "calibration_s",
    ):
        if getattr(plan, name) <= 0:
            raise PlanError(f"{name} is {getattr(plan, name)}; it has to be above 0")
    if plan.rate_per_s < 0:
        raise PlanError(f"rate_per_s is {plan.rate_per_s}; it has to be 0 (closed loop) or above")
    _check_workload(plan)
    if plan.open_loop:
        _check_open_loop(plan, plan.open_loop)
    if plan.restarts > plan.rounds:
        raise PlanError(f"restarts ({plan.restarts}) cannot exceed rounds ({plan.rounds})")
    _check_parts_of(plan)


def _check_parts_of(plan: Plan) -> None:
    """Refuse arms that cannot be started and turns that cannot be taken."""
    faults = {f"arms.{arm.name}": arm.fault for arm in plan.arms}
    if plan.turns:
        faults["turns"] = plan.turns.fault
    for where, fault in faults.items():
        if fault:
            raise PlanError(f"{where}: {fault}")


def _check_workload(plan: Plan) -> None:
    """Refuse a campaign that asks for nothing, or for two things at once."""
    if not plan.workload:
        if not plan.reads:
            raise PlanError("[reads] names no operation, and blocks are bounded by reads")
        return
    if plan.workload not in NAMED:
        raise PlanError(f"there is no workload {plan.workload!r}; there are {', '.join(NAMED)}")
    if plan.reads or plan.writes:
        raise PlanError("a named workload says what is sent, so [reads] and [writes] have no place beside it")
    phases = len(NAMED[plan.workload].clients)
    if plan.rounds % phases:
        raise PlanError(
            f"rounds is {plan.rounds}; {plan.workload} has {phases} phases of as many rounds each"
        )


def _check_open_loop(plan: Plan, open_loop: OpenLoopPlan) -> None:
    """Refuse what no open loop after a closed one can be made of."""
    if plan.rate_per_s:
        raise PlanError("rate_per_s makes all rounds open loop, so [open_loop] has no place beside it")
    for where, value in (("rounds", open_loop.rounds), ("block_s", open_loop.block_s)):
        if value <= 0:
            raise PlanError(f"open_loop.{where} is {value}; it has to be above 0")
    _check_parts("open_loop.fractions", open_loop.fractions, float)
    _check_parts("capacity.clients", plan.capacity.clients, int)
    if max(plan.capacity.clients) > plan.connections:
        raise PlanError(f"capacity.clients has more than the {plan.connections} connections of the campaign")


def _check_parts(where: str, values: object, kind: type[float]) -> None:
    """Refuse what is not a list of different positive numbers."""
    kinds = (int, kind)
    if not isinstance(values, list | tuple) or not values or len(set(values)) < len(values):
        raise PlanError(f"{where} is {values!r}; write a list of different numbers")
    if not all(isinstance(each, kinds) and not isinstance(each, bool) and each > 0 for each in values):
        raise PlanError(f"{where} is {values!r}; each has to be a number above 0")
