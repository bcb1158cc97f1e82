"""Operations as the API writes them: one letter each; R brings Q with it."""

from collections.abc import Iterable

from reference_server.accounting.policy import Operation

LETTERS = {
    "Q": Operation.DISCOVER,
    "R": Operation.RETRIEVE | Operation.DISCOVER,
    "A": Operation.APPEND,
    "D": Operation.DELETE,
    "S": Operation.SHARE,
}
OWN = {"O": Operation.OWN}  # written, never asked for: ownership is transferred, not shared


def operations_of(letters: Iterable[str]) -> Operation:
    """Return the operations that these letters name."""
    operations = Operation.NOTHING
    for letter in letters:
        operations |= LETTERS[letter]
    return operations


def letters_of(operations: Operation) -> list[str]:
    """Return the letters of operations."""
    return [letter for letter, bits in (LETTERS | OWN).items() if operations & bits == bits]
