"""The decision service that an archive starts for itself: a child process that ends with its parent."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from reference_server.errors import Unavailable

START_SECONDS = 30.0
END_SECONDS = 10.0


@asynccontextmanager
async def decision_process(data: Path) -> AsyncIterator[str]:
    """Run a decision service on a data folder and give its URL; raises Unavailable if it does not start.

    Its standard input is a pipe from this process, which breaks however this process ends.
    """
    command = (sys.executable, "-m", "reference_server.decisions", "--data", str(data), "--until-input-ends")
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            line = await process.stdout.readline()
        if not line.startswith(b"deciding at "):
            raise Unavailable("the decision service has not started; its log says why")
        yield line.decode().split()[-1]
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
