"""Which part of the archive a stack of Python functions is in: that of its innermost frame of ours."""

import re
from collections.abc import Sequence

_ENCODING = (
    "encoding|rendering|grayscale|decoding|dicom_|multipart|parts|press|result|transcoding|transfer|"
    "annotation|frames|receipt"
)
# A part, and the files whose functions belong to it; the first pattern that fits counts.
_FILES: tuple[tuple[str, str], ...] = (
    ("audit", r"reference_server/(audit/|decision)"),
    ("decide", r"reference_server/(accounting/|authentication)"),
    (
        "index",
        r"reference_server/storage/(short_reads|database|index|ingest|predicate|records|moments|names)",
    ),
    ("blob", r"reference_server/(storage/|outlet|dicomweb/sending)"),
    ("encode", f"reference_server/(compression|dicomweb/({_ENCODING}))"),
    ("parse", r"reference_server/dicomweb/"),
    ("http", r"reference_server/|uvicorn/|starlette/"),
)
_PATTERNS = tuple((part, re.compile(pattern)) for part, pattern in _FILES)
PARTS = tuple(part for part, _ in _FILES)
# Threads and the loop wait here; py-spy takes some of that for work.
_WAITING = re.compile(r"(_connection_worker_thread|_worker) \(|Runner\.run \(|run \(asyncio/runners")


def part_of(stack: Sequence[str]) -> str | None:
    """Return the part of a stack, outermost frame first, or None where nothing of ours is at work."""
    if _WAITING.match(stack[-1]):
        return None
    for frame in reversed(stack):
        for part, pattern in _PATTERNS:
            if pattern.search(frame):
                return part
    return None
