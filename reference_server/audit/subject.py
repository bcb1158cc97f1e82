"""Which study a request names, where nobody has said which ones it concerns.

A refused request never gets as far as that; and what is asked of the management API names its study in the
path, in the query or in the resource that is shared.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson

from reference_server.dicomweb.reading import valid_uid


def named_studies(scope: Mapping[str, Any], asked: bytes | None) -> tuple[tuple[str, None], ...]:
    """Return the UIDs of the studies that a request names, each once and without a Patient ID."""
    uids = [uid for uid in _named(scope, asked) if isinstance(uid, str) and valid_uid(uid)]
    return tuple((uid, None) for uid in dict.fromkeys(uids))


def _named(scope: Mapping[str, Any], asked: bytes | None) -> Iterator[object]:
    yield scope.get("path_params", {}).get("study")
    if scope["path"].startswith("/accounting"):
        yield from parse_qs(scope["query_string"].decode("latin-1")).get("study", ())
        yield _of_resource(asked)


def _of_resource(asked: bytes | None) -> object:
    try:
        content = None if asked is None else orjson.loads(asked)
    except orjson.JSONDecodeError:
        return None
    resource = content.get("resource") if isinstance(content, dict) else None
    return resource.get("study") if isinstance(resource, dict) else None
