"""An https target is trusted by its CA file, and refused without it."""

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios.conformance.target import Target, Tls
from scenarios.conformance.transport import Transport
from scenarios.conformance.wire import UnreachableError

Serve = Callable[..., str]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate of 127.0.0.1 and its key."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", str(key), "-out", str(certificate),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return certificate, key


def exchange(target: Target) -> bytes:
    transport = Transport(target)
    try:
        pool = transport.pool(target.origin)
        return pool.exchange(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", method="GET")[0].body
    finally:
        transport.close()


def test_a_certificate_is_trusted_by_its_file_alone(serve: Serve, certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    url = serve(lambda _: OK, tls=context)
    assert exchange(Target(base_url=url, tls=Tls(ca_file=str(certificate[0])))) == b"[]"
    assert exchange(Target(base_url=url, tls=Tls(verify=False))) == b"[]"
    with pytest.raises(UnreachableError, match="certificate"):
        exchange(Target(base_url=url))
