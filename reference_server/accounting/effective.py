"""Effective permissions: who may do what with a resource, and what each grant of a caller comes from.

The answer follows the rule that decides: the operations of all live grants on the resource or an ancestor. A
grant on a part of the resource gives its operations on that part alone. The bearer of a link has what both
the link and its issuer have, part by part.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reference_server.accounting.holdings import Holding, Principal, callers_reaching, holdings
from reference_server.accounting.people import Kind
from reference_server.accounting.policy import Operation
from reference_server.accounting.provenance import Provenance, provenance_of
from reference_server.accounting.resources import Resource
from reference_server.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Reason:
    """A grant that a caller has, the groups through which it has it, and the grants it was derived from."""

    holding: Holding
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Effective:
    """What a caller may do with all of a resource, and `partly` with some of its parts, and why."""

    principal: Principal
    operations: Operation
    partly: Operation
    reasons: list[Reason]


def _keys(resource: Resource) -> tuple[int | None, ...]:
    return (resource.repository_id, resource.study_id, resource.series_id, resource.instance_id)


def covers(above: Resource, below: Resource) -> bool:
    """Tell whether a resource is another one or contains it."""
    return all(mine is None or mine == its for mine, its in zip(_keys(above), _keys(below), strict=True))


def _union(held: Collection[tuple[Resource, Operation]], resource: Resource) -> tuple[Operation, Operation]:
    """Return the operations on all of a resource, and those on it or on parts of it."""
    whole, partly = Operation.NOTHING, Operation.NOTHING
    for where, operations in held:
        partly |= operations
        if covers(where, resource):
            whole |= operations
    return whole, partly


def _common(of_link: Sequence[Holding], of_issuer: Sequence[Holding]) -> list[tuple[Resource, Operation]]:
    """Return where a link and its issuer both hold something, and what: on the smaller of two resources."""
    common = []
    for link in of_link:
        for issuer in of_issuer:
            if covers(link.resource, issuer.resource):
                common.append((issuer.resource, link.operations & issuer.operations))
            elif covers(issuer.resource, link.resource):
                common.append((link.resource, link.operations & issuer.operations))
    return common


async def effective_on(
    write: Transaction, resource: Resource, now: float, *, after: str, limit: int, only: str | None = None
) -> list[Effective]:
    """Return what the first callers after `kind/name`, or only one, may do with a resource and its parts."""
    callers = await callers_reaching(write, resource, now, after=after, limit=limit, only=only)
    held = await holdings(write, [key for key, _ in callers], resource, now)
    issuers = {each.issuer_id for each in held if each.subject.kind is Kind.LINK and each.issuer_id}
    of_issuers = await holdings(write, issuers, resource, now)
    provenance = await provenance_of(write, held)
    found = []
    for key, principal in callers:
        own = [each for each in held if each.principal_id == key]
        parts = [(each.resource, each.operations) for each in own]
        if principal.kind is Kind.LINK:
            issuer = {each.issuer_id for each in own}
            parts = _common(own, [each for each in of_issuers if each.principal_id in issuer])
        whole, partly = _union(parts, resource)
        reasons = [Reason(each, provenance[key, each.grant_id]) for each in own]
        found.append(Effective(principal, whole, partly, reasons))
    return found


async def grants_of(
    write: Transaction, principal_id: int, now: float, *, after: int, limit: int
) -> list[Reason]:
    """Return the first live grants after an id that reach a caller, on whatever resource."""
    held = await holdings(write, [principal_id], None, now, after=after, limit=limit)
    provenance = await provenance_of(write, held)
    return [Reason(each, provenance[principal_id, each.grant_id]) for each in held]
