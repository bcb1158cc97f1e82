"""Bodies as streams, and readers run to their end."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

from reference_server.dicomweb.multipart import LIMITS, MultipartLimits, MultipartReader


async def stream(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the chunks, as a server hands a body on."""
    for chunk in chunks:
        yield chunk


def cut(body: bytes, places: Iterable[int]) -> list[bytes]:
    """Return the body in chunks that end at these places, and at its end."""
    ends = sorted({min(place, len(body)) for place in places} | {len(body)})
    return [body[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]


def read_parts(
    chunks: Sequence[bytes], boundary: bytes, limits: MultipartLimits = LIMITS
) -> list[tuple[dict[str, str], bytes]]:
    """Return the headers and the body of each part."""

    async def run() -> list[tuple[dict[str, str], bytes]]:
        reader = MultipartReader(stream(chunks), boundary, limits)
        return [
            (part.headers, b"".join([chunk async for chunk in part.chunks()]))
            async for part in reader.parts()
        ]

    return asyncio.run(run())
