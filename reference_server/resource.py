"""What one entry of the table of resources says: a path, its methods, and what each takes and gives."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from reference_server.accounting.policy import Operation

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Action:
    """What one method of a resource does: its handler, and the operation without which it refuses.

    `gives` and `takes` are the media types of its payloads, `parameters` the names of its query parameters;
    they go into the description of the service.
    """

    handler: Handler
    operation: Operation
    gives: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The sentence that says what it does."""
        return (self.handler.__doc__ or "").partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Resource:
    """One path, its methods, and the clause of PS3.18 that describes it, if one does."""

    path: str
    actions: Mapping[str, Action]
    clause: str = ""
