"""A predicate is a fragment of SQL together with the values that it binds.

Predicates compose with `&` and `|`; a user's value never enters the text. `TRUE` vanishes from a conjunction,
so that the statement of the plain archive holds no trace of access control.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

Value = Any  # what sqlite3 binds: None, int, float, str, bytes; or a slot


@dataclass(frozen=True, eq=False, slots=True)
class Slot:
    """A value that each read brings anew: what is composed with slots is composed once."""

    name: str


NOW = Slot("now")
KEYS = tuple(Slot(f"value {number} of the keys of a search") for number in range(128))
LIMIT, REACH, OFFSET = (Slot(name) for name in ("limit", "limit and what is counted after it", "offset"))
PAGE_KEYS = Slot("keys of the page")


@dataclass(frozen=True, slots=True)
class Predicate:
    """A boolean SQL expression and its positional values, in the order of their question marks."""

    sql: str
    values: tuple[Value, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a predicate whose question marks and values differ in number."""
        if self.sql.count("?") != len(self.values):
            raise ValueError(f"{self.sql!r} binds {self.sql.count('?')} values, not {len(self.values)}")

    def __and__(self, other: Self) -> "Predicate":
        """Return the conjunction."""
        if self == TRUE or other == FALSE:
            return other
        if other == TRUE or self == FALSE:
            return self
        return Predicate(f"({self.sql} AND {other.sql})", self.values + other.values)

    def __or__(self, other: Self) -> "Predicate":
        """Return the disjunction."""
        if self == FALSE or other == TRUE:
            return other
        if other == FALSE or self == TRUE:
            return self
        return Predicate(f"({self.sql} OR {other.sql})", self.values + other.values)

    def bound(self, binding: Mapping[Slot, Value]) -> "Predicate":
        """Return this with the values of its slots."""
        return Predicate(self.sql, bound(self.values, binding))

    @property
    def always(self) -> bool:
        """Tell whether this is the constant true."""
        return self == TRUE


def bound(values: Iterable[Value], binding: Mapping[Slot, Value]) -> tuple[Value, ...]:
    """Return values with those of slots in their place."""
    return tuple([binding[each] if each.__class__ is Slot else each for each in values])


TRUE = Predicate("1")
FALSE = Predicate("0")


def every(*predicates: Predicate) -> Predicate:
    """Return the conjunction of all; of none, the constant true."""
    result = TRUE
    for predicate in predicates:
        result &= predicate
    return result
