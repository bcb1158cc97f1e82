"""`POST /decisions`: what a party may do with each of some resources.

    {"party": [5], "operations": 3, "now": 1767225600.0, "resources": [[1, 12, null, null]]}
    {"verdicts": [[3, 3]]}

Parties, operations and resources are keys of the archive's index; a verdict holds the operations on all of
the resource and those on a part of it. The service decides upon the grants as they are when it is asked; it
is asked by archives on the same machine, and asks nobody who they are.
"""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiosqlite
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from reference_server.accounting.decider import Question
from reference_server.accounting.live_grants import Rule, live_grants
from reference_server.accounting.policy import Operation
from reference_server.accounting.resources import Resource
from reference_server.storage.database import Row
from reference_server.storage.folder import INDEX
from reference_server.storage.predicate import Value

BUSY_TIMEOUT_SECONDS = 5.0
DECISIONS = "/decisions"


@dataclass(frozen=True, slots=True)
class IndexReader:
    """The index of an archive, which may be serving it, for reading alone."""

    connection: aiosqlite.Connection

    async def read(self, sql: str, values: Sequence[Value]) -> list[Row]:
        """Return the rows of one statement."""
        return [tuple(row) for row in await self.connection.execute_fetchall(sql, values)]


@asynccontextmanager
async def index_reader(data: Path) -> AsyncIterator[IndexReader]:
    """Open the index of a data folder."""
    path = (data / INDEX).resolve().as_uri()
    async with aiosqlite.connect(f"{path}?mode=rw", uri=True, timeout=BUSY_TIMEOUT_SECONDS) as connection:
        await connection.execute("PRAGMA query_only=1")
        yield IndexReader(connection)


def question_of(content: bytes) -> Question:
    """Return what a body asks; raises ValueError, KeyError or TypeError where it asks nothing."""
    body = orjson.loads(content)
    return Question(
        party=tuple(int(key) for key in body["party"]),
        operations=Operation(body["operations"]),
        resources=[Resource(*keys) for keys in body["resources"]],
        now=float(body["now"]),
    )


async def decide(request: Request) -> Response:
    """Answer one question."""
    try:
        question = question_of(await request.body())
    except (ValueError, KeyError, TypeError) as error:
        return PlainTextResponse(f"this is not a question: {error}\n", 400)
    reader: IndexReader = request.app.state.reader
    try:
        rule = Rule(await live_grants(reader, question))
    except sqlite3.Error as error:
        return PlainTextResponse(f"the grants cannot be read: {error}\n", 503)
    verdicts = [rule.verdict(resource) for resource in question.resources]
    content = orjson.dumps({"verdicts": [[int(each.whole), int(each.partly)] for each in verdicts]})
    return Response(content, media_type="application/json")


def create_service(data: Path) -> Starlette:
    """Return the service as an ASGI application; it opens the index when it starts."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with index_reader(data) as app.state.reader:
            yield

    return Starlette(routes=[Route(DECISIONS, decide, methods=["POST"])], lifespan=lifespan)
