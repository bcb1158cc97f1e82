"""The composition root: it picks the design of accounting, opens the storage and mounts the routes.

Only this module knows the designs. The arms of an experiment differ in the one entry of `POLICIES` that the
settings pick.
"""

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reference_server.accounting.allow_all import AllowAll
from reference_server.accounting.grants import Grants
from reference_server.accounting.materialised import Materialised
from reference_server.accounting.off import Off
from reference_server.accounting.policy import AccessPolicy
from reference_server.accounting.post_filter import PostFilter
from reference_server.audit.file import TrailFile
from reference_server.audit.middleware import Auditing
from reference_server.audit.trail import Trail
from reference_server.authentication import Authentication, Verify
from reference_server.compression import Compression
from reference_server.cross_origin import cross_origin
from reference_server.dicomweb.archive import Archive
from reference_server.dicomweb.attributes import catalogue_of
from reference_server.dicomweb.entering import settle
from reference_server.endpoint import Endpoint, refuse, refuse_unrouted
from reference_server.errors import ArchiveError
from reference_server.path_table import PathTable
from reference_server.privacy import PrivateAnswers
from reference_server.routes import MANAGEMENT, RESOURCES
from reference_server.settings import Accounting, Audit, Durability, Settings
from reference_server.storage.blobs import BlobStore
from reference_server.storage.database import Database
from reference_server.storage.folder import INDEX
from reference_server.storage.ingest import record_content
from reference_server.timing import ServerTiming


def _external(settings: Settings) -> AccessPolicy:
    """Return the design that asks a decision service; only this one needs an HTTP client."""
    from reference_server.accounting.external import External  # noqa: PLC0415  see above

    return External(settings.data, settings.decision_url, settings.decision_ttl)


def _cedar(_: Settings) -> AccessPolicy:
    """Return the design that asks a policy engine; only this one needs its library."""
    from reference_server.accounting.cedar import Cedar  # noqa: PLC0415  see above

    return Cedar()


POLICIES: dict[Accounting, Callable[[Settings], AccessPolicy]] = {
    Accounting.OFF: lambda _: Off(),
    Accounting.ALLOW_ALL: lambda _: AllowAll(),
    Accounting.GRANTS: lambda _: Grants(),
    Accounting.MATERIALISED: lambda _: Materialised(),
    Accounting.POST_FILTER: lambda _: PostFilter(),
    Accounting.EXTERNAL: _external,
    Accounting.CEDAR: _cedar,
}
PACKAGE = Path(__file__).parent
ACCOUNTING = PACKAGE / "accounting"
SCHEMAS = (PACKAGE / "storage" / "schema.sql", ACCOUNTING / "schema.sql")
WORKER_THREADS = 8
MS_PER_SECOND = 1000


def open_database(
    data: Path, policy: AccessPolicy | None = None, durability: Durability = Durability.FULL
) -> Database:
    """Return the index of a data folder, not yet open; with a policy, it is made ready for that design."""
    schemas = (*SCHEMAS, *((ACCOUNTING / policy.preparation,) if policy else ()))
    return Database(data / INDEX, schemas, durability)


def token_verifier(settings: Settings) -> Verify | None:
    """Return what verifies signed tokens, or None where no issuer of them is set."""
    if not settings.oidc_issuer:
        return None
    # Imported where it is used: its libraries take 20 MB, which most archives can keep for instances.
    from reference_server.accounting.oidc import Provider, TokenVerifier  # noqa: PLC0415  see above

    provider = Provider(
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        jwks=settings.oidc_jwks,
        user_claim=settings.oidc_user_claim,
        roles_claim=settings.oidc_roles_claim,
    )
    return TokenVerifier(provider).verify


async def health(request: Request) -> Response:
    """Answer that the process serves, and with which design."""
    archive: Archive = request.app.state.archive
    content = orjson.dumps({"status": "ok", "accounting": archive.settings.accounting})
    return Response(content, media_type="application/json")


def compose(settings: Settings, *, prepared: bool = False) -> Archive:
    """Return the archive of these settings, its storage not yet open; `prepared` has its schema already."""
    policy = POLICIES[settings.accounting](settings)
    database = (
        Database(settings.data / INDEX, (), settings.durability)
        if prepared
        else open_database(settings.data, policy, settings.durability)
    )
    return Archive(
        settings=settings,
        database=database,
        blobs=BlobStore(settings.data, settings.durability),
        policy=policy,
        workers=ThreadPoolExecutor(WORKER_THREADS, thread_name_prefix="worker"),
        catalogue=catalogue_of(settings.search_attributes),
    )


def trail_of(settings: Settings) -> Trail | None:
    """Return the audit trail of these settings, not yet open; without accounting there is none."""
    if settings.accounting is Accounting.OFF or settings.audit is Audit.OFF:
        return None
    interval = settings.audit_interval / MS_PER_SECOND
    return Trail(TrailFile(settings.data), settings.audit_sync, interval, settings.audit_queue)


def middleware_of(settings: Settings, policy: AccessPolicy, trail: Trail | None) -> list[Middleware]:
    """Return what every request passes on its way to a route, the outermost first."""
    middleware = [Middleware(ServerTiming), *cross_origin(settings.cors_origins), Middleware(Compression)]
    if policy.accounts:
        middleware += [Middleware(PrivateAnswers), Middleware(Authentication, token_verifier(settings))]
    if trail is not None:
        middleware.append(Middleware(Auditing, trail))
    return middleware


async def clear_up(archive: Archive) -> None:
    """Make an open data folder ready; what arrives at this time in another process would be lost."""
    left_over = archive.blobs.prepare()
    await archive.database.write(partial(record_content, fingerprint=archive.catalogue.fingerprint))
    await settle(archive, left_over)


async def prepare_storage(settings: Settings) -> None:
    """Do what is done once before several processes serve a data folder."""
    archive = compose(settings)
    await archive.database.open()
    await clear_up(archive)
    await archive.database.close()
    archive.workers.shutdown()


def create_app(settings: Settings, *, prepared: bool = False) -> Starlette:
    """Return the archive as an ASGI application; it opens its storage when it starts.

    One of several processes takes the storage as `prepared`.
    """
    archive = compose(settings, prepared=prepared)
    trail = trail_of(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if trail is not None:
            await trail.open()
        await archive.database.open()
        if not prepared:
            await clear_up(archive)
        app.state.archive, app.state.trail = archive, trail
        async with archive.policy.serving():
            yield
        if trail is not None:
            await trail.close()
        await archive.database.close()
        archive.workers.shutdown()

    roots = (settings.base_path, f"/repositories/{{repository}}{settings.base_path}")
    paths = {root + each.path or "/": each for root in roots for each in RESOURCES}
    if archive.policy.accounts:
        paths |= {each.path: each for each in MANAGEMENT}
    app = Starlette(
        routes=[
            PathTable({path: Endpoint(each.actions) for path, each in paths.items()}),
            Route("/health", health),
        ],
        middleware=middleware_of(settings, archive.policy, trail),
        exception_handlers={ArchiveError: refuse, HTTPException: refuse_unrouted},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.resources = RESOURCES
    return app
