"""After any change of people, permissions and owners, every design decides what a walk over the rows decides.

The oracle reads memberships and grants and knows the rule alone; it uses neither the closure nor what the
materialised design keeps. Effective permissions are held against it as well, and nothing may be left that
names what is gone.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reference_server.accounting.amendment import UserChange, change_user
from reference_server.accounting.callers import Caller
from reference_server.accounting.effective import effective_on
from reference_server.accounting.grants import Grants
from reference_server.accounting.materialised import Materialised
from reference_server.accounting.people import Kind, create_category, create_user
from reference_server.accounting.permissions import Permission, delete_permission, set_permission
from reference_server.accounting.policy import AccessPolicy, Credentials, Operation
from reference_server.accounting.removal import remove
from reference_server.accounting.resources import Resource, ResourceName
from reference_server.accounting.revocation import revoke
from reference_server.accounting.sharing import ShareRequest, issue_share
from reference_server.accounting.tokens import issue_token, token_hash
from reference_server.accounting.transfer import Owner, owner_of, transfer
from reference_server.errors import ArchiveError
from reference_server.storage.database import Database, Row, Transaction
from reference_server.storage.predicate import bound
from tests.server.worlds import NOW, REPOSITORIES, USERS, Grant, Instance, World, build, worlds

Change = tuple[str, Any, Any, int]
READ = Operation.DISCOVER | Operation.RETRIEVE
ANY = st.integers(0, 50)
REMOVABLE = (*(f"user {each}" for each in USERS), "role readers", "facility south", "organization all")
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("create"), st.sampled_from(USERS), st.none(), ANY),
        st.tuples(st.just("remove"), st.sampled_from(REMOVABLE), st.none(), ANY),
        st.tuples(st.just("roles"), st.sampled_from(USERS), st.sampled_from(([], ["readers"])), ANY),
        st.tuples(
            st.just("facilities"),
            st.sampled_from(USERS),
            st.lists(st.sampled_from(REPOSITORIES), max_size=2, unique=True),
            ANY,
        ),
        st.tuples(st.just("disabled"), st.sampled_from(USERS), st.booleans(), ANY),
        st.tuples(st.just("transfer"), st.sampled_from(REPOSITORIES), st.sampled_from((*USERS, None)), ANY),
        st.tuples(st.just("file"), st.integers(0, 3), st.sampled_from((READ, Operation.DISCOVER)), ANY),
        st.tuples(
            st.sampled_from(("permit", "forbid")),
            st.sampled_from(("user ann", "role readers", "facility south", "authenticated authenticated")),
            st.sampled_from((READ, Operation.DISCOVER)),
            ANY,
        ),
        st.tuples(st.just("revoke"), st.none(), st.none(), ANY),
        st.tuples(st.just("unfile"), st.none(), st.none(), ANY),
    ),
    min_size=1,
    max_size=8,
)


IMAGE = Instance("north", "1.1", "1.1.1", "1.1.1.1", "CT")
# one user may read all of a repository, another all of the other one: a study that moves changes hands
MOVED = World(
    (IMAGE, Instance("south", "1.2", "1.2.1", "1.2.1.1", "MR")),
    (
        Grant("user ann", 3, IMAGE, 0, None, None, revoked=False),
        Grant(
            "user cyd", 3, Instance("south", "1.2", "1.2.1", "1.2.1.1", "MR"), 0, None, None, revoked=False
        ),
    ),
)

# south holds nothing, so its facility can be removed, and cyd has no repository any more
ALL_IN_NORTH = World((IMAGE,), ())


async def apply(write: Transaction, world: World, admin: Caller, change: Change) -> None:
    """Carry out one change; one that is refused raises ArchiveError."""
    what, about, value, number = change
    on = world.instances[number % len(world.instances)] if world.instances else None
    if what == "remove":
        kind, name = about.split()
        await remove(write, Kind(kind), name, NOW)
    elif what == "create":
        await create_user(write, about, ["north"], [])
    elif what in ("roles", "facilities", "disabled"):
        await change_user(write, about, UserChange(**{what: value}))
    elif what in ("permit", "forbid"):
        kind, name = about.split()
        if what == "permit":
            await set_permission(write, Permission(Kind(kind), name, "teaching", value), NOW)
        else:
            await delete_permission(write, "teaching", Kind(kind), name, NOW)
    elif what == "revoke":
        await revoke(write, NOW, "head.id = ?", (number,))
    elif what == "unfile":
        await remove(write, Kind.CATEGORY, "teaching", NOW)
        await create_category(write, "teaching")
    elif what == "transfer" and on is not None:
        where = await study_of(write, number)
        await transfer(write, admin, where, Owner(about, value), NOW)
        assert await owner_of(write, admin, ResourceName(about, where.study), NOW) == Owner(about, value)
    elif what == "file" and on is not None:
        names = (await study_of(write, number)).repository, on.study, on.series, on.uid
        resource = ResourceName(*names[: about + 1])
        await issue_share(write, admin, ShareRequest(Kind.CATEGORY, "teaching", resource, value), NOW)


async def study_of(write: Transaction, number: int) -> ResourceName:
    rows = await write.fetch(
        "SELECT repository.name, study.study_uid FROM study"
        " JOIN repository ON repository.id = study.repository_id ORDER BY study.id"
    )
    return ResourceName(*rows[number % len(rows)])


def expected(rows: dict[str, list[Row]], instance: Row) -> dict[str, Operation]:
    """Return what each user may do with an instance, by walking over memberships and grants."""
    found = {}
    for key, kind, name, disabled in rows["principal"]:
        if kind != "user" or disabled:
            continue
        subjects, todo = {2}, {key}
        while todo:
            subjects |= todo
            todo = {group for member, group in rows["membership"] if member in todo} - subjects
        operations = Operation.NOTHING
        for subject, granted, *where in rows["grant"]:
            contains = all(mine in (None, its) for mine, its in zip(where, instance, strict=True))
            if subject in subjects and contains:
                operations |= Operation(granted)
        found[name] = operations
    return found


async def read_rows(write: Transaction) -> dict[str, list[Row]]:
    return {
        "principal": await write.fetch("SELECT id, kind, name, disabled FROM principal"),
        "membership": await write.fetch("SELECT member_id, group_id FROM membership"),
        "grant": await write.fetch(
            "SELECT subject_id, operations, repository_id, study_id, series_id, instance_id"
            " FROM access_grant WHERE revoked_at IS NULL AND coalesce(not_before, 0) <= ?"
            " AND coalesce(expires, 9e99) > ?",
            (NOW, NOW),
        ),
        "instance": await write.fetch("SELECT repository_id, study_id, series_id, id FROM instance"),
    }


async def decided(database: Database, policy: AccessPolicy, token: str) -> dict[int, Operation]:
    """Return what a design lets the bearer of a token do with each instance."""
    access = policy.access(Credentials(token_hash(token)), NOW)
    assert access.caller is not None
    found: dict[int, Operation] = {}
    for predicate, operation in (
        (access.instance, Operation.DISCOVER),
        (access.retrievable, Operation.RETRIEVE),
    ):
        sql = f"WITH {access.caller.sql} SELECT instance.id FROM instance, caller WHERE {predicate.sql}"
        for (key,) in await database.read(
            sql, bound((*access.caller.values, *predicate.values), access.binding)
        ):
            found[key] = found.get(key, Operation.NOTHING) | operation
    return found


async def compare(database: Database, policy: AccessPolicy) -> None:
    """Hold the decisions of a design, and effective permissions, against the oracle."""

    async def survey(write: Transaction) -> tuple[dict[str, list[Row]], dict[str, str], dict[int, Any]]:
        rows = await read_rows(write)
        assert await write.fetch("PRAGMA foreign_key_check") == []
        misplaced = (
            "SELECT held.id FROM access_grant AS held LEFT JOIN study ON study.id = held.study_id"
            " WHERE held.revoked_at IS NULL AND held.study_id IS NOT NULL"
            " AND held.repository_id IS NOT study.repository_id"
        )
        assert await write.fetch(misplaced) == []
        users = [name for _, kind, name, disabled in rows["principal"] if kind == "user" and not disabled]
        tokens = {name: await issue_token(write, name, None) for name in users}
        effective = {
            instance[3]: await effective_on(write, Resource(*instance), NOW, after="", limit=100)
            for instance in rows["instance"]
        }
        return rows, tokens, effective

    rows, tokens, effective = await database.write(survey)
    by_user = {name: await decided(database, policy, token) for name, token in tokens.items()}
    for instance in rows["instance"]:
        oracle = expected(rows, instance)
        asked = {each.principal.name: each.operations for each in effective[instance[3]]}
        assert asked == {name: operations for name, operations in oracle.items() if operations}
        for name, operations in oracle.items():
            assert by_user[name].get(instance[3], Operation.NOTHING) == operations & READ


async def run(world: World, changes: Sequence[Change], design: Callable[[], AccessPolicy]) -> None:
    policy = design()
    with tempfile.TemporaryDirectory() as data:
        database, _ = await build(Path(data), world, policy)
        try:

            async def prepare(write: Transaction) -> Caller:
                await create_category(write, "teaching")
                await create_user(write, "root", [], [], administrator=True)
                rows = await write.fetch("SELECT id FROM principal WHERE name = 'root'")
                return Caller(rows[0][0], administrator=True, subjects=())

            admin = await database.write(prepare)
            for change in changes:
                with contextlib.suppress(ArchiveError):
                    await database.write(partial(apply, world=world, admin=admin, change=change))
                await compare(database, policy)
        finally:
            await database.close()


@pytest.mark.parametrize("design", [Grants, Materialised])
@given(world=worlds(), changes=CHANGES)
@example(MOVED, [("transfer", "south", None, 0), ("transfer", "north", "bob", 0)])
@example(ALL_IN_NORTH, [("remove", "facility south", None, 0), ("create", "ann", None, 0)])
@settings(max_examples=25, deadline=None)
def test_every_change_is_decided_upon_exactly(
    design: Callable[[], AccessPolicy], world: World, changes: Sequence[Change]
) -> None:
    asyncio.run(run(world, changes, design))
