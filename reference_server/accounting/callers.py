# ruff: noqa: S608  the statements are joined from constants
"""The SQL that says who is asking, and the subjects through which the caller holds grants.

A caller is a user, known by an opaque token or by name from an identity provider; the bearer of a link; or
`anonymous`. Each kind defines the same two table expressions, `caller (id, repository_id)` and
`subject (id)`, so that what decides need not know which it is.
"""

from dataclasses import dataclass

import orjson

from reference_server.accounting.policy import Credentials, Operation, Storer
from reference_server.decision import note_principal
from reference_server.errors import Forbidden, Unauthorized
from reference_server.storage.database import Database
from reference_server.storage.predicate import Predicate, Slot, Value

ANONYMOUS = 1
AUTHENTICATED = 2
NOWHERE = "you may not store in any repository"

_BY_HASH = """caller (id, repository_id) AS MATERIALIZED (
    SELECT principal.id, principal.repository_id
    FROM token JOIN principal ON principal.id = token.principal_id
    WHERE token.hash = ? AND token.revoked_at IS NULL AND (token.expires IS NULL OR token.expires > ?)
    AND NOT principal.disabled
)"""
_BY_LINK = f"""{_BY_HASH.removesuffix(")")}
    AND EXISTS (
        SELECT 1 FROM access_grant AS given WHERE given.subject_id = principal.id AND given.revoked_at IS NULL
    )
)"""
_BY_NAME = """caller (id, repository_id) AS MATERIALIZED (
    SELECT principal.id, principal.repository_id FROM principal
    WHERE principal.kind = 'user' AND principal.name = ? AND NOT principal.disabled
)"""
_NOBODY = f"""caller (id, repository_id) AS MATERIALIZED (SELECT {ANONYMOUS}, NULL)"""

# CROSS JOIN keeps SQLite from walking all members of everything to find one caller's groups.
_GROUPS = "SELECT closure.group_id FROM caller CROSS JOIN closure ON closure.member_id = caller.id"
_USERS_SUBJECT = f"""subject (id) AS MATERIALIZED (
    {_GROUPS} UNION SELECT {AUTHENTICATED} FROM caller
)"""
_SUBJECT_WITH_ROLES = f"""subject (id) AS MATERIALIZED (
    {_GROUPS} UNION SELECT {AUTHENTICATED} FROM caller
    UNION SELECT closure.group_id FROM caller CROSS JOIN principal
    CROSS JOIN closure ON closure.member_id = principal.id
    WHERE principal.kind = 'role' AND principal.name IN (SELECT value FROM json_each(?))
)"""
_ONLY_ITSELF = "subject (id) AS MATERIALIZED (SELECT caller.id FROM caller)"

# Who issued the link that is asking, and through whom the issuer holds grants now.
_ISSUER = f"""issuer_subject (id) AS MATERIALIZED (
    SELECT closure.group_id FROM caller CROSS JOIN access_grant AS given ON given.subject_id = caller.id
    CROSS JOIN principal AS issuer ON issuer.id = given.granted_by AND NOT issuer.disabled
    CROSS JOIN closure ON closure.member_id = issuer.id
    UNION SELECT {AUTHENTICATED}
)"""


_VIEWER = "viewer (id) AS MATERIALIZED (SELECT caller.id FROM caller)"
_VIEWER_WITH_ROLES = """viewer (id) AS MATERIALIZED (
    SELECT caller.id FROM caller UNION SELECT principal.id FROM caller, principal
    WHERE principal.kind = 'role' AND principal.name IN (SELECT value FROM json_each(?))
)"""
_ISSUING_VIEWER = """issuing_viewer (id) AS MATERIALIZED (
    SELECT issuer.id FROM caller JOIN access_grant AS given ON given.subject_id = caller.id
    JOIN principal AS issuer ON issuer.id = given.granted_by AND NOT issuer.disabled
)"""


