"""A JSON object that a request carries, read field by field; what does not fit raises BadRequest."""

from datetime import UTC, datetime
from typing import Any, Self

import orjson
from starlette.requests import Request

from reference_server.errors import BadRequest, ContentTooLarge

MAX_BODY_BYTES = 65_536


class JsonBody:
    """The JSON object of a request; a field of another type than asked for raises BadRequest."""

    def __init__(self, fields: Any) -> None:
        if not isinstance(fields, dict):
            raise BadRequest("the payload must be a JSON object")
        self._fields = fields

    @classmethod
    async def of(cls, request: Request) -> Self:
        """Return the payload of a request."""
        content = b""
        async for chunk in request.stream():
            content += chunk
            if len(content) > MAX_BODY_BYTES:
                raise ContentTooLarge(f"the payload may have {MAX_BODY_BYTES} bytes")
        try:
            return cls(orjson.loads(content))
        except orjson.JSONDecodeError:
            raise BadRequest("the payload is not JSON") from None

    def text(self, name: str) -> str:
        """Return a text that must be there and not be empty."""
        text = self.optional_text(name)
        if not text:
            raise BadRequest(f"{name} is missing")
        return text

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None where it is absent or null."""
        value = self._fields.get(name)
        if value is not None and not isinstance(value, str):
            raise BadRequest(f"{name} must be a text")
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts, empty where it is absent."""
        values = self._fields.get(name) or []
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            raise BadRequest(f"{name} must be a list of texts")
        return values

    def time(self, name: str) -> float | None:
        """Return an ISO 8601 time as seconds since the epoch, UTC where it names no offset."""
        text = self.optional_text(name)
        if text is None:
            return None
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            raise BadRequest(f"{name}={text!r} is not an ISO 8601 time") from None
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()

    def flag(self, name: str) -> bool:
        """Return a boolean, false where it is absent."""
        value = self._fields.get(name, False)
        if not isinstance(value, bool):
            raise BadRequest(f"{name} must be true or false")
        return value

    def object(self, name: str) -> Self:
        """Return an object inside this one."""
        return type(self)(self._fields.get(name))
