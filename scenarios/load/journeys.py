"""A journey is what one person does at an archive: requests in their order, one after the other.

A span covers several of them, from the moment the first is sent to the last byte of the last: the time to the
first image, the time of a whole study. It becomes a sample of its own, beside those of its requests.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scenarios.load.exchange import Exchange
from scenarios.load.operations import Request


@dataclass(frozen=True, slots=True)
class Span:
    """The requests from `first` to `last` (numbers within the journey), under a name."""

    operation: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Journey:
    """Requests in their order, and the spans over them."""

    requests: tuple[Request, ...]
    spans: tuple[Span, ...] = ()


def spanned(exchanges: Sequence[Exchange]) -> Exchange:
    """Return one exchange that lasts as long as all of these together."""
    whole = Exchange()
    whole.covered = tuple(exchanges)
    whole.answer = exchanges[-1].answer
    whole.sent_ns = exchanges[0].sent_ns
    whole.first_byte_ns = exchanges[0].first_byte_ns
    whole.end_ns = exchanges[-1].end_ns
    whole.error = next((each.error for each in exchanges if each.error), None)
    return whole
