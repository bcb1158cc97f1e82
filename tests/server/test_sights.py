"""What is remembered of a caller never shows: whatever changes between two reads, the answer is the same.

The judge is the same design without memory, which other tests hold against a brute-force evaluator.
"""

import asyncio
import math
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.accounting.grants import Grants
from reference_server.accounting.materialised import Materialised
from reference_server.accounting.membership import join, leave
from reference_server.accounting.policy import Access, AccessPolicy, Credentials
from reference_server.accounting.tokens import token_hash
from reference_server.app import open_database
from reference_server.storage.database import Database, Transaction
from reference_server.storage.index import locate, search
from reference_server.storage.ingest import store
from reference_server.storage.page import Page
from reference_server.storage.predicate import TRUE, Predicate
from reference_server.storage.records import Level
from reference_server.storage.sight import Seen, Sight
from reference_server.storage.sights import Sights, Survey
from tests.server.hospital import open_hospital
from tests.server.running import AS_STORED, RunningArchive, bearer
from tests.server.worlds import INSERT_GRANT, NOW, REPOSITORIES, Instance, World, build, record, worlds

LEVELS = st.lists(st.sampled_from(tuple(Seen)), min_size=1, max_size=600)
KEY_OF = "SELECT id FROM principal WHERE kind = ? AND name = ?"
PAGES = (Page(100, 0, 101), Page(2, 0, 1), Page(1, 2, 1), Page(2, 1, 0))
UIDS = ("1.0", "1.1", "9.1")
SUBJECTS = ("user ann", "role readers", "facility north", "authenticated authenticated")


def sight_of(levels: list[Seen]) -> Sight:
    return Sight.of(bytes(levels), epoch=0, made_at=0.0, until=math.inf)


@given(levels=LEVELS, offset=st.integers(0, 700), known_below=st.integers(0, 700))
def test_a_sight_lists_what_is_seen_and_known(levels: list[Seen], offset: int, known_below: int) -> None:
    seen = [key for key, level in enumerate(levels) if level]
    sight = sight_of(levels)
    assert list(sight.keys(offset)) == seen[offset:]
    assert sight.count == len(seen)
    known = [key for key in seen if key < known_below]
    left = sight.after(1, known_below)
    assert list(left.keys(offset)) == known[offset:]
    assert left.count == len(known)


@dataclass(frozen=True, slots=True)
class Step:
    """A change, or the passing of time; the number picks what it concerns."""

    kind: str
    number: int
    depth: int = 0


STEPS = st.builds(
    Step,
    st.sampled_from(("grant", "grant", "revoke", "forget", "join", "leave", "move", "store", "wait")),
    st.integers(0, 1000),
    st.integers(0, 3),
)
ONE_OF = (
    "id = (SELECT id FROM access_grant ORDER BY id LIMIT 1 OFFSET ? % (SELECT count(*) FROM access_grant))"
)
ON_GRANTS = {
    "revoke": f"UPDATE access_grant SET revoked_at = {NOW} WHERE {ONE_OF}",
    "forget": f"DELETE FROM access_grant WHERE {ONE_OF}",
}
MOVES = tuple(
    f"UPDATE {table} SET repository_id = ? WHERE {key} = ?"
    for table, key in (
        ("study", "id"),
        ("series", "study_id"),
        ("instance", "study_id"),
        ("access_grant", "study_id"),
    )
)


async def change(write: Transaction, world: World, step: Step) -> None:
    """Carry out a step."""
    if step.kind in ON_GRANTS:
        await write.run(ON_GRANTS[step.kind], (step.number,))
    elif step.kind == "grant":
        on = world.instances[step.number % len(world.instances)]
        times = ((None, None), (NOW + 1, None), (None, NOW + 2))[step.number % 3]
        operations, subject = (3, 1, 2, 3)[step.number % 4], SUBJECTS[step.number % len(SUBJECTS)]
        await write.run(
            INSERT_GRANT, (operations, *(step.depth,) * 3, *times, subject, on.repository, on.uid)
        )
    elif step.kind in ("join", "leave"):
        user, role = [await write.fetch(KEY_OF, key) for key in (("user", "ann"), ("role", "readers"))]
        await (join if step.kind == "join" else leave)(write, user[0][0], role[0][0])
    elif step.kind == "move":
        await move(write, step.number)
    elif step.kind == "store":
        uid = f"9.{step.number % 4}"
        instance = Instance(REPOSITORIES[step.depth % 2], uid, f"{uid}.1", f"{uid}.1.{step.number}", "CT")
        await store(write, (await repositories(write))[instance.repository], [record(instance)])


async def repositories(write: Transaction) -> dict[str, int]:
    return dict(await write.fetch("SELECT name, id FROM repository"))


async def move(write: Transaction, number: int) -> None:
    """Move a study to the other repository, unless that holds it too."""
    north, south = map((await repositories(write)).__getitem__, REPOSITORIES)
    studies = await write.fetch(
        "SELECT id, repository_id FROM study GROUP BY study_uid HAVING count(*) = 1 ORDER BY id"
    )
    if studies:
        key, repository = studies[number % len(studies)]
        for statement in MOVES:
            await write.run(statement, (south if repository == north else north, key))


