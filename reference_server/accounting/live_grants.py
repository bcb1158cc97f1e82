"""The live grants that reach a party on some resources, in one statement, and the rule applied to them.

A grant gives its operations on all of its resource, which is all of what lies in that, and on a part of what
contains it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import orjson

from reference_server.accounting.callers import AUTHENTICATED
from reference_server.accounting.decider import Question, Reader, Verdict
from reference_server.accounting.policy import Operation
from reference_server.accounting.resources import Resource

# CROSS JOIN begins with the few groups of the party rather than with all grants on a study.
_GRANTS = """SELECT held.subject_id, held.operations,
    held.repository_id, held.study_id, held.series_id, held.instance_id
    FROM subject CROSS JOIN access_grant AS held ON held.subject_id = subject.id
    WHERE held.operations & ? AND held.revoked_at IS NULL
    AND (held.not_before IS NULL OR held.not_before <= ?) AND (held.expires IS NULL OR held.expires > ?)"""
HELD = f"""
WITH party (id) AS MATERIALIZED (SELECT value FROM json_each(?)),
subject (id) AS MATERIALIZED (
    SELECT closure.group_id FROM party CROSS JOIN closure ON closure.member_id = party.id
    UNION SELECT {AUTHENTICATED} FROM party CROSS JOIN principal ON principal.id = party.id
    WHERE principal.kind = 'user'
)
{_GRANTS} AND held.study_id IN (SELECT value FROM json_each(?))
UNION ALL
{_GRANTS} AND held.study_id IS NULL AND held.repository_id IN (SELECT value FROM json_each(?))
"""  # noqa: S608  the text is of constants


@dataclass(frozen=True, slots=True)
class LiveGrant:
    """A grant in force to the party or to a group that contains it."""

    subject_id: int
    operations: Operation
    resource: Resource


def containers(resource: Resource) -> Iterator[Resource]:
    """Yield what contains a resource, the nearest first."""
    if resource.instance_id is not None:
        yield replace(resource, instance_id=None)
    if resource.series_id is not None:
        yield replace(resource, series_id=None, instance_id=None)
    if resource.study_id is not None:
        yield Resource(resource.repository_id, None, None, None)


async def live_grants(reader: Reader, question: Question) -> list[LiveGrant]:
    """Return the grants on the resources of a question, on what contains them and on their parts."""
    studies = {each.study_id for each in question.resources}
    repositories = {each.repository_id for each in question.resources}
    party, study_ids, repository_ids = (
        orjson.dumps(sorted(filter(None, each))).decode() for each in (question.party, studies, repositories)
    )
    live = (int(question.operations), question.now, question.now)
    rows = await reader.read(HELD, (party, *live, study_ids, *live, repository_ids))
    return [LiveGrant(row[0], Operation(row[1]) & question.operations, Resource(*row[2:])) for row in rows]


class Rule:
    """Decides about any number of resources, each in a few look-ups."""

    def __init__(self, grants: Iterable[LiveGrant]) -> None:
        self._on: defaultdict[Resource, Operation] = defaultdict(lambda: Operation.NOTHING)
        self._in: defaultdict[Resource, Operation] = defaultdict(lambda: Operation.NOTHING)
        for grant in grants:
            self._on[grant.resource] |= grant.operations
            for container in containers(grant.resource):
                self._in[container] |= grant.operations

    def verdict(self, resource: Resource) -> Verdict:
        """Return what is held on a resource."""
        whole = self._on.get(resource, Operation.NOTHING)
        for container in containers(resource):
            whole |= self._on.get(container, Operation.NOTHING)
        return Verdict(whole, whole | self._in.get(resource, Operation.NOTHING))
