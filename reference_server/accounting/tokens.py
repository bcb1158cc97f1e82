"""Bearer tokens: random strings that are shown once; the archive keeps only their SHA-256.

The first digits of that SHA-256 tell the tokens of a user apart and give nobody a token.
"""

import hashlib
import secrets
from dataclasses import dataclass

from reference_server.accounting.people import Kind, principal_at
from reference_server.errors import NotFound
from reference_server.storage.database import Transaction

TOKEN_BYTES = 32
LINK_PREFIX = "link."  # no random token of a user holds a dot
ISSUE = """
INSERT INTO token (hash, principal_id, expires)
SELECT ?, principal.id, ? FROM principal WHERE principal.kind = ? AND principal.name = ?
RETURNING principal_id
"""


LIST = """
SELECT lower(hex(substr(token.hash, 1, 8))), token.expires FROM token
WHERE token.principal_id = ? AND token.revoked_at IS NULL AND (token.expires IS NULL OR token.expires > ?)
ORDER BY token.hash
"""
REVOKE = """
UPDATE token SET revoked_at = ?
WHERE principal_id = ? AND lower(hex(substr(hash, 1, 8))) = ? AND revoked_at IS NULL RETURNING 1
"""


@dataclass(frozen=True, slots=True)
class Token:
    """A token in force, without its secret; `expires` is in seconds since the epoch."""

    id: str
    expires: float | None


def token_hash(token: str) -> bytes:
    """Return what the archive keeps of a token."""
    return hashlib.sha256(token.encode("ascii")).digest()


async def issue_token(write: Transaction, user: str, expires: float | None) -> str:
    """Return a new token of a user; an unknown user raises NotFound."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    if not await write.fetch(ISSUE, (token_hash(token), expires, Kind.USER, user)):
        raise NotFound(f"there is no user {user}")
    return token


async def list_tokens(write: Transaction, user: str, now: float) -> list[Token]:
    """Return the tokens of a user that are in force; an unknown user raises NotFound."""
    key, _ = await principal_at(write, Kind.USER, user)
    return [Token(*row) for row in await write.fetch(LIST, (key, now))]


async def revoke_token(write: Transaction, user: str, token_id: str, now: float) -> None:
    """Revoke a token of a user; raises NotFound."""
    key, _ = await principal_at(write, Kind.USER, user)
    if not await write.fetch(REVOKE, (now, key, token_id)):
        raise NotFound("there is no such token")
