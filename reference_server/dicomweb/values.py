# ruff: noqa: S608  columns are constants, values are bound
"""The text of one key becomes a predicate over one value (PS3.4 C.2.2.2).

Names match without regard to case, all else by its exact letters; `*` and `?` are wildcards for text, SQL's
own wildcards are ordinary characters. Dates and times match by range, UIDs by list, numbers by what they say.
"""

import re

import orjson

from reference_server.storage.moments import range_predicate
from reference_server.storage.names import fold_name
from reference_server.storage.predicate import FALSE, Predicate, every

NUMBER_VRS = frozenset({"IS", "DS", "US", "UL", "SS", "SL", "FL", "FD", "SV", "UV"})
WILDCARD_VRS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
# PS3.4 C.2.2.2.8; each value of such a key has to be among the attribute's.
MULTIPLE_VRS = frozenset({"AE", "AS", "AT", "CS", "LO", "PN", "SH", "UC"})
UNMATCHED_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UN"})
LAST_CHARACTER = "\U0010ffff"  # sorts behind every character of a value
_SEPARATORS = re.compile(r"[,\\]+")


def listed(text: str) -> list[str]:
    """Return the values that commas or backslashes separate; clients double the backslash."""
    return [value for value in _SEPARATORS.split(text) if value]


def has_wildcard(text: str) -> bool:
    """Tell whether a text is a pattern."""
    return "*" in text or "?" in text


def wildcard(column: str, text: str) -> Predicate:
    """Return the predicate of a value with wildcards; brackets are literal.

    The range of its literal beginning, which an index serves, is spelled out, and the pattern is hidden in an
    expression: SQLite derives such a range itself, but then prepares the statement anew for every pattern.
    """
    pattern = Predicate(f"{column} GLOB ('' || ?)", (text.replace("[", "[[]"),))
    prefix = re.split(r"[*?]", text, maxsplit=1)[0]
    if not prefix:
        return pattern
    return every(beginning(column, prefix), pattern)


def beginning(column: str, prefix: str) -> Predicate:
    """Return the predicate that a value begins so, as a range that an index serves."""
    low = Predicate(f"{column} >= ?", (prefix,))
    return every(low, Predicate(f"{column} < ?", (prefix + LAST_CHARACTER,)))


def _number(column: str, text: str) -> Predicate:
    try:
        number = float(text)
    except ValueError:
        return FALSE
    return Predicate(f"CAST({column} AS REAL) = ?", (number,))


def value_predicate(column: str, vr: str, text: str) -> Predicate:
    """Return the predicate that a column with values of that VR, or one group of a name, matches."""
    if vr == "UI":
        uids = orjson.dumps(listed(text)).decode()
        return Predicate(f"{column} IN (SELECT value FROM json_each(?))", (uids,))
    if vr in ("DA", "TM"):
        return range_predicate(column, vr, text)
    if vr in NUMBER_VRS:
        return _number(column, text)
    if vr == "PN":
        text = fold_name(text) or ""
    if vr in WILDCARD_VRS and has_wildcard(text):
        return wildcard(column, text)
    return Predicate(f"{column} = ?", (text.strip(" ") if vr != "PN" else text,))


def single_predicate(column: str, vr: str, text: str) -> Predicate:
    """Return the predicate that a column equals the text, wildcard characters included."""
    if vr == "PN":
        return Predicate(f"{column} = ?", (fold_name(text),))
    return Predicate(f"{column} = ?", (text.strip(" "),))


def untyped_predicate(column: str, text: str) -> Predicate:
    """Return the predicate of a private value, whose VR the request does not tell: text, or else a number."""
    literal = value_predicate(column, "LO", text)
    number = _number(column, text)
    is_text = Predicate(f"typeof({column}) = 'text'")
    return every(is_text, literal) | every(Predicate(f"typeof({column}) <> 'text'"), number)
