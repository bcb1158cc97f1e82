"""A JSON object is read field by field, and no value of another type is accepted.

A fault raises TypeError or ValueError with the place of the value, so that the message leads to it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Fields:
    """One JSON object, read field by field with the type that the reader expects."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise TypeError(f"{place} is not an object")
        self._value: dict[str, Any] = value
        self.place = place

    def _at(self, name: str) -> Any:
        if name not in self._value:
            raise ValueError(f"{self.place} has no {name}")
        return self._value[name]

    def text(self, name: str) -> str:
        """Return a string."""
        found = self._at(name)
        if not isinstance(found, str):
            raise TypeError(f"{self.place}.{name} is not a string")
        return found

    def optional_text(self, name: str) -> str | None:
        """Return a string, or None where the field is null."""
        return None if self._at(name) is None else self.text(name)

    def number(self, name: str) -> int:
        """Return an integer."""
        found = self._at(name)
        if not isinstance(found, int) or isinstance(found, bool):
            raise TypeError(f"{self.place}.{name} is not an integer")
        return found

    def fraction(self, name: str) -> float:
        """Return a number that need not be whole."""
        found = self._at(name)
        if not isinstance(found, int | float) or isinstance(found, bool):
            raise TypeError(f"{self.place}.{name} is not a number")
        return float(found)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of strings."""
        found = self._at(name)
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise TypeError(f"{self.place}.{name} is not a list of strings")
        return tuple(found)

    def each(self, name: str, parse: Callable[["Fields"], T]) -> tuple[T, ...]:
        """Return a list of objects, each parsed."""
        found = self._at(name)
        if not isinstance(found, list):
            raise TypeError(f"{self.place}.{name} is not a list")
        return tuple(parse(Fields(each, f"{self.place}.{name}[{index}]")) for index, each in enumerate(found))

    def object(self, name: str) -> "Fields":
        """Return an object."""
        return Fields(self._at(name), f"{self.place}.{name}")

    def items(self) -> tuple[tuple[str, str], ...]:
        """Return the fields of an object of strings, sorted by name."""
        return tuple((name, self.text(name)) for name in sorted(self._value))
