"""One record of the audit trail: who asked for what, from where, and what came of it."""

from enum import IntEnum, StrEnum
from typing import NamedTuple

from reference_server.audit.event import Event

FIRST_REFUSAL = 400
FIRST_FAILURE = 500


class Outcome(IntEnum):
    """Whether the event succeeded, in the numbers of EventOutcomeIndicator (PS3.15 A.5.1)."""

    SUCCESS = 0
    MINOR_FAILURE = 4  # refused, in whole or in part
    SERIOUS_FAILURE = 8  # the archive failed

    @classmethod
    def of(cls, status: int, refused: int | None) -> "Outcome":
        """Return the outcome of an answer with that status, some of whose parts were refused."""
        if status >= FIRST_FAILURE:
            return cls.SERIOUS_FAILURE
        return cls.MINOR_FAILURE if status >= FIRST_REFUSAL or refused else cls.SUCCESS


class Unidentified(StrEnum):
    """Who asks where no principal is known by name."""

    ANONYMOUS = "anonymous"  # no credentials
    UNKNOWN = "unknown"  # credentials that are not valid, or were not looked at


class Record(NamedTuple):  # made for each answer, and in a third of the time that a frozen dataclass takes
    """What is kept of one decision. No secret is in it: of credentials only whose they are.

    `at` is in seconds since the epoch; `studies` pairs Study Instance UIDs with the Patient ID where that is
    known; `number` counts search results or instances; `asked` is the JSON of a change. `id` is 0 until it is
    kept.
    """

    at: float
    event: Event
    outcome: Outcome
    status: int
    kind: str
    name: str
    address: str
    method: str
    path: str
    query: str
    studies: tuple[tuple[str, str | None], ...]
    number: int | None
    refused: int | None
    asked: str | None
    id: int = 0
