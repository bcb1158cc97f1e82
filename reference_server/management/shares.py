"""Shares over the API: issue, list, read and revoke."""

from operator import itemgetter
from typing import Any

from reference_server.accounting.people import Kind
from reference_server.accounting.policy import Operation
from reference_server.accounting.resources import ResourceName
from reference_server.accounting.sharing import (
    Share,
    ShareRequest,
    find_share,
    issue_share,
    list_shares,
    revoke_share,
)
from reference_server.errors import BadRequest, NotFound
from reference_server.management.body import JsonBody
from reference_server.management.letters import letters_of, operations_of
from reference_server.management.paging import MAX_DIGITS, after_id, limit_of, page_of
from reference_server.management.procedure import Asked, Page
from reference_server.storage.database import Transaction

BEARERS = (Kind.ANONYMOUS, Kind.LINK)  # who they are, nobody knows: they read and no more
READING = Operation.DISCOVER | Operation.RETRIEVE


async def create_share(write: Transaction, asked: Asked) -> Any:
    """Share a resource that the caller holds the right to share."""
    subject = asked.body.object("subject")
    kind = Kind(subject.text("kind"))
    wanted = wanted_share(asked.body, kind, subject.optional_text("name") or kind)
    return {"id": await issue_share(write, asked.caller, wanted, asked.now)}


def wanted_share(body: JsonBody, kind: Kind, name: str) -> ShareRequest:
    """Return what a payload wants shared with this subject."""
    operations = operations_of(body.texts("operations"))
    if kind in BEARERS and operations & ~READING:
        raise BadRequest(f"with {kind}, only the operations Q and R can be shared")
    return ShareRequest(
        subject_kind=kind,
        subject_name=name,
        resource=resource_name(body.object("resource")),
        operations=operations,
        snapshot=body.flag("snapshot"),
        not_before=body.time("not_before"),
        expires=body.time("expires"),
    )


def resource_name(body: JsonBody) -> ResourceName:
    """Return the resource that an object names."""
    return ResourceName(
        body.text("repository"),
        body.optional_text("study"),
        body.optional_text("series"),
        body.optional_text("instance"),
    )


async def get_shares(write: Transaction, asked: Asked) -> Any:
    """List the shares in force that the caller issued or may manage."""
    return await page_of_shares(write, asked)


async def page_of_shares(write: Transaction, asked: Asked, only: Kind | None = None) -> Page:
    """Return the page that is asked for, of shares with every kind of subject or with only one."""
    limit, after = limit_of(asked), after_id(asked)
    found = await list_shares(write, asked.caller, asked.now, after=after, limit=limit + 1, only=only)
    return page_of([rendered_share(share) for share in found], limit, itemgetter("id"))


async def get_share(write: Transaction, asked: Asked) -> Any:
    """Read a share in force that the caller issued or may manage."""
    return rendered_share(await find_share(write, asked.caller, share_id(asked), asked.now))


def rendered_resource(resource: ResourceName) -> dict[str, str]:
    """Return a resource with the levels that it names."""
    uids = {"study": resource.study, "series": resource.series, "instance": resource.instance}
    return {"repository": resource.repository} | {k: v for k, v in uids.items() if v is not None}


def rendered_share(share: Share) -> dict[str, object]:
    """Return a share as the API writes it."""
    return {
        "id": share.id,
        "subject": {"kind": share.subject_kind, "name": share.subject_name},
        "resource": rendered_resource(share.resource),
        "operations": letters_of(share.operations),
        "snapshot": share.snapshot,
        "not_before": share.not_before,
        "expires": share.expires,
        "granted_by": share.granted_by,
    }


def share_id(asked: Asked) -> int:
    """Return the id in the path; one that cannot be an id names nothing."""
    number = asked.path["id"]
    if not (number.isascii() and number.isdecimal()) or len(number) > MAX_DIGITS:
        raise NotFound("there is no such share")
    return int(number)


async def delete_share(write: Transaction, asked: Asked) -> None:
    """Revoke a share and what was derived from it."""
    await revoke_share(write, asked.caller, share_id(asked), asked.now)
