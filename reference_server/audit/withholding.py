"""Text from a request without what could be a token: a client may put one where it does not belong.

A token of this archive is 43 characters of base64url, that of a link has a prefix before them, and the claims
and the signature of a signed one are longer. No UID has such a run: between its dots are digits only.
"""

import re
from urllib.parse import unquote_plus

WITHHELD = "[withheld]"
LONGEST = 4096  # characters of one text that are kept
# Matching begins where a run does: of the digits of a UID, every other beginning would be in vain. It looks
# for a letter first, since a long run of digits alone may be a part of a UID.
_LONG_RUN = re.compile(r"(?<![A-Za-z0-9_-])(?=[0-9_-]*[A-Za-z])[A-Za-z0-9_-]{32,}")


def withheld(text: str) -> str:
    """Return the text without runs of characters that could be a token, and not longer than is kept."""
    return _LONG_RUN.sub(WITHHELD, text)[:LONGEST]


def withheld_query(query: str) -> str:
    """Return a query string as it came, or, where a token could be in it, decoded and without that."""
    if "%" not in query and "+" not in query:
        return withheld(query)
    decoded = unquote_plus(query, errors="replace")
    return withheld(decoded if withheld(decoded) != decoded[:LONGEST] else query)
