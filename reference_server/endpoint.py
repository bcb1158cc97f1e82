"""One path of the archive as an ASGI application: it picks the action of the method.

HEAD is GET without its body, OPTIONS and 405 name the methods that the path has. What fails inside a handler
for no reason of the caller is logged here and answered 500.
"""

import logging
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from reference_server.decision import begin
from reference_server.errors import STATUS, ArchiveError, InternalError, NotFound, Unauthorized
from reference_server.resource import Action

LOG = logging.getLogger("reference_server")
NOT_FOUND = "there is no such resource\n"


class Endpoint:
    """Serves the methods of one path."""

    def __init__(self, actions: Mapping[str, Action]) -> None:
        self.actions = dict(actions)
        if "GET" in actions:
            self.actions["HEAD"] = actions["GET"]
        self.allow = {"allow": ", ".join(sorted({*self.actions, "OPTIONS"}))}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive, send)
        action = self.actions.get(request.method)
        response: Response
        if action is not None:
            response = await self._handle(action, request)
            if request.method == "OPTIONS":
                response.headers.update(self.allow)
        elif request.method == "OPTIONS":
            response = Response(status_code=204, headers=self.allow)
        else:
            response = PlainTextResponse(f"{request.method} is not served here\n", 405, self.allow)
        await response(scope, receive, send)

    async def _handle(self, action: Action, request: Request) -> Response:
        try:
            begin(action.operation)
            return await action.handler(request)
        except ArchiveError:
            raise
        except Exception as error:
            LOG.exception("%s %s failed", request.method, request.url.path)
            raise InternalError("the archive failed; its log says why") from error


async def refuse(_: Request, error: Exception) -> Response:
    """Return the response of an error that is meant for the caller."""
    assert isinstance(error, ArchiveError)
    headers = {"www-authenticate": "Bearer"} if isinstance(error, Unauthorized) else None
    return PlainTextResponse(f"{error}\n", STATUS[type(error)], headers)


async def refuse_unrouted(_: Request, error: Exception) -> Response:
    """Return the response of a path that nothing serves: the same as of a resource that is not there."""
    assert isinstance(error, HTTPException)
    return PlainTextResponse(
        NOT_FOUND if error.status_code == STATUS[NotFound] else f"{error.detail}\n", error.status_code
    )
