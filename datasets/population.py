"""The population invents who takes part in a data set, and who shares what with whom.

Each study belongs to a facility and to a user of it. Shares follow a cycle rather than chance, so that
the smallest data set has one of every level (study, series, instance) and every kind of subject, and some
studies are visible in part only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from datasets.draws import Draws
from datasets.people import Facility, Operation, People, Share, SubjectKind, User
from datasets.vocabulary import DEPARTMENTS, ORGANIZATIONS, ROLES


class Level(StrEnum):
    """What a share is on."""

    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"


# None: the study is not shared at all.
SHARE_CYCLE: tuple[tuple[SubjectKind, Level] | None, ...] = (
    (SubjectKind.FACILITY, Level.STUDY),
    (SubjectKind.USER, Level.SERIES),
    None,
    (SubjectKind.ROLE, Level.INSTANCE),
    (SubjectKind.ORGANIZATION, Level.STUDY),
    (SubjectKind.USER, Level.STUDY),
    None,
    (SubjectKind.USER, Level.INSTANCE),
    (SubjectKind.ROLE, Level.SERIES),
    (SubjectKind.FACILITY, Level.SERIES),
)


@dataclass(frozen=True, slots=True)
class Tenure:
    """Who owns a study: a facility, and the user of it who stored the study."""

    facility: Facility
    owner: str


@dataclass(frozen=True, slots=True)
class StudyNames:
    """What can be shared of a study: it, its series, and the instances of each series, by UID."""

    index: int
    study_uid: str
    series: tuple[tuple[str, tuple[str, ...]], ...]


def populate(organizations: int, facilities_each: int, users_each: int) -> People:
    """Return people without shares; every second user of a facility also works in the next one."""
    names = ORGANIZATIONS[:organizations]
    facilities = [
        Facility(f"{name}-{department}", name)
        for name in names
        for department in DEPARTMENTS[:facilities_each]
    ]
    users = []
    for place, facility in enumerate(facilities):
        second = facilities[(place + 1) % len(facilities)].name
        for number in range(users_each):
            works_in = (facility.name, second) if number % 2 and second != facility.name else (facility.name,)
            users.append(
                User(f"{facility.name}-{number + 1}", works_in, (ROLES[(place + number) % len(ROLES)],))
            )
    return People(names, tuple(facilities), ROLES, tuple(users), ())


def tenure_of(people: People, study_index: int, draws: Draws) -> Tenure:
    """Return the owner of a study: facilities take turns, and one of the users who store there is drawn."""
    facility = people.facilities[study_index % len(people.facilities)]
    owners = [user.name for user in people.users if user.facilities[0] == facility.name]
    return Tenure(facility, draws.pick(owners))


def shares_of(people: People, tenure: Tenure, names: StudyNames, draws: Draws) -> tuple[Share, ...]:
    """Return the shares of a study, which follow from its index."""
    turn = SHARE_CYCLE[names.index % len(SHARE_CYCLE)]
    if turn is None:
        return ()
    kind, level = turn
    subjects = _strangers(people, tenure.facility, kind)
    if not subjects:
        return ()
    series_uid, instances = draws.pick(names.series)
    return (
        Share(
            subject_kind=kind,
            subject=draws.pick(subjects),
            repository=tenure.facility.name,
            study_uid=names.study_uid,
            operations=(Operation.DISCOVER, Operation.RETRIEVE),
            granted_by=tenure.owner,
            series_uid=None if level is Level.STUDY else series_uid,
            sop_instance_uid=draws.pick(instances) if level is Level.INSTANCE else None,
        ),
    )


def _strangers(people: People, facility: Facility, kind: SubjectKind) -> Sequence[str]:
    """Return the subjects of a kind to whom a share of this facility's data says something new."""
    match kind:
        case SubjectKind.USER:
            return [user.name for user in people.users if facility.name not in user.facilities]
        case SubjectKind.ROLE:
            return people.roles
        case SubjectKind.FACILITY:
            return [other.name for other in people.facilities if other.name != facility.name]
        case SubjectKind.ORGANIZATION:
            return [name for name in people.organizations if name != facility.organization]
