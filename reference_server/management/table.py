"""The procedures of the management API as data: path, method, who may ask, what is taken and given."""

from collections.abc import Mapping

from reference_server.accounting.policy import Operation
from reference_server.management import (
    categories,
    effective,
    facilities,
    links,
    organizations,
    owners,
    roles,
    schemas,
    shares,
    tokens,
    users,
)
from reference_server.management.body import Schema
from reference_server.management.paging import PAGING
from reference_server.management.procedure import Procedure, Work

_PEOPLE = Operation.OWN  # an administrator's business
_SHARE = Operation.SHARE
_RESOURCE_QUERY = {"repository": schemas.NAME} | dict.fromkeys(("study", "series", "instance"), schemas.UID)


def _create(work: Work, gives: Schema, body: Schema) -> Procedure:
    return Procedure(work, _PEOPLE, gives, body, refusals=(409,))


def _list(work: Work, items: Schema) -> Procedure:
    return Procedure(work, _PEOPLE, schemas.list_of(items), query=PAGING)


def _read(work: Work, gives: Schema) -> Procedure:
    return Procedure(work, _PEOPLE, gives, refusals=(404,))


def _update(work: Work, gives: Schema, body: Schema) -> Procedure:
    return Procedure(work, _PEOPLE, gives, body, refusals=(404, 409))


def _delete(work: Work, *refusals: int) -> Procedure:
    return Procedure(work, _PEOPLE, refusals=(404, *refusals))


PEOPLE: Mapping[str, Mapping[str, Procedure]] = {
    "/accounting/organizations": {
        "GET": _list(organizations.get_organizations, schemas.ORGANIZATION),
        "POST": _create(organizations.create_organization, schemas.NAMED, schemas.NAMED),
    },
    "/accounting/organizations/{name}": {
        "GET": _read(organizations.get_organization, schemas.ORGANIZATION),
        "PATCH": _update(organizations.update_organization, schemas.ORGANIZATION, schemas.NAMED),
        "DELETE": _delete(organizations.delete_organization, 409),
    },
    "/accounting/facilities": {
        "GET": _list(facilities.get_facilities, schemas.FACILITY),
        "POST": _create(facilities.create_facility, schemas.NAMED, schemas.FACILITY_REQUEST),
    },
    "/accounting/facilities/{name}": {
        "GET": _read(facilities.get_facility, schemas.FACILITY),
        "PATCH": _update(facilities.update_facility, schemas.FACILITY, schemas.FACILITY_CHANGE),
        "DELETE": _delete(facilities.delete_facility, 409),
    },
    "/accounting/roles": {
        "GET": _list(roles.get_roles, schemas.NAMED),
        "POST": _create(roles.create_role, schemas.NAMED, schemas.NAMED),
    },
    "/accounting/roles/{name}": {
        "GET": _read(roles.get_role, schemas.NAMED),
        "PATCH": _update(roles.update_role, schemas.NAMED, schemas.NAMED),
        "DELETE": _delete(roles.delete_role),
    },
    "/accounting/users": {
        "GET": _list(users.get_users, schemas.USER),
        "POST": _create(users.create_user, schemas.NAMED, schemas.USER_REQUEST),
    },
    "/accounting/users/{name}": {
        "GET": _read(users.get_user, schemas.USER),
        "PATCH": _update(users.update_user, schemas.USER, schemas.USER_CHANGE),
        "DELETE": _delete(users.delete_user),
    },
    "/accounting/users/{name}/tokens": {
        "GET": _read(tokens.get_tokens, schemas.list_of(schemas.TOKEN)),
        "POST": Procedure(
            tokens.create_token, _PEOPLE, schemas.ISSUED_TOKEN, schemas.TOKEN_REQUEST, refusals=(404,)
        ),
    },
    "/accounting/users/{name}/tokens/{id}": {"DELETE": _delete(tokens.delete_token)},
}
CATEGORIES: Mapping[str, Mapping[str, Procedure]] = {
    "/accounting/categories": {
        "GET": _list(categories.get_categories, schemas.NAMED),
        "POST": _create(categories.create_category, schemas.NAMED, schemas.NAMED),
    },
    "/accounting/categories/{name}": {
        "GET": _read(categories.get_category, schemas.NAMED),
        "PATCH": _update(categories.update_category, schemas.NAMED, schemas.NAMED),
        "DELETE": _delete(categories.delete_category),
    },
    "/accounting/categories/{name}/permissions": {
        "GET": _read(categories.get_permissions, schemas.list_of(schemas.PERMISSION)),
    },
    "/accounting/categories/{name}/permissions/{kind}/{holder}": {
        "GET": _read(categories.get_permission, schemas.PERMISSION),
        "PUT": Procedure(
            categories.put_permission,
            _PEOPLE,
            schemas.PERMISSION,
            schemas.PERMISSION_REQUEST,
            refusals=(404,),
        ),
        "DELETE": _delete(categories.remove_permission),
    },
    "/accounting/roles/{name}/permissions": {
        "GET": _read(categories.get_permissions_of_role, schemas.list_of(schemas.PERMISSION)),
    },
    "/accounting/users/{name}/permissions": {
        "GET": _read(categories.get_permissions_of_user, schemas.list_of(schemas.PERMISSION)),
    },
}
SHARING: Mapping[str, Mapping[str, Procedure]] = {
    "/accounting/shares": {
        "GET": Procedure(
            shares.get_shares, _SHARE, schemas.list_of(schemas.SHARE), query=PAGING, everyone=True
        ),
        "POST": Procedure(
            shares.create_share,
            _SHARE,
            schemas.ISSUED_SHARE,
            schemas.SHARE_REQUEST,
            refusals=(404,),
            everyone=True,
        ),
    },
    "/accounting/shares/{id}": {
        "GET": Procedure(shares.get_share, _SHARE, schemas.SHARE, refusals=(404,), everyone=True),
        "DELETE": Procedure(shares.delete_share, _SHARE, refusals=(404,), everyone=True),
    },
    "/accounting/links": {
        "GET": Procedure(
            links.get_links, _SHARE, schemas.list_of(schemas.SHARE), query=PAGING, everyone=True
        ),
        "POST": Procedure(
            links.create_link,
            _SHARE,
            schemas.ISSUED_LINK,
            schemas.LINK_REQUEST,
            refusals=(404,),
            everyone=True,
        ),
    },
    "/accounting/repositories/{repository}/studies/{study}/owner": {
        "GET": Procedure(owners.get_owner, _SHARE, schemas.OWNER, refusals=(404,), everyone=True),
        "PUT": Procedure(
            owners.put_owner,
            Operation.OWN,
            schemas.OWNER,
            schemas.OWNER_REQUEST,
            refusals=(404, 409),
            everyone=True,
        ),
    },
    "/accounting/effective": {
        "GET": Procedure(
            effective.get_effective,
            _SHARE,
            schemas.list_of(schemas.EFFECTIVE),
            query={**_RESOURCE_QUERY, "principal": schemas.TEXT, **PAGING},
            required=("repository",),
            refusals=(404,),
            everyone=True,
        ),
    },
    "/accounting/users/{name}/effective": {
        "GET": Procedure(
            effective.get_grants_of_user,
            Operation.DISCOVER,
            schemas.list_of(schemas.REASON),
            query=PAGING,
            refusals=(404,),
            everyone=True,
        ),
    },
}
PROCEDURES: Mapping[str, Mapping[str, Procedure]] = {**PEOPLE, **CATEGORIES, **SHARING}
