# ruff: noqa: S608  the statement is joined from constants
"""What a caller sees of every study, in one statement: what it takes to remember it.

A study is visible as a whole by one grant on it or on its repository; what is visible through grants on parts
alone is noted as such, and decided part by part where it matters.
"""

from reference_server.accounting.callers import identified
from reference_server.accounting.policy import Credentials, Operation
from reference_server.storage.predicate import NOW, Predicate

_NOW = "(held.not_before IS NULL OR held.not_before <= ?) AND (held.expires IS NULL OR held.expires > ?)"
_HELD = """held AS NOT MATERIALIZED (
    SELECT * FROM access_grant AS given
    WHERE given.subject_id IN (SELECT id FROM subject) AND given.revoked_at IS NULL AND given.operations
)"""
_TURNS = "CASE WHEN held.not_before > ? THEN held.not_before WHEN held.expires > ? THEN held.expires END"
_REACHED = f"""reached (study_id, in_part, operations) AS NOT MATERIALIZED (
    SELECT held.study_id, held.series_id IS NOT NULL, held.operations FROM held
    WHERE held.study_id <= (SELECT max(id) FROM study) AND {_NOW}
    UNION ALL
    SELECT study.id, 0, held.operations FROM held JOIN study ON study.repository_id = held.repository_id
    WHERE held.study_id IS NULL AND {_NOW}
)"""


def _keys(condition: str) -> str:
    return f"json_group_array(reached.study_id) FILTER (WHERE {condition})"


_DISCOVER, _RETRIEVE = (
    f"reached.operations & {int(each)}" for each in (Operation.DISCOVER, Operation.RETRIEVE)
)
_FOUND = f"""SELECT (SELECT id FROM caller),
    coalesce((SELECT max(id) FROM access_change), 0),
    coalesce((SELECT max(id) FROM study), 0),
    (SELECT min({_TURNS}) FROM held),
    {_keys(f"{_DISCOVER} AND reached.in_part")},
    {_keys(f"{_DISCOVER} AND NOT reached.in_part")},
    {_keys(f"{_RETRIEVE} AND NOT reached.in_part")}
FROM reached"""


def survey_statement(credentials: Credentials) -> Predicate:
    """Return the statement that finds out what a caller sees, of which `storage.sights.Survey` tells more."""
    who = identified(credentials, NOW)
    sql = f"WITH {who.sql}, {_HELD}, {_REACHED} {_FOUND}"
    return Predicate(sql, (*who.values, *(NOW,) * 6))
