"""Bearer tokens: random strings that are shown once; the archive keeps only their SHA-256."""

import hashlib
import secrets

from reference_server.accounting.people import Kind
from reference_server.errors import NotFound
from reference_server.storage.database import Transaction

TOKEN_BYTES = 32
LINK_PREFIX = "link."  # no random token of a user holds a dot
ISSUE = """
INSERT INTO token (hash, principal_id, expires)
SELECT ?, principal.id, ? FROM principal WHERE principal.kind = ? AND principal.name = ?
RETURNING principal_id
"""


def token_hash(token: str) -> bytes:
    """Return what the archive keeps of a token."""
    return hashlib.sha256(token.encode("ascii")).digest()


async def issue_token(write: Transaction, user: str, expires: float | None) -> str:
    """Return a new token of a user; an unknown user raises NotFound."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    if not await write.fetch(ISSUE, (token_hash(token), expires, Kind.USER, user)):
        raise NotFound(f"there is no user {user}")
    return token
