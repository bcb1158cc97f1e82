"""A web server on loopback for the pages of a viewer; the archive is another origin, as in a hospital."""

import contextlib
import mimetypes
import threading
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

Content = Path | bytes


@contextlib.contextmanager
def served(paths: Mapping[str, Content], fallback: str = "") -> Iterator[str]:
    """Serve files, whole folders and bytes by their paths; the origin is given.

    A path that is not there is answered with `fallback`, as single-page applications need it, or with 404.
    """

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            body = found(paths, path)
            if body is None and fallback:
                path = fallback
                body = found(paths, path)
            self.send_response(HTTPStatus.NOT_FOUND if body is None else HTTPStatus.OK)
            self.send_header("Content-Type", mimetypes.guess_type(path)[0] or "text/html")
            self.send_header("Content-Length", str(len(body or b"")))
            # What shared memory needs, with which OHIF loads volumes.
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def found(paths: Mapping[str, Content], path: str) -> bytes | None:
    """Return what a path serves, or None."""
    for prefix, content in paths.items():
        if isinstance(content, bytes):
            if path == prefix:
                return content
        elif path.startswith(prefix):
            file = content / path.removeprefix(prefix).lstrip("/") if content.is_dir() else content
            if file.is_file():
                return file.read_bytes()
    return None
