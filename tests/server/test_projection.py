"""What a user sees is the archive without what the user may not see: held against a brute-force evaluator."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.accounting import deciding
from reference_server.accounting.grants import Grants
from reference_server.accounting.materialised import Materialised
from reference_server.accounting.policy import Access, AccessPolicy, Credentials
from reference_server.accounting.post_filter import PostFilter
from reference_server.accounting.tokens import token_hash
from reference_server.app import open_database
from reference_server.dicomweb.matching import search_predicate
from reference_server.dicomweb.query_string import parse_search
from reference_server.storage.database import Database
from reference_server.storage.index import locate, search
from reference_server.storage.page import Page
from reference_server.storage.predicate import Predicate
from reference_server.storage.records import Found, Level
from tests.server.treatments import TREATMENTS, treatment
from tests.server.worlds import HOME, NOW, REPOSITORIES, Instance, World, build, worlds

DECIDING = (Grants(), Grants(streams=1), Materialised())
DISCOVER, RETRIEVE = 1, 2
EVERYTHING = Page(limit=1000, offset=0)
KEYS: dict[Level, Callable[[Instance], tuple[str, ...]]] = {
    Level.STUDY: lambda i: (i.repository, i.study),
    Level.SERIES: lambda i: (i.repository, i.study, i.series),
    Level.INSTANCE: lambda i: (i.repository, i.study, i.series, i.uid),
}


def key_of(found: Found, names: dict[int, str]) -> tuple[str, ...]:
    """Return a result as the key of its level."""
    uids = (found.study_uid, found.series_uid, found.sop_instance_uid)
    return (names[found.repository_id], *(uid for uid in uids if uid is not None))


async def names_of(database: Database) -> dict[int, str]:
    return dict(await database.read("SELECT id, name FROM repository", ()))


async def expect_projection(database: Database, access: Access, world: World, user: str) -> None:
    """Compare every search, count and page of a user with the evaluator's."""
    names = await names_of(database)
    visible = world.allowed(user, DISCOVER)
    for level, key in KEYS.items():
        wanted = list(dict.fromkeys(map(key, visible)))  # in order of arrival, each once
        where = search_predicate(parse_search(level, []), access)
        found = await search(database, level, where, access, EVERYTHING)
        assert [key_of(each, names) for each in found.found] == wanted
        for page in (Page(2, 0), Page(2, 2), Page(1, 3)):
            part = await search(database, level, where, access, page)
            end = page.offset + page.limit
            assert [key_of(each, names) for each in part.found] == wanted[page.offset : end]
        if level is not Level.INSTANCE:
            for each in found.found:
                below = [i for i in visible if key(i) == key_of(each, names)]
                assert each.instance_count == len(below)
            if level is Level.STUDY:
                expect_study_counts(found.found, visible, names)


def expect_study_counts(found: list[Found], visible: list[Instance], names: dict[int, str]) -> None:
    for each in found:
        below = [i for i in visible if KEYS[Level.STUDY](i) == key_of(each, names)]
        assert each.series_count == len({i.series for i in below})
        assert each.modalities is not None
        assert sorted(orjson.loads(each.modalities)) == sorted({i.modality for i in below})


async def expect_modality_filter(database: Database, access: Access, world: World, user: str) -> None:
    """A search by modality matches over visible series alone."""
    names = await names_of(database)
    visible = world.allowed(user, DISCOVER)
    for modality in ("CT", "MR", "SR"):
        where = search_predicate(parse_search(Level.STUDY, [("ModalitiesInStudy", modality)]), access)
        found = await search(database, Level.STUDY, where, access, EVERYTHING)
        wanted = {KEYS[Level.STUDY](i) for i in visible if i.modality == modality}
        assert {key_of(each, names) for each in found.found} == wanted


async def expect_retrieval(database: Database, access: Access, world: World, user: str) -> None:
    """A study resource is the visible part of one repository, with the right to retrieve told apart."""
    names = await names_of(database)
    visible, retrievable = world.allowed(user, DISCOVER), world.allowed(user, RETRIEVE)
    for study in {i.study for i in world.instances}:
        rows = await locate(database, Predicate("study.study_uid = ?", (study,)), access)
        holders = [r for r in REPOSITORIES if any((i.repository, i.study) == (r, study) for i in visible)]
        holders.sort(key=lambda repository: repository != HOME[user])
        wanted = [i for i in visible if holders and (i.repository, i.study) == (holders[0], study)]
        assert [names[row.repository_id] for row, _ in rows] == [i.repository for i in wanted]
        assert [row.sop_instance_uid for row, _ in rows] == [i.uid for i in wanted]
        assert [row.retrievable for row, _ in rows] == [i in retrievable for i in wanted]


async def expect_policy(
    policy: AccessPolicy, database: Database, token: str, world: World, user: str
) -> None:
    access = policy.access(Credentials(token_hash(token)), NOW)
    await expect_projection(database, access, world, user)
    await expect_modality_filter(database, access, world, user)
    await expect_retrieval(database, access, world, user)


async def expect_world(policy: AccessPolicy, world: World, user: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database, tokens = await build(Path(folder), world, policy)
        try:
            await expect_policy(policy, database, tokens[user], world, user)
        finally:
            await database.close()


@pytest.mark.parametrize("policy", DECIDING, ids=lambda policy: type(policy).__name__)
@settings(max_examples=100, deadline=None)
@given(world=worlds(), user=st.sampled_from(sorted(HOME)))
def test_a_user_sees_the_projection(policy: AccessPolicy, world: World, user: str) -> None:
    asyncio.run(expect_world(policy, world, user))


async def expect_treated_world(design: str, world: World, user: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database, tokens = await build(Path(folder), world, PostFilter())
        try:
            async with treatment(design, Path(folder)) as policy:
                await expect_policy(policy, database, tokens[user], world, user)
        finally:
            await database.close()


@pytest.mark.parametrize("design", TREATMENTS)
@pytest.mark.parametrize("batch", [1, 64])
@settings(max_examples=25, deadline=None)
@given(world=worlds(), user=st.sampled_from(sorted(HOME)))
def test_a_user_of_a_treatment_sees_the_projection(design: str, batch: int, world: World, user: str) -> None:
    """Whatever number of candidates is decided about at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deciding, "SMALLEST_BATCH", batch)
        patch.setattr(deciding, "LARGEST_BATCH", 2 * batch)
        asyncio.run(expect_treated_world(design, world, user))


VISIBILITY = "SELECT * FROM visibility ORDER BY principal_id, study_id, series_id, instance_id, grant_id"


async def expect_kept_visibility(world: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database, _ = await build(Path(folder), world, Materialised())
        kept = await database.read(VISIBILITY, ())
        await database.close()
        for policy in (Grants(), Materialised()):  # the first forgets it, the second computes it from nothing
            again = open_database(Path(folder), policy)
            await again.open()
            tables = await again.read("SELECT name FROM sqlite_master WHERE name = 'visibility'", ())
            assert len(tables) == isinstance(policy, Materialised)
            if tables:
                assert await again.read(VISIBILITY, ()) == kept
            await again.close()


@settings(max_examples=60, deadline=None)
@given(world=worlds())
def test_visibility_is_kept_as_it_would_be_computed(world: World) -> None:
    asyncio.run(expect_kept_visibility(world))
