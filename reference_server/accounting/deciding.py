"""The stage of a read in which candidates are decided upon, for designs that decide after matching.

The index is asked as it would be without accounting. What it finds goes to a decider: studies first, and the
series and instances of those that are there in part. Then the read proper sees what was decided, through the
same statement as in every design; so pages, counts and aggregates are those of the visible archive. A page is
refilled from further candidates until it is full or none are left. A read takes one round trip to say who is
asking, one for each batch of candidates, whatever the decider needs, and one for the answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import orjson

from reference_server.accounting.callers import viewing
from reference_server.accounting.decided import DECIDED, NOTHING_DECIDED, Extent, tables_of
from reference_server.accounting.decider import Decider, Party, Question, Verdict
from reference_server.accounting.policy import Access, Credentials, Operation
from reference_server.accounting.resources import Resource
from reference_server.decision import note_principal
from reference_server.errors import Unauthorized
from reference_server.storage import index
from reference_server.storage.candidates import PARTS, Candidate, candidate, candidates_statement
from reference_server.storage.database import Database
from reference_server.storage.page import Page
from reference_server.storage.predicate import Predicate, every
from reference_server.storage.records import Level, Located, Results

SMALLEST_BATCH, LARGEST_BATCH = 64, 4096
NO_LIMIT = -1  # as SQLite writes it
SEARCHED = Operation.DISCOVER
RETRIEVED = Operation.DISCOVER | Operation.RETRIEVE
_WHO = """SELECT asking.kind, asking.name, (SELECT json_group_array(id) FROM viewer), {issuer}
FROM caller JOIN principal AS asking ON asking.id = caller.id"""
_ISSUER = "(SELECT json_group_array(id) FROM issuing_viewer)"


@dataclass(frozen=True, slots=True)
class Stage:
    """How the candidates of one caller are decided upon."""

    decider: Decider
    who: Predicate
    link: bool
    now: float

    async def search(
        self,
        database: Database,
        level: Level,
        where: Predicate,
        access: Access,
        page: Page,
        *,
        with_metadata: bool,
    ) -> Results:
        """Return one page, refilled until it is full or the candidates are exhausted.

        A search by modality loses candidates that match by a hidden series alone, so whether a page is full
        is seen when it is there.
        """
        ruling = Ruling(self, database, await self._parties(database), SEARCHED)
        wanted = page.offset + page.limit + page.ahead
        condition = every(where, access.here(level))
        after, seen, batch = 0, 0, min(max(wanted, SMALLEST_BATCH), LARGEST_BATCH)
        while True:
            statement = candidates_statement(
                level, condition, NOTHING_DECIDED, after=after, limit=batch, with_metadata=with_metadata
            )
            rows = [candidate(row) for row in await database.read(statement.sql, statement.values)]
            seen += await ruling.extend(rows)
            last = len(rows) < batch
            after = after if last else rows[-1].key
            if last or seen >= wanted:
                so_far = where if last else every(where, Predicate(f"{level}.id <= ?", (after,)))
                decided = ruling.access(access, anonymous=access.anonymous and (last or page.limit == 0))
                results = await index.search(
                    database, level, so_far, decided, page, with_metadata=with_metadata
                )
                if last or _full(results, page):
                    return results
            batch = min(2 * batch, LARGEST_BATCH)

    async def locate(
        self, database: Database, where: Predicate, access: Access, *, with_metadata: bool
    ) -> list[tuple[Located, bytes | None]]:
        """Return the visible instances that `where` holds for."""
        ruling = Ruling(self, database, await self._parties(database), RETRIEVED)
        condition = every(where, access.here(Level.INSTANCE))
        statement = candidates_statement(
            Level.INSTANCE, condition, NOTHING_DECIDED, after=0, limit=NO_LIMIT, with_metadata=False
        )
        rows = await database.read(statement.sql, statement.values)
        await ruling.decide_below(Resource(*candidate(row).keys) for row in rows)
        decided = ruling.access(access, anonymous=access.anonymous)
        return await index.locate(database, where, decided, with_metadata=with_metadata)

    async def _parties(self, database: Database) -> list[Party]:
        """Return the parties all of whom must be allowed: the caller, and with a link its issuer."""
        sql = f"WITH {self.who.sql} {_WHO.format(issuer=_ISSUER if self.link else 'NULL')}"
        rows = await database.read(sql, self.who.values)
        if not rows:
            raise Unauthorized("the bearer token is not valid")
        kind, name, *parties = rows[0]
        note_principal(kind, name)
        return [tuple(orjson.loads(each)) for each in parties if each is not None]


def _full(results: Results, page: Page) -> bool:
    return page.limit == 0 or (len(results.found) == page.limit and results.remaining >= page.ahead)


class Ruling:
    """What has been decided in the course of one read."""

    def __init__(
        self, stage: Stage, database: Database, parties: Sequence[Party], operations: Operation
    ) -> None:
        self._stage = stage
        self._database = database
        self._parties = parties
        self._operations = operations
        self._extents = {each: Extent() for each in RETRIEVED}
        self._decided: set[Resource] = set()

    def access(self, access: Access, *, anonymous: bool) -> Access:
        """Return the access that sees what was decided, for the statement of the answer."""
        tables = tables_of(self._extents[Operation.DISCOVER], self._extents[Operation.RETRIEVE])
        who = self._stage.who
        caller = Predicate(f"{who.sql}, {tables.sql}", (*who.values, *tables.values))
        return replace(access, stage=None, caller=caller, anonymous=anonymous)

    async def extend(self, candidates: Sequence[Candidate]) -> int:
        """Decide about candidates and their twins; return how many of the candidates may be discovered."""
        keys = {each.keys[:2] for each in candidates} | {twin for each in candidates for twin in each.twins}
        studies = {Resource(key[0], key[1], None, None) for key in keys}
        open_studies = await self._decide(studies - self._decided)
        self._decided |= studies
        if open_studies:
            study_ids = orjson.dumps([each.study_id for each in open_studies]).decode()
            rows = await self._database.read(PARTS, (study_ids,))
            await self._decide_parts(Resource(*row) for row in rows)
        seen = self._extents[Operation.DISCOVER]
        return sum(seen.holds(Resource(*each.keys)) for each in candidates)

    async def decide_below(self, instances: Iterable[Resource]) -> None:
        """Decide about instances, by their studies where that is enough."""
        instances = list(instances)
        studies = {replace(each, series_id=None, instance_id=None) for each in instances}
        open_studies = {each.study_id for each in await self._decide(studies)}
        await self._decide_parts(each for each in instances if each.study_id in open_studies)

    async def _decide_parts(self, instances: Iterable[Resource]) -> None:
        """Decide about the series of these instances, and about the instances of those there in part."""
        instances = list(instances)
        series = {replace(each, instance_id=None) for each in instances}
        open_series = {each.series_id for each in await self._decide(series)}
        await self._decide({each for each in instances if each.series_id in open_series})

    async def _decide(self, resources: Iterable[Resource]) -> list[Resource]:
        """Decide about resources of one level, and return those of whose parts that decides nothing yet."""
        asked = sorted(resources, key=_arrival)
        if not asked:
            return []
        operations = self._operations
        verdicts = [Verdict(operations, operations)] * len(asked)
        for party in self._parties:
            question = Question(party, operations, asked, self._stage.now)
            given = await self._stage.decider.decide(self._database, question)
            verdicts = [mine & its for mine, its in zip(verdicts, given, strict=True)]
        for resource, verdict in zip(asked, verdicts, strict=True):
            for operation in verdict.whole:
                self._extents[operation].add(resource)
        return [each for each, it in zip(asked, verdicts, strict=True) if it.partly & ~it.whole]


def _arrival(resource: Resource) -> tuple[int, int, int]:
    return (resource.study_id or 0, resource.series_id or 0, resource.instance_id or 0)


def staged(decider: Decider, credentials: Credentials, now: float) -> Access:
    """Return the access of a caller whose candidates this decider decides upon."""
    who = viewing(credentials, now)
    stage = Stage(decider, who, credentials.link, now)
    return replace(DECIDED, caller=who, anonymous=credentials.anonymous, stage=stage)
