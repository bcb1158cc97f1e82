"""A predicate is a fragment of SQL together with the values that it binds.

Predicates compose with `&` and `|`; a user's value never enters the text. `TRUE` vanishes from a conjunction,
so that the statement of the plain archive holds no trace of access control.
"""

from dataclasses import dataclass
from typing import Any, Self

Value = Any  # what sqlite3 binds: None, int, float, str, bytes


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

    @property
    def always(self) -> bool:
        """Tell whether this is the constant true."""
        return self == TRUE


TRUE = Predicate("1")
FALSE = Predicate("0")


def every(*predicates: Predicate) -> Predicate:
    """Return the conjunction of all; of none, the constant true."""
    result = TRUE
    for predicate in predicates:
        result &= predicate
    return result
