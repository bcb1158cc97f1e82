"""A line to one archive: a kept connection on which one client asks and waits, timed as campaigns are."""

from collections.abc import Mapping

from geventhttpclient.client import HTTPClient

from scenarios.load.exchange import BLOCK_BYTES, Exchange

TIMEOUT_S = 30.0


class Line:
    """One connection, opened with the first request and again after a failure."""

    def __init__(self, host: str, port: int) -> None:
        self._host = f"{host}:{port}"
        self._client = HTTPClient(
            host,
            port,
            block_size=BLOCK_BYTES,
            concurrency=1,
            network_timeout=TIMEOUT_S,
            connection_timeout=TIMEOUT_S,
        )

    def wire(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
        """Return a request as HTTP/1.1 bytes, to be made before any clock is read; a body is JSON."""
        lines = {
            "Host": self._host,
            "Accept-Encoding": "identity",
            "Connection": "keep-alive",
            "User-Agent": "dicomweb-phantom",
            **headers,
        }
        if body:
            lines |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body

    def send(self, wire: bytes, method: str) -> Exchange:
        """Send the bytes and return what happened; the answer's body is kept."""
        exchange = Exchange()
        exchange.perform(self._client, wire, method, keep=True, spin_ns=0)
        return exchange

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
