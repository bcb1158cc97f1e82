"""The people of a listing, and what they share, enter the index as they do over the management API."""

from collections.abc import Iterable

import orjson

from reference_server.accounting.callers import AUTHENTICATED, Caller
from reference_server.accounting.people import (
    Kind,
    create_facility,
    create_organization,
    create_role,
    create_user,
    ensure_administrator,
    find_principal,
)
from reference_server.accounting.resources import ResourceName
from reference_server.accounting.sharing import ShareRequest, issue_share
from reference_server.accounting.tokens import issue_token
from reference_server.loading.listing import ListedShare, Listing
from reference_server.storage.database import Transaction

ADMINISTRATOR = "loader"
SUBJECTS = "SELECT json_group_array(group_id) FROM closure WHERE member_id = ?"


class Register:
    """Who is who in the index that is being loaded: callers by name, looked up once."""

    def __init__(self, write: Transaction) -> None:
        self._write = write
        self._callers: dict[str | None, Caller] = {}

    async def caller(self, name: str | None) -> Caller:
        """Return the user who stores or shares; without a name, the administrator."""
        if name not in self._callers:
            key, _ = await find_principal(self._write, Kind.USER, name or ADMINISTRATOR)
            subjects = orjson.loads((await self._write.fetch(SUBJECTS, (key,)))[0][0])
            self._callers[name] = Caller(key, name is None, (*subjects, AUTHENTICATED))
        return self._callers[name]


async def introduce(write: Transaction, listing: Listing) -> dict[str, str]:
    """Create the people and an administrator, and return a token of each user by name."""
    for organization in listing.organizations:
        await create_organization(write, organization)
    for name, organization in listing.facilities:
        await create_facility(write, name, organization)
    for role in sorted({role for user in listing.users for role in user.roles}):
        await create_role(write, role)
    for user in listing.users:
        await create_user(write, user.name, user.facilities, user.roles)
    await ensure_administrator(write, ADMINISTRATOR)
    names = [*(user.name for user in listing.users), ADMINISTRATOR]
    return {name: await issue_token(write, name, None) for name in names}


async def share(write: Transaction, register: Register, shares: Iterable[ListedShare], now: float) -> int:
    """Issue the shares, each by whom the listing says, and return how many there were."""
    number = 0
    for each in shares:
        wanted = ShareRequest(
            subject_kind=Kind.USER,
            subject_name=each.user,
            resource=ResourceName(each.repository, each.study_uid),
            operations=each.operations,
        )
        await issue_share(write, await register.caller(each.granted_by), wanted, now)
        number += 1
    return number
