"""Kinds of events, with their codes in the context group of audit events (PS3.16 CID 400, CID 401).

An event is chosen by the operation that the action of a route declares, so that no route can be without one;
credentials that are not valid make it a failed authentication instead.
"""

from dataclasses import dataclass
from enum import Enum

from reference_server.accounting.policy import Operation

LOG_PATH = "/accounting/audit"


@dataclass(frozen=True, slots=True)
class Code:
    """A code of the DICOM Controlled Terminology (PS3.16 Annex D)."""

    value: str
    meaning: str


ALERT = Code("110113", "Security Alert")


class Event(Enum):
    """What happened: the code of the event, that of its type if it has one, and the action (PS3.15 A.5.3)."""

    LOG_USED = Code("110101", "Audit Log Used"), None, "R"
    SENT = Code("110104", "DICOM Instances Transferred"), None, "R"
    RECEIVED = Code("110104", "DICOM Instances Transferred"), None, "C"
    DELETED = Code("110105", "DICOM Study Deleted"), None, "D"
    QUERY = Code("110112", "Query"), None, "E"
    USE_OF_FUNCTION = ALERT, Code("110132", "Use of Restricted Function"), "E"
    OBJECT_SECURITY = ALERT, Code("110135", "Object Security Attributes Changed"), "E"
    ROLES = ALERT, Code("110136", "Security Roles Changed"), "E"
    USER_SECURITY = ALERT, Code("110137", "User Security Attributes Changed"), "E"
    AUTHENTICATION = Code("110114", "User Authentication"), Code("110122", "Login"), "E"

    def __init__(self, code: Code, type_: Code | None, action: str) -> None:
        self.code = code
        self.type = type_
        self.action = action

    @classmethod
    def of(cls, operation: int, method: str, path: str) -> "Event":
        """Return the event of an operation that is asked for with a method at a path."""
        if path.startswith("/accounting"):
            return _of_management(method, path)
        return _OF_OPERATION[Operation(operation)]


_OF_OPERATION = {
    Operation.DISCOVER: Event.QUERY,
    Operation.RETRIEVE: Event.SENT,
    Operation.APPEND: Event.RECEIVED,
    Operation.DELETE: Event.DELETED,
}
_ROLES = tuple(f"/accounting/{each}" for each in ("roles", "facilities", "organizations", "categories"))


def _of_management(method: str, path: str) -> Event:
    """Return the event of a request to the management API."""
    if path.startswith(LOG_PATH):
        return Event.LOG_USED
    if method in ("GET", "HEAD"):
        return Event.USE_OF_FUNCTION
    if path.startswith("/accounting/users"):
        return Event.USER_SECURITY
    return Event.ROLES if path.startswith(_ROLES) else Event.OBJECT_SECURITY
