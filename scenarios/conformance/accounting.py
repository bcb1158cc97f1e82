"""The people of an access-control check: two facilities of its own, made through the accounting API.

What the API takes and answers stands in docs/architecture.md. Each check makes its own people, so that no
check depends on the shares of another.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from scenarios.conformance.archive import Archive
from scenarios.conformance.findings import CouldNotRun, Unsupported
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.message import Response

TOKEN_LIFETIME_S = 1800.0
NOT_COMPARED = frozenset({"date", "server-timing", "connection", "keep-alive"})
LEVELS = ("study", "series", "instance")


def manage(archive: Archive, method: str, path: str, body: Mapping[str, object] | None = None) -> Response:
    """Answer a request of this principal to the accounting API; nothing is judged."""
    if not archive.target.accounting_url:
        raise Unsupported("target.toml names no accounting_url")
    content = None if body is None else json.dumps(body).encode()
    headers = {} if body is None else {"Content-Type": "application/json"}
    return archive.request(method, f"{archive.target.accounting_url}{path}", headers=headers, body=content)


def create(archive: Archive, path: str, body: Mapping[str, object]) -> Any:
    """Return what the accounting API says it created; a refusal ends the check as could-not-run."""
    response = manage(archive, "POST", path, body)
    if response.status != HTTPStatus.CREATED:
        raise CouldNotRun(f"POST {path} of the accounting API: {response} {response.body[:200]!r}")
    return json.loads(response.body)


def soon(seconds: float) -> str:
    """Return the time so many seconds from now, as the accounting API takes it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def token_for(admin: Archive, user: str, lifetime_s: float = TOKEN_LIFETIME_S) -> str:
    """Return a new token of a user that outlives the check and not much more."""
    return str(create(admin, f"/users/{user}/tokens", {"expires": soon(lifetime_s)})["token"])


def visible_part(response: Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return what a caller learns from a response, without what the clock and the framing decide."""
    headers = [(key.lower(), text) for key, text in response.headers if key.lower() not in NOT_COMPARED]
    return response.status, sorted(headers), response.body


def with_token(archive: Archive, name: str, token: str) -> Archive:
    """Return the archive as the bearer of this token sees it."""
    headers = MappingProxyType({"Authorization": f"Bearer {token}"})
    target = replace(
        archive.target, principals=MappingProxyType({**archive.target.principals, name: headers})
    )
    return replace(archive, target=target, principal=name)


@dataclass(frozen=True, slots=True)
class Facilities:
    """The archive as the people of two facilities see it.

    `owner` and `colleague` belong to facility home; `guest`, who has the role reader, and `third` to facility
    away. Nothing is shared yet.
    """

    token: str  # makes the names of this check's people unique
    admin: Archive
    owner: Archive
    colleague: Archive
    guest: Archive
    third: Archive

    def name(self, who: str) -> str:
        """Return the name of a user, role or facility in the accounting API."""
        return f"{who}-{self.token}"

    def body(
        self,
        instance: Instance,
        level: str,
        to: str = "guest",
        operations: str = "R",
        kind: str = "user",
        **more: object,
    ) -> dict[str, object]:
        """Return the request to share an instance of facility home, its series or its study."""
        uids = zip(LEVELS, (instance.study_uid, instance.series_uid, instance.uid), strict=True)
        kept = LEVELS[: LEVELS.index(level) + 1]
        return {
            "subject": {"kind": kind, "name": self.name(to)},
            "resource": {
                "repository": self.name("home"),
                **{key: uid for key, uid in uids if key in kept},
            },
            "operations": list(operations),
            **more,
        }

    def share(self, instance: Instance, level: str = "study", **more: Any) -> int:
        """Share as the owner, and return the id of the share; see `body` for the keywords."""
        return int(create(self.owner, "/shares", self.body(instance, level, **more))["id"])

    def revoke(self, share: int) -> None:
        """Revoke a share as its owner; a refusal ends the check as could-not-run."""
        response = manage(self.owner, "DELETE", f"/shares/{share}")
        if response.status != HTTPStatus.NO_CONTENT:
            raise CouldNotRun(f"DELETE /shares/{share} of the accounting API: {response}")


def facilities(archive: Archive) -> Facilities:
    """Create two facilities, their users and a role, and return how each user sees the archive."""
    admin = archive.as_principal("admin")
    token = archive.names.uid("people").rpartition(".")[2]
    create(admin, "/organizations", {"name": f"organization-{token}"})
    for facility in ("home", "away"):
        create(admin, "/facilities", {"name": f"{facility}-{token}", "organization": f"organization-{token}"})
    create(admin, "/roles", {"name": f"reader-{token}"})
    users = {"owner": "home", "colleague": "home", "guest": "away", "third": "away"}
    views = {}
    for user, facility in users.items():
        roles = [f"reader-{token}"] if user == "guest" else []
        name = f"{user}-{token}"
        create(admin, "/users", {"name": name, "facilities": [f"{facility}-{token}"], "roles": roles})
        views[user] = with_token(archive, user, token_for(admin, name))
    return Facilities(token, admin, **views)
