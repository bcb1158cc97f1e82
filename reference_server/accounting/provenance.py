"""Provenance of grants: the way from a caller up to the group that holds one, and the shares above it."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from reference_server.accounting.callers import AUTHENTICATED
from reference_server.accounting.holdings import Holding, Principal
from reference_server.accounting.people import Kind
from reference_server.storage.database import Transaction

# The memberships that lie between these callers and whatever contains them.
EDGES = """
SELECT DISTINCT membership.member_id, membership.group_id, joined.kind, joined.name FROM closure
JOIN membership ON membership.member_id = closure.group_id
JOIN principal AS joined ON joined.id = membership.group_id
WHERE closure.member_id IN (SELECT value FROM json_each(?))
ORDER BY membership.member_id, membership.group_id
"""
ABOVE = """
WITH RECURSIVE above (id) AS (
    SELECT value FROM json_each(?)
    UNION SELECT held.parent_id FROM access_grant AS held JOIN above ON held.id = above.id
    WHERE held.parent_id IS NOT NULL
)
SELECT held.id, held.parent_id, subject.kind, subject.name FROM above
JOIN access_grant AS held ON held.id = above.id JOIN principal AS subject ON subject.id = held.subject_id
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A grant from which another one was derived, and who holds it."""

    grant_id: int
    subject: Principal


@dataclass(frozen=True, slots=True)
class Provenance:
    """The groups from the caller up to the holder of a grant, and the grants above it, nearest first."""

    through: list[Principal]
    derived_from: list[Source]


Edges = dict[int, list[tuple[int, Principal]]]


def _way(edges: Edges, start: int, goal: int) -> list[Principal]:
    """Return the groups on a shortest way of memberships; none where the caller itself is the goal."""
    waiting = deque([(start, list[Principal]())])
    seen = {start}
    while waiting:
        at, way = waiting.popleft()
        if at == goal:
            return way
        for group_id, group in edges.get(at, ()):
            if group_id not in seen:
                seen.add(group_id)
                waiting.append((group_id, [*way, group]))
    return [Principal(Kind.AUTHENTICATED, Kind.AUTHENTICATED)] if goal == AUTHENTICATED else []


def _sources(above: dict[int, tuple[int | None, Principal]], parent_id: int | None) -> list[Source]:
    sources = []
    while parent_id is not None:
        grandparent_id, subject = above[parent_id]
        sources.append(Source(parent_id, subject))
        parent_id = grandparent_id
    return sources


async def provenance_of(write: Transaction, held: Sequence[Holding]) -> dict[tuple[int, int], Provenance]:
    """Return where grants of callers come from, by the keys of caller and grant."""
    callers = orjson.dumps(sorted({each.principal_id for each in held})).decode()
    edges: Edges = {}
    for member_id, group_id, kind, name in await write.fetch(EDGES, (callers,)):
        edges.setdefault(member_id, []).append((group_id, Principal(Kind(kind), name)))
    parents = orjson.dumps(sorted({each.parent_id for each in held if each.parent_id is not None})).decode()
    above = {
        grant_id: (parent_id, Principal(Kind(kind), name))
        for grant_id, parent_id, kind, name in await write.fetch(ABOVE, (parents,))
    }
    return {
        (each.principal_id, each.grant_id): Provenance(
            _way(edges, each.principal_id, each.subject_id), _sources(above, each.parent_id)
        )
        for each in held
    }
