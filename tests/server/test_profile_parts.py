"""A stack belongs to the part of its innermost frame of ours, and a thread that waits to none."""

import pytest

from tests.profiles.parts import PARTS, part_of

OUTER = ["<module> (reference_server/__main__.py:1)", "run_asgi (uvicorn/protocols/http/httptools_impl.py:4)"]


@pytest.mark.parametrize(
    ("frames", "part"),
    [
        (["find (reference_server/path_table.py:7)"], "http"),
        (["access (reference_server/dicomweb/archive.py:4)"], "parse"),
        (["access (reference_server/accounting/grants.py:4)", "format (string.py:1)"], "decide"),
        (
            [
                "locate (reference_server/storage/index.py:4)",
                "rows (reference_server/storage/short_reads.py:4)",
            ],
            "index",
        ),
        (["send_content (reference_server/dicomweb/sending.py:3)"], "blob"),
        (["still (reference_server/dicomweb/encoding.py:3)", "save (PIL/Image.py:1)"], "encode"),
        (["append (reference_server/audit/file.py:3)"], "audit"),
        (["_connection_worker_thread (aiosqlite/core.py:59)"], None),
    ],
)
def test_a_stack_belongs_to_a_part(frames: list[str], part: str | None) -> None:
    assert part_of([*OUTER, *frames]) == part
    assert part is None or part in PARTS
