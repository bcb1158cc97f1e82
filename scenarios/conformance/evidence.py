"""What a report keeps of an exchange: redacted, shortened, and repeatable with curl.

Credentials never reach a report: the values of the headers that carry them are replaced, and so is every
secret of target.toml wherever it occurs, and what a JSON body calls a token or a password.
"""

import hashlib
import re
import shlex
import string
from collections.abc import Collection
from dataclasses import dataclass

from scenarios.conformance.message import Exchange, Headers

PREVIEW_BYTES = 1_000
BINARY_PREVIEW_BYTES = 400
LONGEST_SECRET_BYTES = 8_192  # a secret that begins within the preview is hidden whole, then cut
REDACTED = "REDACTED"
PRINTABLE = frozenset(string.printable.encode()) - frozenset(b"\t\r\v\f")
SECRET_MEMBER = re.compile(r'("(?:\w*token|password|secret)"\s*:\s*")[^"]*')
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"})


@dataclass(frozen=True, slots=True)
class Payload:
    """A body: its size, its SHA-256, and its beginning if that is text."""

    size_bytes: int
    sha256: str
    preview: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One exchange as a report shows it."""

    url: str
    request_line: str
    request_headers: Headers
    request_body: Payload
    status_line: str  # or the reason why there is none
    response_headers: Headers
    response_body: Payload
    duration_ms: float
    curl: str


def evidence_of(exchange: Exchange, secrets: Collection[str]) -> Evidence:
    """Return the exchange without its secrets and with its bodies cut short."""
    request, response = exchange.request, exchange.response
    url = f"{exchange.origin.geturl()}{request.target}"
    headers = redact(request.headers, secrets)
    return Evidence(
        url=_hide(url, secrets),
        request_line=_hide(f"{request.method} {request.target} HTTP/1.1", secrets),
        request_headers=headers,
        request_body=_payload(request.body, request.header("Content-Type") or "", secrets),
        status_line=f"{response.status} {response.reason}" if response else exchange.trouble,
        response_headers=redact(response.headers, secrets) if response else (),
        response_body=_payload(response.body, response.header("Content-Type") or "", secrets)
        if response
        else _payload(b"", "", secrets),
        duration_ms=round(exchange.duration_ms, 3),
        curl=_curl(request.method, _hide(url, secrets), headers, has_body=bool(request.body)),
    )


def redact(headers: Headers, secrets: Collection[str]) -> Headers:
    """Return the headers with every credential replaced."""
    return tuple(
        (name, REDACTED if name.lower() in SECRET_HEADERS else _hide(value, secrets))
        for name, value in headers
    )


def _hide(text: str, secrets: Collection[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, REDACTED) if secret else text
    return text


def _payload(body: bytes, content_type: str, secrets: Collection[str]) -> Payload:
    if any(kind in content_type for kind in ("json", "xml", "text", "html")):
        text = body[: PREVIEW_BYTES + LONGEST_SECRET_BYTES].decode("utf-8", "replace")
        preview = SECRET_MEMBER.sub(rf"\1{REDACTED}", _hide(text, secrets))[:PREVIEW_BYTES]
    else:
        head = body[: BINARY_PREVIEW_BYTES + LONGEST_SECRET_BYTES]
        text = "".join(chr(byte) if byte in PRINTABLE else "·" for byte in head)
        preview = _hide(text, secrets)[:BINARY_PREVIEW_BYTES]
    return Payload(len(body), hashlib.sha256(body).hexdigest() if body else "", preview)


def _curl(method: str, url: str, headers: Headers, *, has_body: bool) -> str:
    """Return a command that repeats the request; the body has to be supplied as the file `body`."""
    parts = ["curl", "-i", "-X", method]
    for name, value in headers:
        if name.lower() not in {"host", "content-length", "transfer-encoding", "user-agent"}:
            parts += ["-H", f"{name}: {value}"]
    if has_body:
        parts += ["--data-binary", "@body"]
    return " ".join(shlex.quote(part) for part in [*parts, url])
