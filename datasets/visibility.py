"""Visibility is evaluated by looking at every user and share: slow, obvious, independent of any archive.

A user sees an instance iff one of the user's facilities owns its study, or there is a share with Q or R
on the instance, its series or its study whose subject is the user, one of the user's roles or facilities,
or the organization of one of those facilities. Being a member of a facility is thus being a reader of its
repository; R implies Q.
"""

from dataclasses import dataclass

from datasets.people import Operation, People, Share, SubjectKind, User


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance stands: its repository and the UIDs that lead to it."""

    repository: str
    study_uid: str
    series_uid: str
    sop_instance_uid: str


def visible_to(people: People, shares: tuple[Share, ...], place: Place) -> tuple[str, ...]:
    """Return the sorted names of the users who see the instance; the study's own shares suffice."""
    return tuple(sorted(user.name for user in people.users if _sees(user, people, shares, place)))


def _sees(user: User, people: People, shares: tuple[Share, ...], place: Place) -> bool:
    if place.repository in user.facilities:
        return True
    return any(_names(share, user, people) and _covers(share, place) and _reveals(share) for share in shares)


def _reveals(share: Share) -> bool:
    return Operation.DISCOVER in share.operations or Operation.RETRIEVE in share.operations


def _names(share: Share, user: User, people: People) -> bool:
    """Tell whether the share's subject is the user or a group that the user belongs to."""
    match share.subject_kind:
        case SubjectKind.USER:
            return share.subject == user.name
        case SubjectKind.ROLE:
            return share.subject in user.roles
        case SubjectKind.FACILITY:
            return share.subject in user.facilities
        case SubjectKind.ORGANIZATION:
            return any(
                f.organization == share.subject for f in people.facilities if f.name in user.facilities
            )


def _covers(share: Share, place: Place) -> bool:
    """Tell whether the share is on the instance or on an ancestor of it."""
    return (
        share.repository == place.repository
        and share.study_uid == place.study_uid
        and share.series_uid in (None, place.series_uid)
        and share.sop_instance_uid in (None, place.sop_instance_uid)
    )
