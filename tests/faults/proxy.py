"""A reverse proxy on loopback that puts one fault between the harness and a real archive.

It forwards the Host header, so that an archive that builds absolute URLs points back at the proxy, and it
can send what no server library would: a body shorter than announced, two framings, nothing at all.
"""

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from scenarios.conformance.message import Framing, Request, Response
from scenarios.conformance.wire import Limits, NoResponseError, Pool, UnreachableError
from tests.faults.fault import NO_FAULT, Fault

MISSING_BYTES = 1000  # how much longer a truncated body is announced than it is
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})


class Proxy(socketserver.ThreadingTCPServer):
    """Forwards to an upstream archive through the current fault, which may be exchanged between runs."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, upstream: str) -> None:
        """Listen on a free port of loopback."""
        self.upstream = Pool(urlsplit(upstream)._replace(path=""), None, Limits())
        self.fault: Fault = NO_FAULT
        self.broken: Exception | None = None  # what a fault raised instead of doing harm
        super().__init__(("127.0.0.1", 0), ProxyConnection)
        self.origin = f"http://127.0.0.1:{self.server_address[1]}"
        self.base_url = f"{self.origin}{urlsplit(upstream).path}"

    def answer(self, request: Request) -> Response | None:
        """Return the faulty response; None hangs up, and so does a fault that is itself at fault."""
        try:
            return self._answer(request)
        except Exception as error:  # noqa: BLE001 - the bench raises it, whatever it is
            self.broken = error
            return None

    def _answer(self, request: Request) -> Response | None:
        faulty = self.fault.on_request(request)
        if not isinstance(faulty, Request):
            return faulty
        try:
            response, _ = self.upstream.exchange(faulty.head + faulty.body, method=faulty.method)
        except (NoResponseError, UnreachableError):
            return None
        kept = tuple((name, value) for name, value in response.headers if name.lower() not in HOP_BY_HOP)
        return self.fault.on_response(request, replace(response, headers=kept))


@contextlib.contextmanager
def proxied(upstream: str) -> Iterator[Proxy]:
    """Run a proxy before the upstream archive until the block ends."""
    with Proxy(upstream) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            proxy.upstream.close()
            thread.join()


class ProxyConnection(socketserver.StreamRequestHandler):
    """One connection of the harness."""

    server: Proxy
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer requests until either side has enough."""
        with contextlib.suppress(ConnectionError):
            while request := self.read_request():
                response = self.server.answer(request)
                if response is None:
                    return
                self.wfile.write(written(request, response))
                if response.truncated or response.framing is Framing.CLOSE:
                    return

    def read_request(self) -> Request | None:
        """Return the next request with its body decoded, or None at the end."""
        line = self.rfile.readline().decode("latin-1").rstrip("\r\n")
        if not line:
            return None
        method, _, rest = line.partition(" ")
        headers = []
        while (text := self.rfile.readline().decode("latin-1").rstrip("\r\n")) != "":
            name, _, value = text.partition(":")
            headers.append((name, value.strip()))
        request = Request(method, rest.rpartition(" ")[0], tuple(headers))
        if (request.header("Transfer-Encoding") or "").lower() == "chunked":
            body = self.read_chunks()
        else:
            body = self.rfile.read(int(request.header("Content-Length") or 0))
        kept = tuple((name, value) for name, value in headers if name.lower() not in HOP_BY_HOP)
        length = (
            (("Content-Length", str(len(body))),) if body and request.header("Content-Length") is None else ()
        )
        return replace(request, headers=(*kept, *length), body=body)

    def read_chunks(self) -> bytes:
        """Return the body of a chunked request."""
        chunks = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline() not in {b"\r\n", b""}:
            pass
        return b"".join(chunks)


def written(request: Request, response: Response) -> bytes:
    """Return the response as bytes, framed as it says."""
    headers = list(response.headers)
    body = response.body
    names = {name.lower() for name, _ in headers}
    match response.framing:
        case Framing.CHUNKED:
            headers.append(("Transfer-Encoding", "chunked"))
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            body += b"0\r\n\r\n"
        case Framing.LENGTH if "content-length" not in names:
            headers.append(("Content-Length", str(len(body) + response.truncated * MISSING_BYTES)))
        case Framing.CLOSE:
            headers.append(("Connection", "close"))
    head = f"HTTP/1.1 {response.status} {response.reason}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers)
    return (head + "\r\n").encode("latin-1") + (b"" if request.method == "HEAD" else body)
