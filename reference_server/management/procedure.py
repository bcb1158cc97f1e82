"""One procedure of the management API: who may ask for it, what it takes and gives, and its work.

The work is a function of an open transaction and of what was asked; it knows nothing of HTTP. So each
procedure is one transaction, authentication and the check of the payload cannot be forgotten by any, the
command line does the same work, and the description of the API is rendered from the same data.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from reference_server.accounting.callers import Caller, caller_of
from reference_server.accounting.policy import Operation
from reference_server.dicomweb.archive import archive_of
from reference_server.dicomweb.media import JSON
from reference_server.errors import BadRequest, Forbidden
from reference_server.management.body import JsonBody, Schema, read_json
from reference_server.resource import Action, Handler
from reference_server.storage.database import Transaction


def status_of(method: str) -> HTTPStatus:
    """Return the status of success: what is posted is created, and of what is deleted nothing is said."""
    return {"POST": HTTPStatus.CREATED, "DELETE": HTTPStatus.NO_CONTENT}.get(method, HTTPStatus.OK)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: by whom, when, about what path, with which query parameters and payload."""

    caller: Caller
    now: float
    path: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: JsonBody = field(default_factory=lambda: JsonBody({}))


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, and the value of `after` with which the next part is asked for, if there is one."""

    items: list[Any]
    following: str | None


Work = Callable[[Transaction, Asked], Coroutine[Any, Any, Any]]


@dataclass(frozen=True, slots=True)
class Procedure:
    """What one method of one management resource does.

    `body` and `gives` are JSON schemas, `query` the schemas of query parameters, `refusals` the statuses that
    it answers beyond those of every procedure. Where `everyone` is false only administrators may ask.
    """

    work: Work
    operation: Operation
    gives: Schema | None = None
    body: Schema | None = None
    query: Mapping[str, Schema] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    refusals: tuple[int, ...] = ()
    everyone: bool = False

    @property
    def summary(self) -> str:
        """The sentence that says what it does."""
        return (self.work.__doc__ or "").partition("\n")[0]

    def action(self, method: str) -> Action:
        """Return the entry of this procedure in the table of resources."""
        payload = (JSON,)
        gives = payload if self.gives is not None else ()
        takes = payload if self.body is not None else ()
        return Action(self._handler(method), self.operation, gives, takes, tuple(self.query))

    def _handler(self, method: str) -> Handler:
        async def handle(request: Request) -> Response:
            archive = archive_of(request)
            now = archive.clock()
            caller = await caller_of(archive.database, archive.credentials(request), now)
            self.admit(caller)
            query = self.checked_query(request.query_params.multi_items())
            content = None if self.body is None else await read_json(request.stream())
            asked = Asked(caller, now, request.path_params, query, self.checked_body(content))
            # What only reads must not hold up who writes.
            carry_out = archive.database.snapshot if method == "GET" else archive.database.write
            result = await carry_out(lambda transaction: self.work(transaction, asked))
            return _answer(request, status_of(method), result)

        handle.__doc__ = self.work.__doc__
        return handle

    def admit(self, caller: Caller) -> None:
        """Refuse who may not ask for this at all; raises Forbidden."""
        if not (self.everyone or caller.administrator):
            raise Forbidden("this needs an administrator")

    def checked_query(self, given: list[tuple[str, str]]) -> dict[str, str]:
        """Return the query parameters; one that is unknown, repeated or missing raises BadRequest."""
        query = dict(given)
        unknown = set(query) - set(self.query)
        if unknown or len(query) < len(given):
            raise BadRequest(f"query parameters are {', '.join(self.query) or 'not taken here'}, each once")
        for name in self.required:
            if not query.get(name):
                raise BadRequest(f"the query parameter {name} is missing")
        return query

    def checked_body(self, content: Any) -> JsonBody:
        """Return the payload; raises BadRequest where it is not what the schema says."""
        return JsonBody({} if self.body is None else content, self.body)


def _answer(request: Request, status: HTTPStatus, result: Any) -> Response:
    if status is HTTPStatus.NO_CONTENT:
        return Response(status_code=status)
    if not isinstance(result, Page):
        return Response(orjson.dumps(result), status, media_type=JSON)
    response = Response(orjson.dumps(result.items), status, media_type=JSON)
    if result.following is not None:
        query = urlencode({**request.query_params, "after": result.following})
        response.headers["link"] = f'<{request.url.path}?{query}>; rel="next"'
    return response
