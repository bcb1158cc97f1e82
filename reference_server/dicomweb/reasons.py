"""Why an instance was not stored: the failure reasons of the store instances response (PS3.18 I.2.2).

The standard gives ranges their meaning; a code inside a range says what this archive means by it, as
docs/reference_server.md tells.
"""

from enum import IntEnum


class Reason(IntEnum):
    """A value of Failure Reason (0008,1197)."""

    OUT_OF_RESOURCES = 0xA700
    DOES_NOT_MATCH_SOP_CLASS = 0xA900
    CANNOT_UNDERSTAND = 0xC000
    MISSING_BULK_DATA = 0xC111
    ALREADY_STORED = 0xC112
    TRANSFER_SYNTAX_NOT_SUPPORTED = 0xC122
    NOT_AUTHORIZED = 0x0124  # of the status codes of the storage service (PS3.7 C)


class MalformedError(Exception):
    """A file, or metadata, are not what they may be; the message says in which way."""


class UnreadableError(Exception):
    """A part cannot be stored; carries the failure reason, and the UIDs as far as they are known."""

    def __init__(
        self, reason: Reason, message: str, sop_class_uid: str = "", sop_instance_uid: str = ""
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.sop_class_uid = sop_class_uid
        self.sop_instance_uid = sop_instance_uid
