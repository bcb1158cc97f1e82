# ruff: noqa: N818  the classes bear the names of HTTP statuses (RFC 9110 15.5, 15.6)
"""What can go wrong in the archive, and the one table in which that meets HTTP.

A resource that the caller may not see is `NotFound`, exactly as one that does not exist.
"""


class ArchiveError(Exception):
    """The archive cannot do what was asked; the message is meant for the caller."""


class BadRequest(ArchiveError):
    """The request's syntax is wrong (PS3.18 8.5)."""


class Unauthorized(ArchiveError):
    """No valid credentials came with the request (RFC 9110 15.5.2)."""


class Forbidden(ArchiveError):
    """The caller sees the resource but lacks the operation."""


class NotFound(ArchiveError):
    """The resource does not exist, or not for this caller."""


class NotAcceptable(ArchiveError):
    """None of the media types that the caller accepts can be given (PS3.18 8.7.8)."""


class Conflict(ArchiveError):
    """The request contradicts what the archive holds."""


class ContentTooLarge(ArchiveError):
    """The payload exceeds a limit of the settings."""


class UnsupportedMediaType(ArchiveError):
    """The payload's media type cannot be stored."""


class InternalError(ArchiveError):
    """The archive failed for no reason of the caller."""


class Unavailable(ArchiveError):
    """The archive cannot decide or store now; it fails closed."""


class InsufficientStorage(ArchiveError):
    """There is no room for what arrives (RFC 4918 11.5)."""


STATUS: dict[type[ArchiveError], int] = {
    BadRequest: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    NotAcceptable: 406,
    Conflict: 409,
    ContentTooLarge: 413,
    UnsupportedMediaType: 415,
    InternalError: 500,
    Unavailable: 503,
    InsufficientStorage: 507,
}