async def answers(database: Database, access: Access) -> list[object]:
    """Return what searches and a retrieval of everything find."""
    others = Predicate("study.study_uid <> ?", ("1.0",))
    return [
        *[await search(database, Level.STUDY, TRUE, access, page) for page in PAGES],
        *[await search(database, level, TRUE, access, PAGES[0]) for level in (Level.SERIES, Level.INSTANCE)],
        await search(database, Level.STUDY, others, access, PAGES[1]),
        *[await locate(database, Predicate("study.study_uid = ?", (uid,)), access) for uid in UIDS],
    ]


async def expect_no_difference(policy: AccessPolicy, world: World, steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database, tokens = await build(Path(folder), world, policy)
        other = open_database(Path(folder), policy)  # as another process has it
        await other.open()
        for each in (database, other):
            each.sights = Sights(reads_before_survey=1, patience=0)
        try:
            await compare(policy, world, (database, other), tokens, steps)
        finally:
            for each in (database, other):
                await each.close()


async def compare(
    policy: AccessPolicy,
    world: World,
    databases: tuple[Database, Database],
    tokens: dict[str, str],
    steps: list[Step],
) -> None:
    """Hold answers from memory against answers without it, after each step."""
    now = NOW
    for step in (Step("wait", 0, 1), *steps):
        now += step.kind == "wait"
        writer = databases[step.number % 2]
        await writer.write(partial(change, world=world, step=step))
        for user in ("ann", "bob"):
            access = policy.access(Credentials(token_hash(tokens[user])), now)
            expected = await answers(databases[0], replace(access, survey=None))
            for database in databases:
                assert await answers(database, access) == expected
        if step.depth:  # else the next step meets what is remembered of the time before this one
            for database in databases:
                await database.surveys_end()
    assert databases[0].sights.size_bytes > 0


@pytest.mark.parametrize("policy", [Grants(), Materialised()], ids=lambda policy: type(policy).__name__)
@settings(max_examples=20, deadline=None)
@given(world=worlds().filter(lambda world: bool(world.instances)), steps=st.lists(STEPS, max_size=6))
def test_what_is_remembered_never_shows(policy: AccessPolicy, world: World, steps: list[Step]) -> None:
    asyncio.run(expect_no_difference(policy, world, steps))


def test_sights_keep_to_their_memory() -> None:
    sights = Sights(limit_bytes=100_000, reads_before_survey=1)
    for number in range(200):
        survey = Survey(number, NOW, TRUE, {})
        assert sights.read(survey, 0.0)
        sights.surveyed(survey, (1, 0, 9_000, None, b"[]", b"[1,5]", b"[5]"), 0.0, 0.1)
        kept = sights.of(survey)
        assert kept is not None
        assert list(kept.keys(0)) == [1, 5]
        assert not sights.read(survey, 100.0)  # nothing has changed
    assert 90_000 < sights.size_bytes <= 100_000
    assert sights.of(Survey(0, NOW, TRUE, {})) is None


def test_a_worn_sight_is_made_anew_after_a_while() -> None:
    sights = Sights(reads_before_survey=1, patience=20)
    survey = Survey("ann", NOW, TRUE, {})
    assert sights.read(survey, 0.0)
    assert not sights.read(survey, 0.0)  # it is under way
    sights.surveyed(survey, (1, 0, 9, None, b"[]", b"[1,5]", b"[5]"), 1.0, 0.5)
    used = sights.of(survey)
    assert used is not None
    assert sights.changed(survey, used, epoch=3, known_below=4, top=9).count == 1
    assert not sights.read(survey, 10.9)
    assert sights.read(survey, 11.0)
    sights.surveyed(survey, None, 11.0, 0.5)  # it has failed
    assert sights.of(survey) is None


def test_one_process_revokes_and_another_one_knows(tmp_path: Path, ct: bytes) -> None:
    """A second archive on the same folder has learned what a caller sees; the first takes it away."""
    first = RunningArchive(tmp_path / "data", "grants").start()
    second = RunningArchive(tmp_path / "data", "grants").start()
    try:
        hospital = open_hospital(first, ct)
        for _ in range(5):
            shared = first.manage("/shares", hospital.share("user", "stranger", ["R"]), hospital.owner)
            for _ in range(20):
                assert len(second.get("/studies", token=hospital.stranger).json()) == 1
                assert second.get(hospital.instance, AS_STORED, hospital.stranger).status_code == 200
            url = f"{first.origin}/accounting/shares/{shared.json()['id']}"
            first.client.delete(url, headers=bearer(hospital.owner)).raise_for_status()
            assert second.get("/studies", token=hospital.stranger).json() == []
            assert second.get(hospital.instance, AS_STORED, hospital.stranger).status_code == 404
    finally:
        for archive in (first, second):
            archive.end()
            archive.client.close()
