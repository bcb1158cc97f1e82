"""Cedar: a policy engine in the process decides, by a policy that a reader can read.

`model.cedarschema` says what there is, `model.cedar` who may do what. For each batch of candidates the live
grants on them become entities (who is in which right), and the engine is asked about each candidate. The
engine is https://www.cedarpolicy.com, by way of cedarpy.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import cedarpy
import orjson

from reference_server.accounting.decider import Question, Reader, Verdict
from reference_server.accounting.deciding import staged
from reference_server.accounting.live_grants import LiveGrant, containers, live_grants
from reference_server.accounting.policy import Access, Credentials, Operation
from reference_server.accounting.resources import Resource
from reference_server.accounting.storing import StoringByGrant
from reference_server.timing import measured

HERE = Path(__file__).parent
POLICIES, SCHEMA = HERE / "model.cedar", HERE / "model.cedarschema"
ACTIONS = {Operation.DISCOVER: "discover", Operation.RETRIEVE: "retrieve"}
PARTLY = "Part"

Entity = dict[str, Any]
Uid = dict[str, str]
Edges = defaultdict[str, set[str]]


def resource_name(resource: Resource) -> str:
    """Return the name of a resource in the engine: its keys down to its level."""
    keys = (resource.repository_id, resource.study_id, resource.series_id, resource.instance_id)
    return "/".join(str(key) for key in keys if key is not None)


def _uid(kind: str, name: str) -> Uid:
    return {"type": kind, "id": name}


def _right(action: str, resource: Resource) -> str:
    return f"{action} {resource_name(resource)}"


def _rights(resources: Iterable[Resource], actions: Sequence[str]) -> Edges:
    """Return which rights follow from which: those to what lies in a resource, and those to a part of it."""
    edges: Edges = defaultdict(set)
    for resource in resources:
        chain = (resource, *containers(resource))
        for action in actions:
            for each in chain:
                edges[_right(action, each)].add(_right(action + PARTLY, each))
            for below, above in pairwise(chain):
                edges[_right(action, above)].add(_right(action, below))
                edges[_right(action + PARTLY, below)].add(_right(action + PARTLY, above))
    return edges


def entities_of(caller: str, grants: Sequence[LiveGrant], question: Question) -> Iterator[Entity]:
    """Yield the caller, the principals through whom it holds grants, the rights and the resources."""
    actions = [ACTIONS[operation] for operation in question.operations]
    rights = _rights({*question.resources, *(grant.resource for grant in grants)}, actions)
    held: Edges = defaultdict(set)
    for grant in grants:
        held[str(grant.subject_id)].update(_right(ACTIONS[each], grant.resource) for each in grant.operations)
    yield _entity("Caller", caller, [_uid("Principal", name) for name in held])
    for kind, edges in (("Principal", held), ("Right", rights)):
        for name, parents in edges.items():
            yield _entity(kind, name, [_uid("Right", each) for each in parents])
    for resource in question.resources:
        attributes = {
            action + part: {"__entity": _uid("Right", _right(action + part, resource))}
            for action in actions
            for part in ("", PARTLY)
        }
        yield _entity("Resource", resource_name(resource), [], attributes)


def _entity(kind: str, name: str, parents: list[Uid], attributes: Entity | None = None) -> Entity:
    return {"uid": _uid(kind, name), "attrs": attributes or {}, "parents": parents}


class Engine:
    """Decides by asking the policy engine about each resource and operation, whole and in part."""

    def __init__(self) -> None:
        self._policies = cedarpy.PolicySet.from_str(POLICIES.read_text(encoding="utf-8"))

    async def decide(self, reader: Reader, question: Question) -> list[Verdict]:
        """Return the verdict on each resource."""
        grants = await live_grants(reader, question)
        with measured("authz"):
            return self._verdicts(grants, question)

    def _verdicts(self, grants: list[LiveGrant], question: Question) -> list[Verdict]:
        caller = "+".join(map(str, question.party))
        graph = orjson.dumps(list(entities_of(caller, grants, question))).decode()
        asked = [
            {
                "principal": _uid("Caller", caller),
                "action": _uid("Action", ACTIONS[operation] + part),
                "resource": _uid("Resource", resource_name(resource)),
            }
            for resource in question.resources
            for operation in question.operations
            for part in ("", PARTLY)
        ]
        answers = iter(cedarpy.is_authorized_batch(asked, self._policies, graph))
        verdicts = []
        for _ in question.resources:
            whole = partly = Operation.NOTHING
            for operation in question.operations:
                whole |= operation if next(answers).allowed else Operation.NOTHING
                partly |= operation if next(answers).allowed else Operation.NOTHING
            verdicts.append(Verdict(whole, partly))
        return verdicts


class Cedar(StoringByGrant):
    """A policy engine decides, after the index has matched."""

    accounts = True
    preparation = "unmaterialised.sql"

    def __init__(self) -> None:
        self._engine = Engine()

    def access(self, credentials: Credentials, now: float) -> Access:
        """Return the access about whose candidates the engine is asked."""
        return staged(self._engine, credentials, now)
