"""People: the organizations, facilities, users, roles and shares that a data set comes with.

A facility is a repository of the archive. A user's first facility is where that user stores. Ownership
and shares follow the entity model of Lebre, Bastião and Costa (2020), section "Ownership and access
control".
"""

from dataclasses import dataclass
from enum import StrEnum


class SubjectKind(StrEnum):
    """Who can hold a share."""

    USER = "user"
    ROLE = "role"
    FACILITY = "facility"
    ORGANIZATION = "organization"


class Operation(StrEnum):
    """What a share allows: discover, retrieve, append, delete, share, own; R implies Q."""

    DISCOVER = "Q"
    RETRIEVE = "R"
    APPEND = "A"
    DELETE = "D"
    SHARE = "S"
    OWN = "O"


@dataclass(frozen=True, slots=True)
class Facility:
    """A facility belongs to one organization and is one repository."""

    name: str
    organization: str


@dataclass(frozen=True, slots=True)
class User:
    """A user works in one or more facilities and may have roles."""

    name: str
    facilities: tuple[str, ...]
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """A share gives a subject operations on one study, series or instance of a repository."""

    subject_kind: SubjectKind
    subject: str
    repository: str
    study_uid: str
    operations: tuple[Operation, ...]
    granted_by: str
    series_uid: str | None = None
    sop_instance_uid: str | None = None


@dataclass(frozen=True, slots=True)
class People:
    """All who take part in a data set, in the order in which an archive must create them."""

    organizations: tuple[str, ...]
    facilities: tuple[Facility, ...]
    roles: tuple[str, ...]
    users: tuple[User, ...]
    shares: tuple[Share, ...]
