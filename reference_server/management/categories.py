"""Categories over the API, and the permissions that roles, users and other groups have on them."""

from operator import attrgetter
from typing import Any

from reference_server.accounting import people
from reference_server.accounting.amendment import rename
from reference_server.accounting.people import Kind
from reference_server.accounting.permissions import (
    HOLDERS,
    Permission,
    delete_permission,
    permissions_of,
    permissions_on,
    set_permission,
)
from reference_server.accounting.profiles import CATEGORIES
from reference_server.accounting.removal import remove
from reference_server.errors import NotFound
from reference_server.management.letters import letters_of, operations_of
from reference_server.management.paging import limit_of, page_of
from reference_server.management.procedure import Asked
from reference_server.storage.database import Transaction


async def create_category(write: Transaction, asked: Asked) -> Any:
    """Create a category, under which resources are filed by sharing them with it."""
    name = asked.body.text("name")
    await people.create_category(write, name)
    return {"name": name}


async def get_categories(write: Transaction, asked: Asked) -> Any:
    """List categories by name."""
    limit = limit_of(asked)
    found = await CATEGORIES.page(write, asked.query.get("after", ""), limit + 1)
    return page_of(found, limit, attrgetter("name"))


async def get_category(write: Transaction, asked: Asked) -> Any:
    """Read a category."""
    return await CATEGORIES.one(write, asked.path["name"])


async def update_category(write: Transaction, asked: Asked) -> Any:
    """Give a category another name."""
    name = asked.body.text("name")
    await rename(write, Kind.CATEGORY, asked.path["name"], name)
    return await CATEGORIES.one(write, name)


async def delete_category(write: Transaction, asked: Asked) -> None:
    """Remove a category, with its permissions and what was filed under it."""
    await remove(write, Kind.CATEGORY, asked.path["name"], asked.now)


def _rendered(permission: Permission) -> dict[str, object]:
    return {
        "holder": {"kind": permission.holder_kind, "name": permission.holder_name},
        "category": permission.category,
        "operations": letters_of(permission.operations),
    }


def _holder(asked: Asked) -> tuple[Kind, str]:
    """Return the kind and name of the holder in the path; a kind that holds no permissions names nothing."""
    kind = asked.path["kind"]
    if kind not in HOLDERS:
        raise NotFound("there is no such holder of permissions")
    return Kind(kind), asked.path["holder"]


async def get_permissions(write: Transaction, asked: Asked) -> Any:
    """List who may do what with everything that is filed under a category."""
    return [_rendered(each) for each in await permissions_on(write, asked.path["name"])]


async def get_permission(write: Transaction, asked: Asked) -> Any:
    """Read what a holder may do with everything that is filed under a category."""
    kind, holder = _holder(asked)
    for each in await permissions_on(write, asked.path["name"]):
        if (each.holder_kind, each.holder_name) == (kind, holder):
            return _rendered(each)
    raise NotFound(f"the {kind} {holder} has no permission on this category")


async def get_permissions_of_role(write: Transaction, asked: Asked) -> Any:
    """List what a role may do with everything that is filed under which category."""
    return [_rendered(each) for each in await permissions_of(write, Kind.ROLE, asked.path["name"])]


async def get_permissions_of_user(write: Transaction, asked: Asked) -> Any:
    """List what a user may itself do with everything that is filed under which category."""
    return [_rendered(each) for each in await permissions_of(write, Kind.USER, asked.path["name"])]


async def put_permission(write: Transaction, asked: Asked) -> Any:
    """Set what a holder may do with everything that is filed under a category."""
    kind, holder = _holder(asked)
    operations = operations_of(asked.body.texts("operations"))
    permission = Permission(kind, holder, asked.path["name"], operations)
    await set_permission(write, permission, asked.now)
    return _rendered(permission)


async def remove_permission(write: Transaction, asked: Asked) -> None:
    """End what a holder may do with everything that is filed under a category."""
    kind, holder = _holder(asked)
    await delete_permission(write, asked.path["name"], kind, holder, asked.now)
