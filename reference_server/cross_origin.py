"""Which pages of other origins may call the archive from a browser (the Fetch standard's CORS protocol).

Viewers are pages of another origin, so by default any page may call. No credentials are allowed along:
cookies mean nothing here, and a bearer token is in the hands of the page that sends it. With accounting off,
whoever reaches the address may read, and then so may any page in the browser of somebody who does; where the
network is the only guard, name the viewer's origin.
"""

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
EXPOSED = (
    "Accept-Ranges",
    "Content-Length",
    "Content-Location",
    "Content-Range",
    "ETag",
    "Location",
    "Server-Timing",
    "Warning",
    "WWW-Authenticate",
)
PREFLIGHT_SECONDS = 7200


def cross_origin(origins: str) -> list[Middleware]:
    """Return the middleware that lets pages of those origins call: none where there are none.

    An OPTIONS request that is no preflight, such as one for the capabilities, passes through.
    """
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins.split(","),
            allow_methods=METHODS,
            allow_headers=("*",),
            expose_headers=EXPOSED,
            max_age=PREFLIGHT_SECONDS,
        )
    ]
