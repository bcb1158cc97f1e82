"""Paging of lists: `limit` items that come after the last one of the page before."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reference_server.errors import BadRequest
from reference_server.management.body import Schema
from reference_server.management.procedure import Asked, Page

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_DIGITS = 18  # what fits a key of SQLite
PAGING: Mapping[str, Schema] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    "after": {"type": "string"},
}


def limit_of(asked: Asked) -> int:
    """Return how many items are asked for; what is no number in range raises BadRequest."""
    text = asked.query.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS and 1 <= int(text) <= MAX_LIMIT):
        raise BadRequest(f"limit is a number from 1 to {MAX_LIMIT}")
    return int(text)


def after_id(asked: Asked) -> int:
    """Return the id after which the list continues; what cannot be an id raises BadRequest."""
    text = asked.query.get("after", "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        raise BadRequest("after is the id of the last item before")
    return int(text)


def page_of(found: Sequence[Any], limit: int, key: Callable[[Any], object]) -> Page:
    """Return a page of items of which one more than the limit was looked for."""
    items = list(found[:limit])
    return Page(items, str(key(items[-1])) if len(found) > limit else None)
