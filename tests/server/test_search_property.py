"""What a search finds, in every mode, is what a brute-force matcher finds among what the caller may see."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.accounting.policy import Access, Credentials
from reference_server.accounting.post_filter import PostFilter
from reference_server.accounting.tokens import token_hash
from reference_server.app import POLICIES
from reference_server.dicomweb.matching import reads_metadata, search_predicate
from reference_server.dicomweb.query_string import parse_search
from reference_server.settings import Accounting, Settings
from reference_server.storage.database import Database
from reference_server.storage.index import search
from reference_server.storage.page import Page
from reference_server.storage.records import Level
from tests.server.search_oracle import like, matches, modalities_match, values_of
from tests.server.search_worlds import Query, SearchWorld, queries, search_worlds
from tests.server.treatments import TREATMENTS, treatment
from tests.server.worlds import NOW, USERS, Instance, build

DISCOVER = 1
OPEN = (Accounting.OFF, Accounting.ALLOW_ALL)  # everybody sees everything
MODALITIES = "00080061"


def path_of(instance: Instance, level: Level) -> tuple[str, ...]:
    """Return the repository and the UIDs down to a level."""
    whole = (instance.repository, instance.study, instance.series, instance.uid)
    return whole[: 2 + list(Level).index(level)]


def expected(world: SearchWorld, visible: list[Instance], query: Query) -> list[tuple[str, ...]]:
    """Return what a search finds, in order of arrival."""
    found = [each for each in visible if _matches(world, visible, each, query)]
    everything = dict.fromkeys(path_of(each, query.level) for each in world.world.instances)
    wanted = {path_of(each, query.level) for each in found}
    return [path for path in everything if path in wanted]


def _matches(world: SearchWorld, visible: list[Instance], instance: Instance, query: Query) -> bool:
    """Tell whether the result that holds an instance matches every key."""
    for level in Level:
        document = world.of(instance, level) | {"0020000D": {"vr": "UI", "Value": [instance.study]}}
        keys = [key for at, key in query.keys if at is level and key.path[0] != MODALITIES]
        if not matches(document, keys, query.flags):
            return False
    study = path_of(instance, Level.STUDY)
    modalities = {each.modality for each in visible if path_of(each, Level.STUDY) == study}
    for _, key in query.keys:
        if key.path[0] == MODALITIES and not modalities_match(
            modalities, key.text, query.flags, lambda part: any(like(part, each) for each in modalities)
        ):
            return False
    return query.private is None or _private_matches(world.of(instance, Level.INSTANCE), *query.private)


def _private_matches(document: dict[str, object], creator: str, text: str) -> bool:
    """Tell whether the attribute 01 of the creator's block matches."""
    blocks = [block for block in ("10", "11") if values_of(document, f"000900{block}") == [creator]]
    return any(like(text, value) for block in blocks for value in values_of(document, f"0009{block}01"))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who searches, in which mode."""

    mode: Accounting
    user: str

    def visible(self, world: SearchWorld) -> list[Instance]:
        """Return what the caller sees of a world."""
        if self.mode in OPEN:
            return list(world.world.instances)
        return world.world.allowed(self.user, DISCOVER)


async def expect_search(
    database: Database, access: Access, query: Query, paths: list[tuple[str, ...]]
) -> None:
    """Compare one search, and its pages, with the matcher's answer."""
    names: dict[int, str] = dict(await database.read("SELECT id, name FROM repository", ()))
    wanted = parse_search(query.level, query.parameters())
    where = search_predicate(wanted, access)
    for page in (Page(100, 0), Page(2, 1, 3)):
        with_metadata = reads_metadata(wanted)
        results = await search(database, query.level, where, access, page, with_metadata=with_metadata)
        found = []
        for each in results.found:
            uids = (each.study_uid, each.series_uid, each.sop_instance_uid)
            found.append((names[each.repository_id], *(uid for uid in uids if uid is not None)))
        end = page.offset + page.limit
        assert found == paths[page.offset : end], query
        if found:
            assert results.remaining == min(page.ahead, max(0, len(paths) - end))


async def expect_world(caller: Caller, world: SearchWorld, asked: list[Query]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        treated = caller.mode in TREATMENTS
        policy = PostFilter() if treated else POLICIES[caller.mode](Settings(data))
        database, tokens = await build(data, world.world, policy, world.record)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(database.close)
            if treated:
                policy = await stack.enter_async_context(treatment(caller.mode, data))
            access = policy.access(Credentials(token_hash(tokens[caller.user])), NOW)
            for query in asked:
                paths = expected(world, caller.visible(world), query)
                await expect_search(database, access, query, paths)


@pytest.mark.parametrize("mode", Accounting)
@given(
    world=search_worlds(),
    user=st.sampled_from(USERS),
    asked=st.lists(queries(), min_size=25, max_size=50),
)
@settings(max_examples=20, deadline=None)
def test_a_search_finds_what_matches(
    mode: Accounting, world: SearchWorld, user: str, asked: list[Query]
) -> None:
    asyncio.run(expect_world(Caller(mode, user), world, asked))
