"""The procedures of the management API as data: path, method, who may ask, what is taken and given."""

from collections.abc import Mapping

from reference_server.accounting.policy import Operation
from reference_server.management import facilities, links, organizations, roles, shares, tokens, users
from reference_server.management.procedure import Procedure
from reference_server.management.schemas import (
    ID,
    LINK_REQUEST,
    NAME,
    NAMED,
    NAMES,
    SHARE,
    SHARE_REQUEST,
    TIME,
    list_of,
    nullable,
    object_of,
)

_PEOPLE = Operation.OWN  # an administrator's business
_SHARE = Operation.SHARE
_TOKEN = {"type": "string"}

PROCEDURES: Mapping[str, Mapping[str, Procedure]] = {
    "/accounting/organizations": {
        "POST": Procedure(organizations.create_organization, _PEOPLE, NAMED, NAMED, refusals=(409,)),
    },
    "/accounting/facilities": {
        "POST": Procedure(
            facilities.create_facility,
            _PEOPLE,
            NAMED,
            object_of({"name": NAME, "organization": NAME}),
            refusals=(409,),
        ),
    },
    "/accounting/roles": {"POST": Procedure(roles.create_role, _PEOPLE, NAMED, NAMED, refusals=(409,))},
    "/accounting/users": {
        "POST": Procedure(
            users.create_user,
            _PEOPLE,
            NAMED,
            object_of({"name": NAME}, {"facilities": nullable(NAMES), "roles": nullable(NAMES)}),
            refusals=(409,),
        ),
    },
    "/accounting/users/{name}/tokens": {
        "POST": Procedure(
            tokens.create_token,
            _PEOPLE,
            object_of({"token": _TOKEN}),
            object_of({}, {"expires": nullable(TIME)}),
            refusals=(404,),
        ),
    },
    "/accounting/shares": {
        "GET": Procedure(shares.get_shares, _SHARE, list_of(SHARE), everyone=True),
        "POST": Procedure(
            shares.create_share, _SHARE, object_of({"id": ID}), SHARE_REQUEST, refusals=(404,), everyone=True
        ),
    },
    "/accounting/shares/{id}": {
        "DELETE": Procedure(shares.delete_share, _SHARE, refusals=(404,), everyone=True),
    },
    "/accounting/links": {
        "POST": Procedure(
            links.create_link,
            _SHARE,
            object_of({"id": ID, "token": _TOKEN}),
            LINK_REQUEST,
            refusals=(404,),
            everyone=True,
        ),
    },
}
