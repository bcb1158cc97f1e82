"""Names of principals: what may stand in a path, on a line and in a log and is taken for nothing else."""

import unicodedata

from reference_server.errors import BadRequest

MAX_LENGTH = 200
# Control, format, surrogate, and line and paragraph separating characters.
UNFIT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def checked_name(name: str) -> str:
    """Return the name; one that cannot stand as one segment of a path raises BadRequest."""
    if not 0 < len(name) <= MAX_LENGTH:
        raise BadRequest(f"a name has 1 to {MAX_LENGTH} characters")
    if name in (".", "..") or name != name.strip():
        raise BadRequest("a name is not made of dots alone and neither begins nor ends with space")
    if "/" in name or any(unicodedata.category(each) in UNFIT for each in name):
        raise BadRequest("a name has no slash and no control characters")
    return name
