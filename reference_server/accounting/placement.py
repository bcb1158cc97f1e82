"""A study is continued where the caller may append to it, and begun in the caller's own repository.

What another repository holds invisibly has no influence: the same UID is then a new study of the caller's
own.
"""

from collections.abc import Collection

import orjson

from reference_server.accounting.policy import Operation, Storer
from reference_server.storage.database import Transaction

HELD = f"""
WITH subject (id) AS MATERIALIZED (SELECT value FROM json_each(?)),
reach (study_uid, repository_id, operations, covers) AS (
    SELECT study.study_uid, study.repository_id, held.operations, held.series_id IS NULL
    FROM study LEFT JOIN access_grant AS held
    ON held.study_id = study.id AND held.subject_id IN (SELECT id FROM subject) AND held.revoked_at IS NULL
    AND (held.not_before IS NULL OR held.not_before <= ?) AND (held.expires IS NULL OR held.expires > ?)
    WHERE study.study_uid IN (SELECT value FROM json_each(?))
    UNION ALL
    SELECT study.study_uid, study.repository_id, held.operations, 1
    FROM study JOIN access_grant AS held
    ON held.study_id IS NULL AND held.repository_id = study.repository_id
    AND held.subject_id IN (SELECT id FROM subject) AND held.revoked_at IS NULL
    AND (held.not_before IS NULL OR held.not_before <= ?) AND (held.expires IS NULL OR held.expires > ?)
    WHERE study.study_uid IN (SELECT value FROM json_each(?))
)
SELECT study_uid, repository_id,
    max(coalesce(operations & {int(Operation.DISCOVER)}, 0)) > 0,
    max(covers AND coalesce(operations & {int(Operation.APPEND)}, 0)) > 0
FROM reach GROUP BY study_uid, repository_id ORDER BY repository_id
"""  # noqa: S608  the text is of constants


async def placed(
    write: Transaction, storer: Storer, study_uids: Collection[str], now: float
) -> dict[str, int]:
    """Return the repository for each study; one that is seen or owned without the right is left out."""
    wanted = orjson.dumps(list(study_uids)).decode()
    subjects = orjson.dumps(storer.subjects).decode()
    rows = await write.fetch(HELD, (subjects, now, now, wanted, now, now, wanted))
    places = dict.fromkeys(study_uids, storer.repository_id)
    for study_uid in study_uids:
        held = [row for row in rows if row[0] == study_uid]
        own = [row for row in held if row[1] == storer.repository_id]
        elsewhere = [] if storer.confined else [row for row in held if row[2]]
        candidates = own or elsewhere
        appendable = [row[1] for row in candidates if row[3]]
        if appendable:
            places[study_uid] = appendable[0]
        elif candidates:
            del places[study_uid]
    return places
