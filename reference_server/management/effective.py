"""Effective permissions over the API: who may do what, and why."""

from operator import itemgetter
from typing import Any

from reference_server.accounting.effective import Effective, Reason, effective_on, grants_of
from reference_server.accounting.people import Kind, principal_at
from reference_server.accounting.policy import Operation
from reference_server.accounting.resources import Resource, ResourceName, resolve, rights_on
from reference_server.errors import Forbidden, NotFound
from reference_server.management.letters import letters_of
from reference_server.management.paging import after_id, limit_of, page_of
from reference_server.management.procedure import Asked, Page
from reference_server.management.shares import rendered_resource
from reference_server.storage.database import Transaction

KNOWING = Operation.SHARE | Operation.OWN


def _reason(reason: Reason) -> dict[str, object]:
    held = reason.holding
    return {
        "grant": held.grant_id,
        "operations": letters_of(held.operations),
        "resource": rendered_resource(held.name),
        "subject": held.subject,
        "through": reason.provenance.through,
        "granted_by": held.issuer,
        "derived_from": [
            {"grant": each.grant_id, "subject": each.subject} for each in reason.provenance.derived_from
        ],
        "not_before": held.not_before,
        "expires": held.expires,
    }


def _rendered(found: Effective) -> dict[str, object]:
    return {
        "principal": found.principal,
        "operations": letters_of(found.operations),
        "partly": letters_of(found.partly),
        "because": [_reason(each) for each in found.reasons],
    }


async def _asked_about(write: Transaction, asked: Asked) -> Resource:
    """Return the resource; raises NotFound where the caller does not see it, Forbidden where it may not ask.

    Who may share or owns a resource may ask about everyone; who sees it, about itself; administrators always.
    """
    query = asked.query
    names = (query["repository"], query.get("study"), query.get("series"), query.get("instance"))
    resource = await resolve(write, ResourceName(*names))
    if asked.caller.administrator:
        return resource
    rights = await rights_on(write, resource, asked.caller.subjects, asked.now)
    if not rights.visible:
        raise NotFound("there is no such resource")
    itself = asked.query.get("principal") == await _name_of_caller(write, asked)
    if not itself and not any(row[0] & KNOWING for row in rights.covering):
        raise Forbidden("you may ask about yourself alone on this resource")
    return resource


async def _name_of_caller(write: Transaction, asked: Asked) -> str:
    rows = await write.fetch("SELECT name FROM principal WHERE id = ?", (asked.caller.principal_id,))
    return f"{Kind.USER}/{rows[0][0]}"


async def get_effective(write: Transaction, asked: Asked) -> Any:
    """List who may do what with a resource, and by which grants, groups and shares."""
    resource = await _asked_about(write, asked)
    limit = limit_of(asked)
    found = await effective_on(
        write,
        resource,
        asked.now,
        after=asked.query.get("after", ""),
        limit=limit + 1,
        only=asked.query.get("principal"),
    )
    page = page_of(found, limit, lambda each: f"{each.principal.kind}/{each.principal.name}")
    return Page([_rendered(each) for each in page.items if each.partly], page.following)


async def get_grants_of_user(write: Transaction, asked: Asked) -> Any:
    """List the grants that reach a user, by an administrator or by the user."""
    name = asked.path["name"]
    if not asked.caller.administrator and await _name_of_caller(write, asked) != f"{Kind.USER}/{name}":
        raise Forbidden("you may ask about yourself alone")
    key, _ = await principal_at(write, Kind.USER, name)
    limit = limit_of(asked)
    found = await grants_of(write, key, asked.now, after=after_id(asked), limit=limit + 1)
    return page_of([_reason(each) for each in found], limit, itemgetter("grant"))
