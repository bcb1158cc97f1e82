"""The designs that decide about candidates, with a decision service in the test's loop if one needs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn

from reference_server.accounting.cedar import Cedar
from reference_server.accounting.external import External
from reference_server.accounting.policy import AccessPolicy
from reference_server.accounting.post_filter import PostFilter
from reference_server.decisions.service import create_service

TREATMENTS = ("post-filter", "external", "cedar")


@asynccontextmanager
async def decision_service(data: Path) -> AsyncIterator[str]:
    """Serve decisions on an archive that exists, and give the URL."""
    config = uvicorn.Config(create_service(data), port=0, log_level="warning", lifespan="on", ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done()
        await asyncio.sleep(0.001)
    host, port = server.servers[0].sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def treatment(name: str, data: Path, ttl: float = 0) -> AsyncIterator[AccessPolicy]:
    """Give a design that is ready to decide about an archive that exists."""
    if name != "external":
        yield PostFilter() if name == "post-filter" else Cedar()
        return
    async with decision_service(data) as url:
        policy = External(data, url, ttl)
        async with policy.serving():
            yield policy
