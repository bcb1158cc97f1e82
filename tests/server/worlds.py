"""Random small archives with people and grants, and a brute-force evaluator of what a user sees of one.

The evaluator knows the rule alone: a user may do something with an instance if a grant that is in force gives
the operation on the instance or on something that contains it, to the user or to a group that contains the
user. All that a search or a retrieve answers follows from the set of instances.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from reference_server.accounting.people import create_facility, create_organization, create_role, create_user
from reference_server.accounting.policy import AccessPolicy
from reference_server.accounting.tokens import issue_token
from reference_server.app import open_database
from reference_server.storage.database import Database, Transaction
from reference_server.storage.ingest import store
from reference_server.storage.records import InstanceRecord, StudyKeys

NOW = 1_000_000.0
REPOSITORIES = ("north", "south")
USERS = ("ann", "bob", "cyd")
SUBJECTS = ("user ann", "user cyd", "role readers", "facility north", "organization all", "organization all")
# which subjects contain a user: ann and bob work in north, cyd in south; bob and cyd are readers
CONTAIN = {
    "ann": {"user ann", "facility north", "organization all"},
    "bob": {"user bob", "facility north", "organization all", "role readers"},
    "cyd": {"user cyd", "facility south", "organization all", "role readers"},
}
HOME = {"ann": "north", "bob": "north", "cyd": "south"}


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of a world; its UIDs tell where it stands."""

    repository: str
    study: str
    series: str
    uid: str
    modality: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant of a world on a repository, or on what contains the instance `on` at a depth of 1 to 3."""

    subject: str
    operations: int
    on: Instance
    depth: int
    not_before: float | None
    expires: float | None
    revoked: bool

    def in_force(self) -> bool:
        """Tell whether the grant counts at NOW."""
        begun = self.not_before is None or self.not_before <= NOW
        return begun and (self.expires is None or self.expires > NOW) and not self.revoked

    def covers(self, instance: Instance) -> bool:
        """Tell whether the instance is what is granted or lies in it."""
        mine = (self.on.repository, self.on.study, self.on.series, self.on.uid)
        other = (instance.repository, instance.study, instance.series, instance.uid)
        return mine[: self.depth + 1] == other[: self.depth + 1]


@dataclass(frozen=True, slots=True)
class World:
    """Instances in order of arrival, and grants."""

    instances: tuple[Instance, ...]
    grants: tuple[Grant, ...]

    def allowed(self, user: str, operation: int) -> list[Instance]:
        """Return the instances with which a user may do something."""
        held = [
            g for g in self.grants if g.in_force() and g.operations & operation and g.subject in CONTAIN[user]
        ]
        return [each for each in self.instances if any(grant.covers(each) for grant in held)]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a world: at most two repositories with the same few study UIDs in both."""
    instances = []
    for repository in REPOSITORIES:
        for study in range(draw(st.sampled_from((1, 2, 2, 0)))):
            for series in range(draw(st.integers(1, 2))):
                modality = draw(st.sampled_from(("CT", "MR", "SR")))
                for number in range(draw(st.integers(1, 3))):
                    uid = f"1.{study}.{series}.{number}"
                    instances.append(Instance(repository, f"1.{study}", f"1.{study}.{series}", uid, modality))
    if not instances:
        return World((), ())
    grant = st.builds(
        Grant,
        subject=st.sampled_from(SUBJECTS),
        operations=st.sampled_from((1, 1, 3, 3, 3, 4, 16)),
        on=st.sampled_from(instances),
        depth=st.sampled_from((0, 1, 1, 2, 2, 3, 3)),
        not_before=st.sampled_from((None, None, None, NOW, NOW + 1)),
        expires=st.sampled_from((None, None, None, NOW, NOW + 1)),
        revoked=st.sampled_from((False, False, False, True)),
    )
    return World(tuple(instances), tuple(draw(st.lists(grant, min_size=1, max_size=8))))


def record(instance: Instance) -> InstanceRecord:
    """Return the record of an instance; its blob does not exist."""
    return InstanceRecord(
        study_uid=instance.study,
        series_uid=instance.series,
        sop_instance_uid=instance.uid,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.7",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        modality=instance.modality,
        series_number="1",
        instance_number="1",
        study_keys=StudyKeys(f"P{instance.study}", *(None,) * 8),
        name_words=(),
        study_attributes="{}",
        series_attributes="{}",
        instance_attributes="{}",
        metadata=b"{}",
        size_bytes=1,
        sha256=f"{instance.repository}{instance.uid}",
        blob="0" * 32,
        frames=None,
    )


INSERT_GRANT = """
INSERT INTO access_grant (subject_id, operations, repository_id, study_id, series_id, instance_id,
    not_before, expires)
SELECT subject.id, ?, instance.repository_id, iif(? >= 1, instance.study_id, NULL),
    iif(? >= 2, instance.series_id, NULL), iif(? >= 3, instance.id, NULL), ?, ?
FROM principal AS subject, instance JOIN repository ON repository.id = instance.repository_id
WHERE subject.kind || ' ' || subject.name = ? AND repository.name = ? AND instance.sop_instance_uid = ?
"""


async def build(
    data: Path,
    world: World,
    policy: AccessPolicy | None = None,
    record_of: Callable[[Instance], InstanceRecord] = record,
) -> tuple[Database, dict[str, str]]:
    """Put a world into a new index of a design and return it, with a token for each user."""
    database = open_database(data, policy)
    await database.open()

    async def work(write: Transaction) -> dict[str, str]:
        await create_organization(write, "all")
        for name in REPOSITORIES:
            await create_facility(write, name, "all")
        await create_role(write, "readers")
        for user in USERS:
            roles = ["readers"] if "role readers" in CONTAIN[user] else []
            await create_user(write, user, [HOME[user]], roles)
        repositories: dict[str, int] = dict(await write.fetch("SELECT name, id FROM repository"))
        for instance in world.instances:  # one by one, so that the keys are in the world's order
            await store(write, repositories[instance.repository], [record_of(instance)])
        for grant in world.grants:
            times = (grant.not_before, grant.expires)
            named = (grant.subject, grant.on.repository, grant.on.uid)
            key = await write.run(INSERT_GRANT, (grant.operations, *(grant.depth,) * 3, *times, *named))
            if grant.revoked:
                await write.run("UPDATE access_grant SET revoked_at = ? WHERE id = ?", (NOW, key))
        return {user: await issue_token(write, user, None) for user in USERS}

    return database, await database.write(work)
