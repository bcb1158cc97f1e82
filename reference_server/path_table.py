"""The paths of the archive as one route: the segments of a path lead through a tree to its endpoint.

Starlette tries the regular expression of one route after the other, which with this many takes longer than a
lookup in the index. A literal segment goes before a parameter, a parameter is one segment that is not empty,
and `{name:path}` is all that remains.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

REST = ":path}"


@dataclass(slots=True)
class _Node:
    """What may follow a beginning of a path; `names` are the parameters of the path that ends here."""

    literals: "dict[str, _Node]" = field(default_factory=dict)
    parameter: "_Node | None" = None
    rest: "_Node | None" = None
    names: tuple[str, ...] = ()
    app: ASGIApp | None = None

    def follow(self, segment: str) -> "_Node":
        """Return the node behind a segment of a template, which is added where it is missing."""
        if segment.endswith(REST):
            self.rest = self.rest or _Node()
            return self.rest
        if segment.startswith("{"):
            self.parameter = self.parameter or _Node()
            return self.parameter
        return self.literals.setdefault(segment, _Node())

    def find(self, segments: list[str], at: int, values: list[str]) -> "_Node | None":
        """Return where the segments from a position lead, and append the values of parameters on the way."""
        if at == len(segments):
            return self if self.app is not None else None
        segment, known = segments[at], len(values)
        literal = self.literals.get(segment)
        if literal is not None and (found := literal.find(segments, at + 1, values)) is not None:
            return found
        if self.parameter is not None and segment:
            values.append(segment)
            if (found := self.parameter.find(segments, at + 1, values)) is not None:
                return found
            del values[known:]
        if self.rest is not None:
            values.append("/".join(segments[at:]))
        return self.rest


class PathTable(BaseRoute):
    """Routes every path of a table to its endpoint."""

    def __init__(self, endpoints: Mapping[str, ASGIApp]) -> None:
        self.endpoints = endpoints
        self._root = _Node()
        for template, app in endpoints.items():
            segments = template.split("/")
            node = self._root
            for segment in segments:
                node = node.follow(segment)
            node.app = app
            node.names = tuple(
                each.strip("{}").partition(":")[0] for each in segments if each.startswith("{")
            )

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return the endpoint of a path and the values of its parameters."""
        if scope["type"] != "http":
            return Match.NONE, {}
        values: list[str] = []
        found = self._root.find(scope["path"].split("/"), 0, values)
        if found is None:
            return Match.NONE, {}
        parameters = dict(zip(found.names, values, strict=True))
        return Match.FULL, {"endpoint": found.app, "path_params": parameters}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that matched."""
        await scope["endpoint"](scope, receive, send)
