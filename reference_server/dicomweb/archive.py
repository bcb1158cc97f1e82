"""The archive as a handler sees it: where rows and bytes live, who decides, and how an answer is dressed."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import Response

from reference_server.accounting.policy import Access, AccessPolicy, Credentials
from reference_server.authentication import CREDENTIALS
from reference_server.dicomweb.accept import parse_accept, query_accept
from reference_server.dicomweb.attributes import STANDARD, Catalogue
from reference_server.dicomweb.media import MediaType
from reference_server.errors import ArchiveError
from reference_server.settings import Settings
from reference_server.storage.blobs import BlobStore
from reference_server.storage.database import Database
from reference_server.timing import measured

_NOT_IN_HEADER = re.compile(r"[^ !#-\[\]-~]")


@dataclass(frozen=True, slots=True)
class Archive:
    """The parts of one archive process."""

    settings: Settings
    database: Database
    blobs: BlobStore
    policy: AccessPolicy
    workers: ThreadPoolExecutor
    catalogue: Catalogue = STANDARD
    clock: Callable[[], float] = time.time

    def access(self, request: Request) -> Access:
        """Return what the caller of the request may see; a malformed or missing token raises Unauthorized."""
        credentials = self.credentials(request)
        with measured("authz"):
            access = self.policy.access(credentials, self.clock())
            repository = repository_of(request)
            return access if repository is None else access.within(repository)

    def credentials(self, request: Request) -> Credentials:
        """Return the credentials of the request; with accounting off nobody looks at them."""
        if not self.policy.accounts:
            return Credentials()
        found: Credentials | ArchiveError = request.scope["state"][CREDENTIALS]
        if isinstance(found, ArchiveError):
            raise found
        return found

    def base_url(self, request: Request, other_repository: str | None = None) -> str:
        """Return the absolute URL below which DICOMweb is served, as the caller reached it.

        What the common root does not give has its URL at the root of its own repository.

        A Host that names the address at which this process listens, but no port, means this process:
        dicomweb-client leaves the port out.
        """
        base = self.settings.public_url or self._reached(request)
        repository = repository_of(request) or other_repository
        if repository is None:
            return base
        root = base.removesuffix(self.settings.base_path)
        return f"{root}/repositories/{quote(repository, safe='')}{self.settings.base_path}"

    def _reached(self, request: Request) -> str:
        scope = request.scope
        origin = _origin(scope["scheme"], request.headers.get("host"), tuple(scope["server"]))
        return f"{origin}{self.settings.base_path}"


@lru_cache(maxsize=128)
def _origin(scheme: str, host_header: str | None, server: tuple[str, int]) -> str:
    headers = [] if host_header is None else [(b"host", host_header.encode("latin-1"))]
    url = URL(scope={"scheme": scheme, "server": server, "path": "/", "headers": headers})
    host, port = server
    netloc = f"{host}:{port}" if url.netloc == host else url.netloc
    return f"{url.scheme}://{netloc}"


def repository_of(request: Request) -> str | None:
    """Return the name of the repository at whose root the request came in, or None at the common root."""
    name: str | None = request.path_params.get("repository")
    return name


def archive_of(request: Request) -> Archive:
    """Return the archive that serves the request."""
    archive: Archive = request.app.state.archive
    return archive


def acceptable(request: Request) -> tuple[MediaType, ...]:
    """Return what the caller of the request accepts, best first."""
    header = ", ".join(request.headers.getlist("accept")) or None
    return parse_accept(header, query_accept(request.query_params.getlist("accept")))


def json_response(
    content: bytes, media_type: str, warnings: tuple[str, ...] = (), status: int = 200
) -> Response:
    """Return a JSON answer, with a Warning header for each sentence (RFC 7234 5.5, PS3.18 8.3.4)."""
    return with_warnings(Response(content, status, {"content-type": media_type}), warnings)


def with_warnings(response: Response, warnings: tuple[str, ...]) -> Response:
    """Return the response with its warnings; what a header cannot hold becomes a question mark."""
    for sentence in warnings:
        text = _NOT_IN_HEADER.sub("?", sentence)
        response.headers.append("warning", f'299 dicomweb-phantom "{text}"')
    return response