def viewing(credentials: Credentials, now: float | Slot) -> Predicate:
    """Return the table expressions of the caller and of the principals for whom visibility is kept.

    Those are the caller itself and the roles of a signed token, or, of a link, its principal and its issuer.
    """
    who = identified(credentials, now)
    if credentials.link:
        return Predicate(f"{who.sql}, {_VIEWER}, {_ISSUING_VIEWER}", who.values)
    if credentials.roles:
        roles = orjson.dumps(credentials.roles).decode()
        return Predicate(f"{who.sql}, {_VIEWER_WITH_ROLES}", (*who.values, roles))
    return Predicate(f"{who.sql}, {_VIEWER}", who.values)


def identified(credentials: Credentials, now: float | Slot) -> Predicate:
    """Return the table expressions of the caller and its subjects."""
    if credentials.user is not None:
        if not credentials.roles:
            return Predicate(f"{_BY_NAME}, {_USERS_SUBJECT}", (credentials.user,))
        values: tuple[Value, ...] = (credentials.user, orjson.dumps(credentials.roles).decode())
        return Predicate(f"{_BY_NAME}, {_SUBJECT_WITH_ROLES}", values)
    if credentials.token_hash is None:
        return Predicate(f"{_NOBODY}, {_ONLY_ITSELF}")
    values = (credentials.token_hash, now)
    if credentials.link:
        return Predicate(f"{_BY_LINK}, {_ONLY_ITSELF}, {_ISSUER}", values)
    return Predicate(f"{_BY_HASH}, {_USERS_SUBJECT}", values)


_STORER = f"""WITH {{who}}, target (id) AS (SELECT {{target}})
SELECT caller.id, target.id, EXISTS (
    SELECT 1 FROM access_grant AS held
    WHERE held.study_id IS NULL AND held.repository_id = target.id
    AND held.operations & {int(Operation.APPEND)}
    AND held.subject_id IN (SELECT id FROM subject) AND held.revoked_at IS NULL
    AND (held.not_before IS NULL OR held.not_before <= ?) AND (held.expires IS NULL OR held.expires > ?)
), (SELECT json_group_array(id) FROM subject), asking.kind, asking.name
FROM caller JOIN principal AS asking ON asking.id = caller.id, target"""
_OWN_REPOSITORY = Predicate("repository_id FROM caller")
_NAMED_REPOSITORY = "(SELECT id FROM repository WHERE name = ?)"


async def storer_of(
    database: Database, credentials: Credentials, now: float, repository: str | None, *, decide: bool
) -> Storer:
    """Return who stores and where, in one round trip; `decide` says whether the right to append is needed."""
    if credentials.anonymous:
        raise Unauthorized("storing needs a bearer token")
    who = identified(credentials, now)
    named = repository is not None
    target = Predicate(_NAMED_REPOSITORY, (repository,)) if named else _OWN_REPOSITORY
    sql = _STORER.format(who=who.sql, target=target.sql)
    rows = await database.read(sql, (*who.values, *target.values, now, now))
    if not rows:
        raise Unauthorized("the bearer token is not valid")
    principal_id, repository_id, may_append, subjects, kind, name = rows[0]
    note_principal(kind, name)
    if repository_id is None or (decide and not may_append):
        raise Forbidden("you may not store in that repository" if named else NOWHERE)
    return Storer(principal_id, repository_id, tuple(orjson.loads(subjects)), confined=named)


@dataclass(frozen=True, slots=True)
class Caller:
    """A user who manages: its key, whether it is an administrator, and through whom it holds grants."""

    principal_id: int
    administrator: bool
    subjects: tuple[int, ...]


async def caller_of(database: Database, credentials: Credentials, now: float) -> Caller:
    """Return the user who asks; anyone else raises Unauthorized."""
    rows = []
    if not credentials.anonymous:
        who = identified(credentials, now)
        sql = f"""WITH {who.sql}
SELECT principal.id, principal.administrator, (SELECT json_group_array(id) FROM subject), principal.name
FROM caller JOIN principal ON principal.id = caller.id AND principal.kind = 'user'"""
        rows = await database.read(sql, who.values)
    if not rows:
        raise Unauthorized("a valid bearer token of a user is needed")
    note_principal("user", rows[0][3])
    return Caller(rows[0][0], bool(rows[0][1]), tuple(orjson.loads(rows[0][2])))
