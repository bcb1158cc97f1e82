"""Results gathered by transaction: the capability matrix of the reports."""

from collections import Counter
from dataclasses import dataclass

from scenarios.conformance.clauses import all_clauses
from scenarios.conformance.results import CheckResult, Run
from scenarios.conformance.verdict import State

# What a row of requirements amounts to, from the worst to the best.
WORST_FIRST = (
    State.FAIL,
    State.XPASS,
    State.ERROR,
    State.COULD_NOT_RUN,
    State.XFAIL,
    State.WARN,
    State.UNSUPPORTED,
    State.INFO,
    State.PASS,
    State.NOT_APPLICABLE,
)


def worst(states: list[State]) -> State:
    """Return the state that speaks for several."""
    return min(states, key=WORST_FIRST.index, default=State.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Transaction:
    """The results that belong to one transaction of PS3.18, by the first requirement of each check."""

    name: str
    results: tuple[CheckResult, ...]

    @property
    def counts(self) -> Counter[State]:
        """The number of checks in each state."""
        return Counter(result.state for result in self.results)

    @property
    def state(self) -> State:
        """The worst state of its checks."""
        return worst([result.state for result in self.results])


def transactions_of(run: Run) -> tuple[Transaction, ...]:
    """Return the transactions that the run touched, in the order of clauses.tsv."""
    clauses = all_clauses()
    names = dict.fromkeys(clause.transaction for clause in clauses.values())
    found = {
        name: tuple(result for result in run.results if clauses[result.requirements[0]].transaction == name)
        for name in names
    }
    return tuple(Transaction(name, results) for name, results in found.items() if results)


def state_by_requirement(run: Run) -> dict[str, State]:
    """Return the worst state of the checks of each requirement that the run touched."""
    states: dict[str, list[State]] = {}
    for result in run.results:
        for name in result.requirements:
            states.setdefault(name, []).append(result.state)
    return {name: worst(found) for name, found in states.items()}
