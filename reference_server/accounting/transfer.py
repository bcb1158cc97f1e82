# ruff: noqa: S608  statements are joined from constants of this module, values are bound
"""Transfer of ownership: a study changes its facility, its user or both, at once and whole.

The facility that owns a study is the one whose repository holds it, so another facility means another
repository, and the study moves there with all that is granted on it. Who is no longer an owner loses its
owner's grant, and whatever was shared by virtue of that grant is revoked: the new owners answer only for what
they share themselves. A study that moves leaves behind, too, what was shared by virtue of a grant on its old
repository. What an owner who stays has shared remains, and so does what an administrator has.

It needs O on the study, and A on another repository, so that nobody is made to hold a study, and nobody
learns what another repository holds. Either goes without saying for an administrator.
"""

from dataclasses import dataclass

import orjson

from reference_server.accounting.callers import Caller
from reference_server.accounting.ownership import EVERY_OPERATION
from reference_server.accounting.people import Kind, find_principal
from reference_server.accounting.policy import Operation
from reference_server.accounting.resources import Resource, ResourceName, resolve, rights_on
from reference_server.accounting.revocation import revoke
from reference_server.errors import BadRequest, Conflict, Forbidden, NotFound
from reference_server.storage.database import Transaction

OWN = int(Operation.OWN)
OWNERS = f"""
SELECT owner.kind, owner.name FROM access_grant AS held JOIN principal AS owner ON owner.id = held.subject_id
WHERE held.study_id = ? AND held.operations & {OWN} AND held.revoked_at IS NULL
"""
HELD_THERE = """
SELECT 1 FROM study AS moved JOIN study AS there ON there.study_uid = moved.study_uid
WHERE moved.id = ? AND there.repository_id = ?
UNION ALL
SELECT 1 FROM instance AS moved JOIN instance AS there ON there.sop_instance_uid = moved.sop_instance_uid
WHERE moved.study_id = ? AND there.repository_id = ?
LIMIT 1
"""
FORMER = f"""head.study_id = ? AND head.operations & {OWN}
AND head.subject_id NOT IN (SELECT value FROM json_each(?))"""
BY_REPOSITORY = """head.study_id = ? AND EXISTS (
    SELECT 1 FROM access_grant AS above WHERE above.id = head.parent_id AND above.study_id IS NULL
)"""
MOVE = (
    "UPDATE study SET repository_id = ? WHERE id = ?",
    "UPDATE series SET repository_id = ? WHERE study_id = ?",
    "UPDATE instance SET repository_id = ? WHERE study_id = ?",
    "UPDATE access_grant SET repository_id = ? WHERE study_id = ?",
)
GRANT = f"""
INSERT INTO access_grant (subject_id, operations, repository_id, study_id, granted_by)
SELECT value, ?, ?, ?, ? FROM json_each(?) WHERE NOT EXISTS (
    SELECT 1 FROM access_grant AS held WHERE held.subject_id = value AND held.study_id = ?
    AND held.operations & {OWN} AND held.revoked_at IS NULL
)
"""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns a study: a facility, and a user; one is None where it does not exist (any more)."""

    facility: str | None
    user: str | None


async def _held(
    write: Transaction, caller: Caller, name: ResourceName, needed: Operation, now: float
) -> Resource:
    """Return a study on all of which the caller holds one of some operations, as an administrator does."""
    resource = await resolve(write, name)
    if not caller.administrator:
        rights = await rights_on(write, resource, caller.subjects, now)
        if not rights.visible:
            raise NotFound("there is no such resource")
        if not any(row[0] & needed for row in rights.covering):
            raise Forbidden("you do not own this study")
    return resource


async def owner_of(write: Transaction, caller: Caller, name: ResourceName, now: float) -> Owner:
    """Return who owns a study; raises NotFound, and Forbidden for who may neither share nor own it."""
    study = await _held(write, caller, name, Operation.SHARE | Operation.OWN, now)
    owners: dict[str, str] = dict(await write.fetch(OWNERS, (study.study_id,)))
    return Owner(owners.get(Kind.FACILITY), owners.get(Kind.USER))


async def transfer(write: Transaction, caller: Caller, name: ResourceName, new: Owner, now: float) -> None:
    """Give a study to a facility and a user, or to a facility alone.

    Raises NotFound where the caller does not see the study, Forbidden where it does not own it or may not
    store there, BadRequest where there is no such owner, and Conflict where the facility holds it already.
    """
    study = await _held(write, caller, name, Operation.OWN, now)
    if new.facility is None:
        raise BadRequest("a study belongs to a facility")
    facility_id, repository_id = await find_principal(write, Kind.FACILITY, new.facility)
    assert repository_id is not None, "every facility is a repository"
    owners = [facility_id]
    if new.user is not None:
        owners.append((await find_principal(write, Kind.USER, new.user))[0])
    moves = repository_id != study.repository_id
    if moves:
        await _admit(write, caller, study, repository_id, now)
    new_owners = orjson.dumps(owners).decode()
    await revoke(write, now, FORMER, (study.study_id, new_owners))
    if moves:
        await revoke(write, now, BY_REPOSITORY, (study.study_id,))
        for statement in MOVE:
            await write.run(statement, (repository_id, study.study_id))
    values = (EVERY_OPERATION, repository_id, study.study_id, caller.principal_id, new_owners, study.study_id)
    await write.run(GRANT, values)


async def _admit(write: Transaction, caller: Caller, study: Resource, repository_id: int, now: float) -> None:
    """Refuse a study that the caller may not put into a repository, or that is there already."""
    if not caller.administrator:
        there = Resource(repository_id, None, None, None)
        rights = await rights_on(write, there, caller.subjects, now)
        if not any(row[0] & Operation.APPEND for row in rights.covering):
            raise Forbidden("you may not store in that repository")
    if await write.fetch(HELD_THERE, (study.study_id, repository_id, study.study_id, repository_id)):
        raise Conflict("that repository holds the study or a part of it already")
