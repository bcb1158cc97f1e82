"""The JSON object of a request, checked whole against the schema of its procedure before a member is read."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Self

import orjson

from reference_server.decision import note_asked
from reference_server.errors import BadRequest, ContentTooLarge

MAX_BODY_BYTES = 65_536
MAX_COMPLAINT = 200

Schema = Mapping[str, Any]


async def read_json(chunks: AsyncIterator[bytes]) -> Any:
    """Return the JSON value of a payload that arrives in chunks."""
    content = b""
    async for chunk in chunks:
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            raise ContentTooLarge(f"the payload may have {MAX_BODY_BYTES} bytes")
    note_asked(content)
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise BadRequest("the payload is not JSON") from None


def _check(value: Any, schema: Schema) -> None:
    # Imported with the first payload: an archive that nobody manages keeps 20 MB for instances.
    from jsonschema import Draft202012Validator  # noqa: PLC0415  see above
    from jsonschema.exceptions import best_match  # noqa: PLC0415  see above

    error = best_match(Draft202012Validator(schema).iter_errors(value))
    if error is not None:
        place = ".".join(str(each) for each in error.absolute_path) or "the payload"
        raise BadRequest(f"{place}: {error.message}"[:MAX_COMPLAINT])


class JsonBody:
    """A JSON object whose members are what its schema says; one that is not raises BadRequest."""

    def __init__(self, members: Any, schema: Schema | None = None) -> None:
        if schema is not None:
            _check(members, schema)
        self._members: Mapping[str, Any] = members or {}

    def __contains__(self, name: str) -> bool:
        """Tell whether a member is there, be it null."""
        return name in self._members

    def text(self, name: str) -> str:
        """Return a text that the schema requires."""
        return str(self._members[name])

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None where it is absent or null."""
        value: str | None = self._members.get(name)
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts, empty where it is absent or null."""
        return list(self._members.get(name) or ())

    def optional_texts(self, name: str) -> list[str] | None:
        """Return a list of texts, or None where it is absent."""
        return self.texts(name) if name in self else None

    def flag(self, name: str) -> bool:
        """Return a boolean, false where it is absent."""
        return bool(self._members.get(name))

    def optional_flag(self, name: str) -> bool | None:
        """Return a boolean, or None where it is absent."""
        return self.flag(name) if name in self else None

    def time(self, name: str) -> float | None:
        """Return an ISO 8601 time as seconds since the epoch, UTC where it names no offset."""
        text = self.optional_text(name)
        if text is None:
            return None
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            raise BadRequest(f"{name}: {text!r} is not an ISO 8601 time"[:MAX_COMPLAINT]) from None
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()

    def object(self, name: str) -> Self:
        """Return an object inside this one."""
        return type(self)(self._members.get(name))
