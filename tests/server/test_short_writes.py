"""Short transactions are committed at once or leave nothing, and neither spoils the next one."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server.storage.short_writes import CHECKPOINT_EVERY, SKIPS, ShortWrites

ADD = "INSERT INTO seen (number) VALUES (?)"
LONG = """INSERT INTO seen (number)
    WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)
    SELECT i FROM n"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with one table of numbers."""
    index = tmp_path / "index"
    with sqlite3.connect(index) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE seen (number INTEGER UNIQUE)")
    connection.close()
    return index


@pytest.fixture
def writes(path: Path) -> Iterator[ShortWrites]:
    """Short writes of that database."""
    opened = ShortWrites(path, ("synchronous=NORMAL",))
    yield opened
    opened.close()


def numbers(path: Path) -> set[int]:
    """Return what another connection sees."""
    with sqlite3.connect(path) as connection:
        found = {number for (number,) in connection.execute("SELECT number FROM seen")}
    connection.close()
    return found


def add(writes: ShortWrites, number: int, then: str = "") -> bool:
    """Tell whether a number was added at once, with another statement behind it."""

    def work(connection: sqlite3.Connection) -> int:
        connection.execute(ADD, (number,))
        if then:
            connection.execute(then)
        return number

    return writes.attempt(work) == (number,)


def test_what_is_done_is_seen_by_others(writes: ShortWrites, path: Path) -> None:
    assert add(writes, 1)
    assert add(writes, 2)
    assert numbers(path) == {1, 2}


def test_long_work_is_given_up_without_a_trace_and_not_tried_for_a_while(
    writes: ShortWrites, path: Path
) -> None:
    assert not add(writes, 1, LONG)
    assert numbers(path) == set()
    assert not any(add(writes, number) for number in range(SKIPS))
    assert add(writes, 1)
    assert numbers(path) == {1}


def test_nobody_is_waited_for(writes: ShortWrites, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert not add(writes, 1)
    other.execute("ROLLBACK")
    other.close()
    assert add(writes, 1)


def test_failed_work_leaves_nothing(writes: ShortWrites, path: Path) -> None:
    assert not add(writes, 1, "INSERT INTO seen (number) VALUES (1)")
    assert not add(writes, 1, "INSERT INTO nowhere DEFAULT VALUES")

    def refuse(connection: sqlite3.Connection) -> None:
        connection.execute(ADD, (1,))
        raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        writes.attempt(refuse)
    assert numbers(path) == set()
    assert add(writes, 2)
    assert numbers(path) == {2}


def test_a_commit_that_fails_is_raised_and_undone(writes: ShortWrites, path: Path) -> None:
    def owing(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA defer_foreign_keys=1")
        connection.execute(
            "CREATE TABLE owes (number REFERENCES seen (number) DEFERRABLE INITIALLY DEFERRED)"
        )
        connection.execute("INSERT INTO owes VALUES (99)")

    writes.attempt(lambda connection: connection.execute(ADD, (5,)))
    strict = ShortWrites(path, ("foreign_keys=1",))
    with pytest.raises(sqlite3.IntegrityError):
        strict.attempt(owing)
    assert add(strict, 6)
    strict.close()
    assert numbers(path) == {5, 6}


def test_now_and_then_one_is_left_to_who_empties_the_log(writes: ShortWrites) -> None:
    outcomes = [add(writes, number) for number in range(2 * CHECKPOINT_EVERY)]
    assert [at for at, done in enumerate(outcomes, 1) if not done] == [CHECKPOINT_EVERY, 2 * CHECKPOINT_EVERY]
