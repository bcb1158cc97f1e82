# ruff: noqa: S608  the texts are joined from constants
"""What was decided about candidates, as sets of keys that one statement of the index can take.

The predicates of a read refer to tables of these keys, so their text is the same for every caller; what was
decided is bound to the tables. A study or series is there if an instance of it is.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import orjson

from reference_server.accounting.policy import Access
from reference_server.accounting.resources import Resource
from reference_server.storage.predicate import Predicate

_TABLES = (
    "seen_study",
    "whole_study",
    "seen_series",
    "whole_series",
    "seen_instance",
    "retrievable_study",
    "retrievable_series",
    "retrievable_instance",
    "undecided",
)
_SQL = ", ".join(f"{name} (id) AS MATERIALIZED (SELECT value FROM json_each(?))" for name in _TABLES)
UNDECIDED = "EXISTS (SELECT 1 FROM undecided)"


def _among(*tests: tuple[str, str]) -> Predicate:
    """Return the predicate that one of some columns holds a key of its table."""
    return Predicate(f"({' OR '.join(f'{column} IN (SELECT id FROM {table})' for column, table in tests)})")


#: What a read sees once all candidates are decided upon, and before, when any series may yet be visible.
DECIDED = Access(
    study=_among(("study.id", "seen_study")),
    twin=_among(("twin.id", "seen_study")),
    whole_study=_among(("study.id", "whole_study")),
    series=Predicate(UNDECIDED) | _among(("series.study_id", "whole_study"), ("series.id", "seen_series")),
    whole_series=_among(("series.study_id", "whole_study"), ("series.id", "whole_series")),
    instance=_among(
        ("instance.study_id", "whole_study"),
        ("instance.series_id", "whole_series"),
        ("instance.id", "seen_instance"),
    ),
    retrievable=_among(
        ("instance.study_id", "retrievable_study"),
        ("instance.series_id", "retrievable_series"),
        ("instance.id", "retrievable_instance"),
    ),
    undecided=Predicate(UNDECIDED),
)


def _tables(*keys: Collection[int]) -> Predicate:
    """Return the table expressions of these keys, in the order of the tables."""
    return Predicate(_SQL, tuple(orjson.dumps(sorted(each)).decode() for each in keys))


NOTHING_DECIDED = _tables(*((),) * (len(_TABLES) - 1), (1,))


@dataclass(slots=True)
class Extent:
    """Where a caller has one operation: on all of some resources, and so somewhere in what contains them."""

    studies: set[int] = field(default_factory=set)
    series: set[int] = field(default_factory=set)
    instances: set[int] = field(default_factory=set)
    touched_studies: set[int] = field(default_factory=set)
    touched_series: set[int] = field(default_factory=set)

    def add(self, resource: Resource) -> None:
        """Add all of a resource."""
        assert resource.study_id is not None, "candidates are studies and their parts"
        self.touched_studies.add(resource.study_id)
        if resource.series_id is None:
            self.studies.add(resource.study_id)
            return
        self.touched_series.add(resource.series_id)
        if resource.instance_id is None:
            self.series.add(resource.series_id)
        else:
            self.instances.add(resource.instance_id)

    def holds(self, resource: Resource) -> bool:
        """Tell whether some of a resource about which was decided is in this."""
        if resource.series_id is None:
            return resource.study_id in self.touched_studies
        if resource.study_id in self.studies or resource.series_id in self.series:
            return True
        if resource.instance_id is None:
            return resource.series_id in self.touched_series
        return resource.instance_id in self.instances


def tables_of(seen: Extent, retrievable: Extent) -> Predicate:
    """Return the table expressions of what may be discovered and of what may be retrieved."""
    return _tables(
        seen.touched_studies,
        seen.studies,
        seen.touched_series,
        seen.series,
        seen.instances,
        retrievable.studies,
        retrievable.series,
        retrievable.instances,
        (),
    )
