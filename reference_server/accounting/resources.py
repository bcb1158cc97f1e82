"""Resources by name and by key, and which of a caller's grants reach one.

A resource is a repository, a study in it, a series in that, or an instance. It is resolved to keys before
anything is decided about it, so that a path cannot mean one thing to the decision and another to the deed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from reference_server.accounting.policy import Operation
from reference_server.errors import BadRequest, NotFound
from reference_server.storage.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class ResourceName:
    """A resource as a caller names it: the repository's name, and UIDs down to its level."""

    repository: str
    study: str | None = None
    series: str | None = None
    instance: str | None = None

    def __post_init__(self) -> None:
        """Refuse a name that skips a level."""
        if (self.series and not self.study) or (self.instance and not self.series):
            raise BadRequest("a resource names every level above its own")


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource by the keys of the index; None below its level."""

    repository_id: int
    study_id: int | None
    series_id: int | None
    instance_id: int | None


@dataclass(frozen=True, slots=True)
class Rights:
    """What a caller holds on a resource: whether it is visible, and the grants that cover all of it.

    A covering grant is a row of operations, key, not_before and expires; those that last longest come first.
    """

    visible: bool
    covering: list[Row]


RESOLVE = """
SELECT repository.id, study.id, series.id, instance.id FROM repository
LEFT JOIN study ON study.repository_id = repository.id AND study.study_uid = ?
LEFT JOIN series ON series.study_id = study.id AND series.series_uid = ?
LEFT JOIN instance ON instance.series_id = series.id AND instance.sop_instance_uid = ?
WHERE repository.name = ?
"""
NAME = """
SELECT repository.name, study.study_uid, series.series_uid, instance.sop_instance_uid FROM repository
LEFT JOIN study ON study.id = ? LEFT JOIN series ON series.id = ? LEFT JOIN instance ON instance.id = ?
WHERE repository.id = ?
"""
_REACH = """
SELECT held.operations, held.id, held.not_before, held.expires,
    (held.study_id IS NULL OR held.study_id IS ?) AND (held.series_id IS NULL OR held.series_id IS ?)
    AND (held.instance_id IS NULL OR held.instance_id IS ?)
FROM access_grant AS held
WHERE {where}
AND (held.series_id IS NULL OR held.series_id = coalesce(?, held.series_id))
AND (held.instance_id IS NULL OR held.instance_id = coalesce(?, held.instance_id))
AND held.subject_id IN (SELECT value FROM json_each(?))
AND held.revoked_at IS NULL
AND (held.not_before IS NULL OR held.not_before <= ?) AND (held.expires IS NULL OR held.expires > ?)
"""
# What lies in a repository reaches it. A study is reached by grants on it, in it, or on its repository:
# two probes of an index, however many grants the subjects hold elsewhere.
_BY_REPOSITORY = _REACH.format(where="held.repository_id = ?")
_BY_STUDY = _REACH.format(where="held.study_id = ?")
_BY_REPOSITORY_ALONE = _REACH.format(where="held.study_id IS NULL AND held.repository_id = ?")
_LONGEST_FIRST = "ORDER BY coalesce(held.expires, 9e99) DESC, held.id"
REACHING_REPOSITORY = f"{_BY_REPOSITORY} {_LONGEST_FIRST}"
REACHING_STUDY = f"SELECT * FROM ({_BY_STUDY} UNION ALL {_BY_REPOSITORY_ALONE}) AS held {_LONGEST_FIRST}"  # noqa: S608  of constants


async def resolve(write: Transaction, name: ResourceName) -> Resource:
    """Return the keys of a resource; raises NotFound."""
    rows = await write.fetch(RESOLVE, (name.study, name.series, name.instance, name.repository))
    if not rows:
        raise NotFound("there is no such resource")
    resource = Resource(*rows[0])
    found = (resource.study_id, resource.series_id, resource.instance_id)
    asked = (name.study, name.series, name.instance)
    if any(uid is not None and key is None for uid, key in zip(asked, found, strict=True)):
        raise NotFound("there is no such resource")
    return resource


async def name_of_resource(write: Transaction, resource: Resource) -> ResourceName:
    """Return the name of a resource."""
    keys = (resource.study_id, resource.series_id, resource.instance_id, resource.repository_id)
    return ResourceName(*(await write.fetch(NAME, keys))[0])


async def rights_on(write: Transaction, resource: Resource, subjects: Sequence[int], now: float) -> Rights:
    """Return which live grants of these subjects reach a resource."""
    keys = (resource.study_id, resource.series_id, resource.instance_id)
    last = (*keys[1:], orjson.dumps(subjects).decode(), now, now)
    values = (*keys, resource.repository_id, *last)
    if resource.study_id is None:
        rows = await write.fetch(REACHING_REPOSITORY, values)
    else:
        rows = await write.fetch(REACHING_STUDY, (*keys, resource.study_id, *last, *values))
    visible = any(row[0] & Operation.DISCOVER for row in rows)
    return Rights(visible, [row[:4] for row in rows if row[4]])
