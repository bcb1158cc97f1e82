# ruff: noqa: S608  the statement is joined from constants
"""The SQL that says who is asking: token, caller, and the subjects through which the caller holds grants."""

from reference_server.accounting.policy import Credentials, Storer
from reference_server.errors import Forbidden, Unauthorized
from reference_server.storage.database import Database
from reference_server.storage.predicate import Predicate

AUTHENTICATED = 2

CALLER = """caller (id, repository_id) AS MATERIALIZED (
    SELECT principal.id, principal.repository_id
    FROM token JOIN principal ON principal.id = token.principal_id
    WHERE token.hash = ? AND token.revoked_at IS NULL AND (token.expires IS NULL OR token.expires > ?)
    AND NOT principal.disabled
)"""

SUBJECT = """subject (id) AS MATERIALIZED (
    SELECT closure.group_id FROM caller JOIN closure ON closure.member_id = caller.id
    UNION SELECT principal.id FROM principal WHERE principal.kind = 'authenticated'
    AND EXISTS (SELECT 1 FROM caller)
)"""

STORER = f"""WITH {CALLER}, {SUBJECT}
SELECT caller.id, caller.repository_id, EXISTS (
    SELECT 1 FROM access_grant AS held
    WHERE held.study_id IS NULL AND held.repository_id = caller.repository_id AND held.operations & 4
    AND held.subject_id IN (SELECT id FROM subject) AND held.revoked_at IS NULL
    AND (held.not_before IS NULL OR held.not_before <= ?) AND (held.expires IS NULL OR held.expires > ?)
)
FROM caller"""


def identified(credentials: Credentials, now: float) -> Predicate:
    """Return the table expressions of the caller and its subjects; without a token raises Unauthorized."""
    if credentials.token_hash is None:
        raise Unauthorized("this archive needs a bearer token")
    return Predicate(f"{CALLER}, {SUBJECT}", (credentials.token_hash, now))


async def storer_of(database: Database, credentials: Credentials, now: float, *, decide: bool) -> Storer:
    """Return who stores, in one round trip; `decide` says whether the right to append is asked for."""
    if credentials.token_hash is None:
        raise Unauthorized("this archive needs a bearer token")
    rows = await database.read(STORER, (credentials.token_hash, now, now, now))
    if not rows:
        raise Unauthorized("the bearer token is not valid")
    principal_id, repository_id, may_append = rows[0]
    if repository_id is None or (decide and not may_append):
        raise Forbidden("you may not store in any repository")
    return Storer(principal_id, repository_id)
