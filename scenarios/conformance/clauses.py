"""Every requirement that the suite knows is one row of clauses.tsv.

The sentences are paraphrases; the clause number names the normative text, and `read_in` the edition of it
that was read. A check names its rows by id, and an unknown id fails when the check is imported.
"""

import csv
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from types import MappingProxyType

from scenarios.conformance.findings import HarnessError
from scenarios.conformance.verdict import Severity


class Profile(StrEnum):
    """Which requirements a run asks for; each profile includes the ones before it."""

    CORE = "core"  # real clients break without it
    FULL = "full"  # clear text that clients rely on less often
    STRICT = "strict"  # clear text of little value for interoperability
    OPT = "opt"  # binding for archives that claim the feature

    def includes(self, other: "Profile") -> bool:
        """Tell whether a run of this profile asks for requirements of the other."""
        order = list(Profile)
        return order.index(other) <= order.index(self)


@dataclass(frozen=True, slots=True)
class Clause:
    """One requirement: where it stands, how strong it is, and what it says in our words."""

    id: str
    transaction: str
    clause: str
    read_in: str
    strength: str
    profile: Profile
    verdict: Severity
    requirement: str
    dual_reading: (
        str  # "DR-06,DR-14": rows of docs/conformance.md, empty if the text can be read in one way only
    )
    not_checked_because: str  # empty for a row that a check covers

    @property
    def family(self) -> str:
        """The letters before the number: QIDO, STOW, ..."""
        return self.id.partition("-")[0]


@functools.cache
def all_clauses() -> Mapping[str, Clause]:
    """Return every row of clauses.tsv by its id, in the order of the file."""
    text = resources.files("scenarios.conformance").joinpath("clauses.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    clauses = [_clause(row) for row in rows]
    by_id = {clause.id: clause for clause in clauses}
    if len(by_id) != len(clauses):
        raise HarnessError("clauses.tsv holds an id twice; ids are unique and never reused")
    return MappingProxyType(by_id)


def _clause(row: Mapping[str, str]) -> Clause:
    texts = {name: text for name, text in row.items() if name not in {"profile", "verdict"}}
    return Clause(profile=Profile(row["profile"]), verdict=Severity(row["verdict"]), **texts)


def clauses_of(ids: Iterable[str]) -> tuple[Clause, ...]:
    """Return the rows with these ids; an unknown id is a HarnessError."""
    known = all_clauses()
    ids = tuple(ids)
    unknown = [name for name in ids if name not in known]
    if unknown:
        raise HarnessError(
            f"clauses.tsv has no row {', '.join(unknown)}; ids never move, so check the spelling"
        )
    return tuple(known[name] for name in ids)
