"""Ownership: a study belongs to the facility whose repository holds it and to the user who stored it.

Both are written as ordinary grants with every operation, so that one predicate decides about owners and
others alike.
"""

from collections.abc import Sequence

from reference_server.accounting.policy import Operation, Storer
from reference_server.storage.database import Transaction

EVERY_OPERATION = int(
    Operation.DISCOVER
    | Operation.RETRIEVE
    | Operation.APPEND
    | Operation.DELETE
    | Operation.SHARE
    | Operation.OWN
)

GRANT_TO_OWNERS = """
INSERT INTO access_grant (subject_id, operations, repository_id, study_id, granted_by)
SELECT owner.id, ?, study.repository_id, study.id, ?
FROM study JOIN principal AS owner
ON owner.id = ? OR (owner.kind = 'facility' AND owner.repository_id = study.repository_id)
WHERE study.id = ?
"""


async def record_owners(write: Transaction, storer: Storer, study_ids: Sequence[int]) -> None:
    """Grant every operation on new studies to who stored them and to the facility of the repository."""
    user = storer.principal_id
    await write.many(GRANT_TO_OWNERS, [(EVERY_OPERATION, user, user, study_id) for study_id in study_ids])


GRANT_ADOPTED = """
INSERT INTO access_grant (subject_id, operations, repository_id, study_id)
SELECT ?, ?, study.repository_id, study.id FROM study WHERE study.repository_id = ?
"""


async def adopt_studies(write: Transaction, facility_id: int, repository_id: int) -> None:
    """Make a new facility the owner of the studies that its repository holds already."""
    await write.run(GRANT_ADOPTED, (facility_id, EVERY_OPERATION, repository_id))
