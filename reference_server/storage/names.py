"""How person names are compared: without case, and without empty trailing components.

The index keeps names in this form, and SQL knows the function by the same name, so that a name in a column
and one in a JSON document match alike.
"""


def fold_name(name: str | None) -> str | None:
    """Return a name as it is compared; of no name, none."""
    return None if name is None else name.casefold().rstrip("^")
