"""Who is asking: the bearer token of a request is read and, if an identity provider signed it, verified.

What is found, or what is wrong with it, travels with the request; a handler that asks for the credentials of
a bad token raises what is wrong. A bad token is never taken for none.
"""

import re
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from reference_server.accounting.policy import Credentials
from reference_server.accounting.tokens import LINK_PREFIX, token_hash
from reference_server.errors import ArchiveError, Unauthorized
from reference_server.timing import measured

Verify = Callable[[str], Awaitable[Credentials]]  # of a signed token; raises Unauthorized
CREDENTIALS = "credentials"  # the key in the state of the request
_BEARER = re.compile(r"Bearer +([A-Za-z0-9\-._~+/]+=*)\Z", re.IGNORECASE)
_DOTS_OF_JWT = 2


class Authentication:
    """ASGI middleware that puts the credentials of each request into its state."""

    def __init__(self, app: ASGIApp, verify: Verify | None = None) -> None:
        self.app = app
        self._verify = verify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI event stream."""
        if scope["type"] == "http":
            with measured("authn"):
                scope.setdefault("state", {})[CREDENTIALS] = await self._found(scope)
        await self.app(scope, receive, send)

    async def _found(self, scope: Scope) -> Credentials | ArchiveError:
        values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
        try:
            return await self.credentials(values)
        except ArchiveError as error:
            return error

    async def credentials(self, values: list[str]) -> Credentials:
        """Return what the Authorization header says; raises Unauthorized where it says nothing usable."""
        if not values:
            return Credentials()
        match = _BEARER.match(values[0])
        if match is None or len(values) > 1:
            raise Unauthorized("the Authorization header is not one bearer token")
        token = match.group(1)
        if token.count(".") == _DOTS_OF_JWT and self._verify is not None:
            return await self._verify(token)
        return Credentials(token_hash(token), link=token.startswith(LINK_PREFIX))
