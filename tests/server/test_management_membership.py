"""The closure of membership is what a walk over the memberships reaches, whatever changes came before."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from reference_server.accounting.membership import begin, end, groups, join, leave
from reference_server.app import open_database
from reference_server.storage.database import Transaction

PRINCIPALS = range(10, 16)
Change = tuple[str, int, int]
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(("join", "join", "join", "leave", "leave", "end")),
        st.sampled_from(PRINCIPALS),
        st.sampled_from(PRINCIPALS),
    ),
    max_size=25,
)
INSERT = "INSERT INTO principal (id, kind, name) VALUES (?, 'role', ?)"
CLOSURE = "SELECT member_id, group_id FROM closure WHERE member_id > 2"


def reached(edges: set[tuple[int, int]], alive: set[int]) -> set[tuple[int, int]]:
    """Return who is a member of whom, itself included, by walking."""
    pairs = {(each, each) for each in alive}
    while True:
        further = {(member, group) for member, at in pairs for below, group in edges if below == at} - pairs
        if not further:
            return pairs
        pairs |= further


async def carry_out(write: Transaction, changes: Sequence[Change]) -> None:
    edges: set[tuple[int, int]] = set()
    alive = set(PRINCIPALS)
    for each in PRINCIPALS:
        await write.run(INSERT, (each, f"p{each}"))
        await begin(write, each)
    for what, member, group in changes:
        if not {member, group} <= alive:
            continue
        if what == "join":
            await join(write, member, group)
            edges.add((member, group))
        elif what == "leave":
            await leave(write, member, group)
            edges.discard((member, group))
        else:
            await end(write, member)
            alive.discard(member)
            edges = {edge for edge in edges if member not in edge}
        assert set(await write.fetch(CLOSURE)) == reached(edges, alive)
        assert set(await write.fetch("SELECT member_id, group_id FROM membership")) == edges
    for each in sorted(alive):
        assert await groups(write, each, "role") == {group for member, group in edges if member == each}


async def from_scratch(changes: Sequence[Change]) -> None:
    with tempfile.TemporaryDirectory() as data:
        database = open_database(Path(data))
        await database.open()
        try:
            await database.write(lambda write: carry_out(write, changes))
        finally:
            await database.close()


@given(CHANGES)
@settings(max_examples=60, deadline=None)
@example([("join", 10, 11), ("join", 11, 12), ("join", 10, 12), ("leave", 11, 12)])  # a second way remains
@example([("join", 10, 11), ("join", 11, 10), ("leave", 10, 11)])  # a circle is opened
@example([("join", 10, 11), ("join", 11, 12), ("end", 11, 11)])
def test_the_closure_stays_exact(changes: Sequence[Change]) -> None:
    asyncio.run(from_scratch(changes))
