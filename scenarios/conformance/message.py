"""Requests and responses as they crossed the wire, and the pair of both as evidence."""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult

from scenarios.conformance.media_type import MediaType

Headers = tuple[tuple[str, str], ...]


def header(headers: Headers, name: str) -> str | None:
    """Return the value of a header, several joined by commas, or None if it is absent."""
    found = [value for key, value in headers if key.lower() == name.lower()]
    return ", ".join(found) if found else None


class Framing(StrEnum):
    """How the end of a response body was told."""

    LENGTH = "Content-Length"
    CHUNKED = "Transfer-Encoding: chunked"
    CLOSE = "end of connection"
    NONE = "no body"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `target` is the path and query as sent, already percent-encoded."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""

    @property
    def head(self) -> bytes:
        """The request line and the header lines, as bytes on the wire."""
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{key}: {value}" for key, value in self.headers)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None."""
        return header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Response:
    """One response; the body is decoded from its framing but not from its content coding."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    framing: Framing
    truncated: bool = False  # the connection ended before the body did
    url: str = ""  # what was asked for, so that relative URIs in the body can be resolved

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None."""
        return header(self.headers, name)

    @property
    def content_type(self) -> MediaType:
        """The media type of the body; its name is empty if the header is missing."""
        return MediaType.parse(self.header("Content-Type") or "")

    @property
    def ok(self) -> bool:
        """Tell whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of the status

    @property
    def is_client_error(self) -> bool:
        """Tell whether the status is 4xx."""
        return 400 <= self.status < 500  # noqa: PLR2004 - the class of the status

    def __str__(self) -> str:
        """Say in one line what came back."""
        size = f"{len(self.body)} bytes" + (", truncated" if self.truncated else "")
        return f"{self.status} {self.reason} ({self.content_type.name or 'no Content-Type'}, {size})"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with its response, or with the reason why there is none."""

    origin: SplitResult
    request: Request
    response: Response | None
    trouble: str = ""
    duration_ms: float = field(default=0.0, compare=False)
