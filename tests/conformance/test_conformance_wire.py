"""The client sends what it is told and reads whatever comes back."""

import contextlib
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from scenarios.conformance.evidence import BINARY_PREVIEW_BYTES, PREVIEW_BYTES, evidence_of
from scenarios.conformance.message import Exchange, Framing, Request, Response
from scenarios.conformance.wire import Limits, NoResponseError, Pool, UnreachableError

Serve = Callable[[Callable[[bytes], bytes]], str]
Open = Callable[[str], Pool]
LIMITS = Limits(connect_s=2, read_s=0.5, body_bytes=10_000)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def pool() -> Iterator[Callable[[str], Pool]]:
    """Return a function that opens a pool, closed after the test."""
    with contextlib.ExitStack() as pools:

        def make(url: str) -> Pool:
            made = Pool(urlsplit(url), None, LIMITS)
            pools.callback(made.close)
            return made

        yield make


@pytest.mark.parametrize(
    ("raw", "framing", "body", "truncated"),
    [
        (b"Content-Length: 3\r\n\r\nabc", Framing.LENGTH, b"abc", False),
        (b"Content-Length: 9\r\nConnection: close\r\n\r\nabc", Framing.LENGTH, b"abc", True),
        (
            b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: 1\r\n\r\n",
            Framing.CHUNKED,
            b"abc",
            False,
        ),
        (b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nab", Framing.CHUNKED, b"ab", True),
        (b"Connection: close\r\n\r\nabc", Framing.CLOSE, b"abc", False),
    ],
)
def test_a_body_is_read_by_its_framing(
    serve: Serve, pool: Open, raw: bytes, framing: Framing, body: bytes, *, truncated: bool
) -> None:
    url = serve(lambda _: b"HTTP/1.1 200 OK\r\n" + raw)
    response, _ = pool(url).exchange(GET, method="GET")
    assert (response.framing, response.body, response.truncated) == (framing, body, truncated)


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_ends_with_its_headers(serve: Serve, pool: Open, status: int) -> None:
    url = serve(lambda _: f"HTTP/1.1 {status} X\r\nContent-Length: 7\r\n\r\n".encode())
    response, _ = pool(url).exchange(GET, method="GET")
    assert response.body == b""


def test_a_head_response_has_no_body(serve: Serve, pool: Open) -> None:
    url = serve(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")
    response, _ = pool(url).exchange(GET.replace(b"GET", b"HEAD"), method="HEAD")
    assert response.body == b""


def test_interim_responses_are_skipped(serve: Serve, pool: Open) -> None:
    url = serve(lambda _: b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    response, _ = pool(url).exchange(GET, method="GET")
    assert response.status == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-x\r\nConnection: close\r\n",
        b"HTTP/1.1 2000 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nnever complete",
    ],
)
def test_what_is_not_http_is_no_response(serve: Serve, pool: Open, raw: bytes) -> None:
    with pytest.raises(NoResponseError):
        pool(serve(lambda _: raw)).exchange(GET, method="GET")


def test_a_closed_port_is_unreachable(pool: Open) -> None:
    with pytest.raises(UnreachableError):
        pool("http://127.0.0.1:1").probe()


def test_a_connection_is_reused_and_replaced_when_the_server_closed_it(serve: Serve, pool: Open) -> None:
    """The server hangs up after its second answer without saying so."""
    answers = iter([b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"] * 2)
    url = serve(lambda _: next(answers, b""))
    connections = pool(url)
    assert connections.exchange(GET, method="GET")[0].body == b"a"
    assert connections.exchange(GET, method="GET")[0].body == b"a"
    with pytest.raises(NoResponseError, match="closed without a response"):
        connections.exchange(GET, method="GET")


def test_a_method_that_must_not_be_repeated_gets_a_new_connection(serve: Serve, pool: Open) -> None:
    seen: list[bytes] = []

    def answer(request: bytes) -> bytes:
        seen.append(request)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" if len(seen) == 1 else b""

    connections = pool(serve(answer))
    connections.exchange(GET, method="GET")
    with pytest.raises(NoResponseError):
        connections.exchange(GET.replace(b"GET", b"POST"), method="POST")
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"id": "1", "token": "hush-hush"}'),
        ("application/json", b'{"access_token":"hush-hush","expires":1}'),
        ("application/json", b"x" * (PREVIEW_BYTES - 4) + b"s3cret and more"),
        ("application/octet-stream", b"\0" * (BINARY_PREVIEW_BYTES - 4) + b"s3cret"),
        ("text/plain", b"the key is s3cret"),
    ],
)
def test_no_secret_is_previewed(content_type: str, body: bytes) -> None:
    request = Request("GET", "/", ())
    response = Response(200, "OK", (("Content-Type", content_type),), body, Framing.LENGTH)
    evidence = evidence_of(Exchange(urlsplit("http://x"), request, response), ["s3cret"])
    for secret in ("hush-hush", "s3c"):
        assert secret not in evidence.response_body.preview
