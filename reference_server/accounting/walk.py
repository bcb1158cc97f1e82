# ruff: noqa: S608  the statements are joined from constants
"""All studies that a caller may see, in order, without looking at those that it may not.

The grants of one subject are in the index in the order of their studies, and so are the studies of one
repository. A listing merges these streams, so that a page costs what the page and those before it hold, be
they one in ten thousand studies or all. How many streams there are depends on the caller, and the text of a
statement should not: the first few have a stream each, the rest are sorted into one.
"""

from reference_server.accounting.policy import Operation
from reference_server.storage.predicate import NOW, Predicate

IN_FORCE = f"""held.operations & {int(Operation.DISCOVER)} AND held.revoked_at IS NULL
    AND (held.not_before IS NULL OR held.not_before <= ?) AND (held.expires IS NULL OR held.expires > ?)"""
GRANTED = f"SELECT held.study_id AS id FROM access_grant AS held WHERE held.study_id > 0 AND {IN_FORCE}"
REPOSITORIES = f"""granted_repository (id) AS MATERIALIZED (
    SELECT DISTINCT held.repository_id FROM access_grant AS held
    WHERE held.study_id IS NULL AND held.subject_id IN (SELECT id FROM subject) AND {IN_FORCE}
)"""


def visible_studies(*, subjects: int, repositories: int) -> Predicate:
    """Return the statement of the keys of all visible studies, for the table expression `subject`.

    `subjects` and `repositories` are the numbers of streams that are merged one by one. A materialised table
    expression has one order throughout a statement, so its rows can be told apart by their offset.
    """
    streams = [
        f"{GRANTED} AND held.subject_id = (SELECT id FROM subject LIMIT 1 OFFSET {number})"
        for number in range(subjects)
    ]
    streams.append(f"{GRANTED} AND held.subject_id IN (SELECT id FROM subject LIMIT -1 OFFSET {subjects})")
    streams += [
        "SELECT study.id FROM study"
        f" WHERE study.repository_id = (SELECT id FROM granted_repository LIMIT 1 OFFSET {number})"
        for number in range(repositories)
    ]
    streams.append(
        f"SELECT study.id FROM (SELECT id FROM granted_repository LIMIT -1 OFFSET {repositories}) AS further"
        " CROSS JOIN study ON study.repository_id = further.id"
    )
    sql = f"WITH {REPOSITORIES} {' UNION '.join(streams)}"
    return Predicate(sql, (NOW,) * sql.count("?"))
