"""Answers that depend on who asks say so to every cache on their way (RFC 9111 5.2.2, RFC 9110 12.5.5)."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = ((b"cache-control", b"private, no-cache"), (b"vary", b"Authorization"))


class PrivateAnswers:
    """ASGI middleware that keeps shared caches from giving one caller's answer to another."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI event stream; errors carry the headers as well."""

        def send_private(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            return send(message)

        await self.app(scope, receive, send_private)
