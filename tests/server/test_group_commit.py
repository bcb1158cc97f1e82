"""Writes that wait together commit together, and one that fails undoes itself alone."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from reference_server.app import open_database
from reference_server.errors import Conflict, Unavailable
from reference_server.storage.database import Transaction

INSERT = "INSERT INTO repository (name) VALUES (?)"
NAMES = "SELECT name FROM repository WHERE name <> 'default' ORDER BY name"


async def write_all(data: Path) -> tuple[list[object], list[str], int]:
    """Write ten rows at once, every fifth in vain; return outcomes, rows and the number of commits."""
    database = open_database(data)
    await database.open()
    commits: set[int] = set()

    async def work(write: Transaction, name: str) -> int:
        await write.run(INSERT, (name,))
        commits.add(id(write))
        if name in ("n0", "n5"):
            raise Conflict(name)
        return int((await write.fetch("SELECT count(*) FROM repository"))[0][0])

    names = [f"n{at}" for at in range(10)]
    outcomes = await asyncio.gather(
        *(database.write(partial(work, name=name)) for name in names), return_exceptions=True
    )
    rows = [row[0] for row in await database.read(NAMES, ())]
    await database.close()
    return list(outcomes), rows, len(commits)


def test_a_group_commits_what_succeeds(tmp_path: Path) -> None:
    outcomes, rows, commits = asyncio.run(write_all(tmp_path))
    assert [isinstance(each, Conflict) for each in outcomes] == [at in (0, 5) for at in range(10)]
    assert rows == [f"n{at}" for at in range(10) if at not in (0, 5)]
    assert commits <= 2


async def break_commit(data: Path) -> None:
    database = open_database(data)
    await database.open()

    async def work(write: Transaction) -> None:
        await write.run("PRAGMA defer_foreign_keys=1")
        await write.run("ROLLBACK")  # the commit that follows has nothing to commit and fails

    with pytest.raises(Unavailable):
        await database.write(work)

    async def later(write: Transaction) -> int:
        return await write.run(INSERT, ("later",))

    assert await database.write(later) > 0
    await database.close()


def test_a_failed_commit_fails_its_writes_and_no_later_one(tmp_path: Path) -> None:
    asyncio.run(break_commit(tmp_path))
