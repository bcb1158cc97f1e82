"""Short statements are answered at once, long ones are given up in time, and neither spoils the next one."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server.storage.short_reads import SKIPS, ShortReads

COUNT = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT count(*) FROM n"
LONG, SHORT = 3_000_000, 3


@pytest.fixture
def reads(tmp_path: Path) -> Iterator[ShortReads]:
    """Short reads of an empty database."""
    with sqlite3.connect(tmp_path / "index") as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    opened = ShortReads(tmp_path / "index", ())
    yield opened
    opened.close()


def test_a_long_statement_is_given_up_and_not_tried_for_a_while(reads: ShortReads) -> None:
    assert reads.rows(COUNT, (SHORT,)) == [(SHORT,)]
    assert reads.rows(COUNT, (LONG,)) is None
    assert [reads.rows(COUNT, (SHORT,)) for _ in range(SKIPS)] == [None] * SKIPS
    assert reads.rows(COUNT, (SHORT,)) == [(SHORT,)]
    assert reads.rows("SELECT 1", ()) == [(1,)]


def test_a_statement_that_was_given_up_is_prepared_once_more_and_no_more(reads: ShortReads) -> None:
    prepared: list[int] = []

    def note(action: int, *_: object) -> int:
        prepared.append(action)
        return sqlite3.SQLITE_OK

    reads.rows(COUNT, (LONG,))
    reads.connection.set_authorizer(note)
    for _ in range(SKIPS + 1):
        reads.rows(COUNT, (SHORT,))
    once = len(prepared)
    for _ in range(5):
        assert reads.rows(COUNT, (SHORT,)) == [(SHORT,)]
    assert 0 < len(prepared) == once


def test_what_is_wrong_is_an_error_and_nothing_can_be_written(reads: ShortReads) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        reads.rows("SELECT * FROM nowhere", ())
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reads.rows("CREATE TABLE somewhere (id)", ())
