"""What the running request decides about: who asks for what, which studies it concerns, what came of it.

The decision lives in a context variable, as the spans of `timing` do, so that the parts which learn these
facts can say them without knowing about HTTP or the audit trail. Without accounting there is no decision, and
saying something about it does nothing.
"""

from collections.abc import Callable, Iterable
from contextvars import ContextVar, Token


class Decision:
    """What is known of one decision so far; `begun` once a handler is asked to reveal or change something."""

    __slots__ = ("_admit", "asked", "begun", "kind", "name", "number", "operation", "refused", "studies")

    def __init__(self, admit: Callable[[], None]) -> None:
        self._admit = admit
        self.begun = False
        self.operation = 0
        self.kind: str | None = None
        self.name: str | None = None
        self.studies: dict[str, str | None] = {}  # Study Instance UID -> Patient ID
        self.number: int | None = None
        self.refused: int | None = None
        self.asked: bytes | None = None

    def begin(self, operation: int) -> None:
        """Note that a handler starts; raises Unavailable where no record of it could be kept."""
        self._admit()
        self.begun = True
        self.operation = operation


_decision: ContextVar[Decision | None] = ContextVar("decision", default=None)


def enter(decision: Decision) -> Token[Decision | None]:
    """Make this the decision of the running request until `leave`."""
    return _decision.set(decision)


def leave(token: Token[Decision | None]) -> None:
    """End what `enter` began."""
    _decision.reset(token)


def begin(operation: int) -> None:
    """Note that a handler starts whose action needs an operation; raises Unavailable."""
    decision = _decision.get()
    if decision is not None and operation:
        decision.begin(operation)


def note_principal(kind: str, name: str) -> None:
    """Note who asks."""
    decision = _decision.get()
    if decision is not None:
        decision.kind, decision.name = kind, name


def note_studies(studies: Iterable[tuple[str, str | None]]) -> None:
    """Note studies that are concerned, each by its UID and the ID of its patient as far as that is known."""
    decision = _decision.get()
    if decision is not None:
        decision.studies.update(studies)


def note_number(number: int, refused: int | None = None) -> None:
    """Note how many results or instances are given or stored, and how many were refused."""
    decision = _decision.get()
    if decision is not None:
        decision.number, decision.refused = number, refused


def note_asked(content: bytes) -> None:
    """Note the JSON with which a change was asked for; no request of the management API carries a secret."""
    decision = _decision.get()
    if decision is not None:
        decision.asked = content
