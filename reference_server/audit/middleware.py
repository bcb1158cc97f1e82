"""Every answer to a request that asks for something leaves one record, before the answer begins.

The endpoint begins the decision when it calls a handler, so what a route declares is what is recorded,
whatever comes of it: refusals, errors, and requests whose client went away. A request whose record cannot be
kept is answered 503, in place of its answer where there is one already.
"""

import time
from collections.abc import Awaitable, MutableMapping
from http import HTTPStatus
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reference_server.accounting.policy import Credentials
from reference_server.audit.event import Event
from reference_server.audit.record import Outcome, Record, Unidentified
from reference_server.audit.subject import named_studies
from reference_server.audit.trail import Trail
from reference_server.audit.withholding import withheld, withheld_query
from reference_server.authentication import CREDENTIALS
from reference_server.decision import Decision, enter, leave
from reference_server.errors import STATUS, Unavailable


class Auditing:
    """ASGI middleware that keeps the audit trail."""

    def __init__(self, app: ASGIApp, trail: Trail) -> None:
        self.app = app
        self._trail = trail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI event stream; all but HTTP passes through untouched."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        decision = Decision(self._trail.reserve)
        answer = _Answer(decision, self._trail, scope, send)
        token = enter(decision)
        try:
            await self.app(scope, receive, answer.send)
        finally:
            leave(token)
            answer.end()


class _Answer:
    """One answer on its way: it begins once its record is kept, and is replaced where that fails."""

    def __init__(self, decision: Decision, trail: Trail, scope: Scope, send: Send) -> None:
        self._decision, self._trail, self._scope, self._send = decision, trail, scope, send
        self._recorded = self._replaced = False

    def send(self, message: Message) -> Awaitable[None]:
        """Send a message of the application, the first one after the record is kept."""
        if message["type"] == "http.response.start" and self._decision.begun and not self._recorded:
            self._recorded = True
            return self._begin(message)
        return self._send(message) if not self._replaced else _dropped()

    async def _begin(self, message: Message) -> None:
        """Begin the answer once its record is kept, or replace it."""
        try:
            await self._trail.keep(record_of(self._decision, self._scope, message["status"]))
        except Unavailable as error:
            self._replaced = True
            refusal = PlainTextResponse(f"{error}\n", STATUS[Unavailable])
            await refusal(self._scope, _nothing, self._send)
        else:
            await self._send(message)

    def end(self) -> None:
        """Record what was begun and never answered."""
        if self._decision.begun and not self._recorded:
            self._recorded = True
            self._trail.add(record_of(self._decision, self._scope, HTTPStatus.INTERNAL_SERVER_ERROR))


async def _dropped() -> None:
    """Send nothing: the answer to which a message belongs was replaced."""


async def _nothing() -> Message:
    """Return that there is no more of a request; a plain response never asks."""
    return {"type": "http.disconnect"}


def record_of(decision: Decision, scope: MutableMapping[str, Any], status: int) -> Record:
    """Return the record of a decision that is answered with this status, without what could be a token."""
    method, path = scope["method"], scope["path"]
    unauthenticated = status == HTTPStatus.UNAUTHORIZED
    event = Event.AUTHENTICATION if unauthenticated else Event.of(decision.operation, method, path)
    kind, name = decision.kind, decision.name
    if kind is None or name is None:
        kind = name = _unidentified(scope)
    address = scope.get("client")
    asked = decision.asked
    return Record(
        at=time.time(),
        event=event,
        outcome=Outcome.of(status, decision.refused),
        status=status,
        kind=kind,
        name=name,
        address=address[0] if address else "",
        method=method,
        path=withheld(path),
        query=withheld_query(scope["query_string"].decode("latin-1")),
        studies=tuple(decision.studies.items()) or named_studies(scope, asked),
        number=decision.number,
        refused=decision.refused,
        asked=None if asked is None else withheld(asked.decode("utf-8", "replace")),
    )


def _unidentified(scope: MutableMapping[str, Any]) -> Unidentified:
    credentials = scope["state"][CREDENTIALS]
    nobody = isinstance(credentials, Credentials) and credentials.anonymous
    return Unidentified.ANONYMOUS if nobody else Unidentified.UNKNOWN
