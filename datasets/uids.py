"""UIDs follow from names: the same recipe, seed and path give the same UID on every machine.

A UID here is `2.25.` and an integer of exactly 38 digits (PS3.5 B.2), taken from a SHA-256. Constant
length lets a UID be replaced inside prepared bytes without moving anything; 38 digits keep the integer
below 2**128.
"""

import hashlib

ROOT = "2.25."
DIGITS = 38
UID_LENGTH = len(ROOT) + DIGITS
_LOWEST = 10 ** (DIGITS - 1)


def uid_of(*names: str | int) -> str:
    """Return the UID of the thing that these names lead to."""
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    return f"{ROOT}{_LOWEST + int.from_bytes(digest) % (9 * _LOWEST)}"
