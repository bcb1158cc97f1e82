"""Revocation: a grant ends together with everything that was derived from it, in one statement.

Rows stay and bear the time, so that what was revoked can still be told from what never was.
"""

from collections.abc import Sequence

from reference_server.storage.database import Transaction
from reference_server.storage.predicate import Value

_REVOKE = """
UPDATE access_grant SET revoked_at = ? WHERE revoked_at IS NULL AND id IN (
    WITH RECURSIVE derived (id) AS (
        SELECT head.id FROM access_grant AS head WHERE {heads}
        UNION
        SELECT below.id FROM access_grant AS below JOIN derived ON below.parent_id = derived.id
    )
    SELECT id FROM derived
)
"""


async def revoke(write: Transaction, now: float, heads: str, values: Sequence[Value]) -> None:
    """Revoke the grants `head` for which a condition holds, and all that was derived from them."""
    await write.run(_REVOKE.format(heads=heads), (now, *values))
