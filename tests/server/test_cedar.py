"""The model of the policy engine is sound, and the engine decides by it what the rule decides."""

import asyncio
from collections.abc import Sequence

import cedarpy
import orjson
from hypothesis import given
from hypothesis import strategies as st

from reference_server.accounting.cedar import POLICIES, SCHEMA, Engine, entities_of
from reference_server.accounting.decider import Question
from reference_server.accounting.live_grants import LiveGrant, Rule
from reference_server.accounting.policy import Operation
from reference_server.accounting.resources import Resource
from reference_server.storage.database import Row
from reference_server.storage.predicate import Value

READING = Operation.DISCOVER | Operation.RETRIEVE
KEYS = st.integers(1, 2)
RESOURCES = st.one_of(
    st.builds(Resource, KEYS, KEYS, st.none(), st.none()),
    st.builds(Resource, KEYS, KEYS, KEYS, st.none()),
    st.builds(Resource, KEYS, KEYS, KEYS, KEYS),
)
WHOLE = st.builds(Resource, KEYS, st.none(), st.none(), st.none())
GRANTS = st.builds(
    LiveGrant,
    subject_id=KEYS,
    operations=st.sampled_from([Operation.DISCOVER, Operation.RETRIEVE, READING]),
    resource=RESOURCES | WHOLE,
)


class Given:
    """An index that holds these grants."""

    def __init__(self, grants: list[LiveGrant]) -> None:
        self.grants = grants

    async def read(self, sql: str, values: Sequence[Value]) -> list[Row]:  # noqa: ARG002  the protocol's signature
        """Return the grants as rows."""
        return [
            (g.subject_id, int(g.operations), g.resource.repository_id, g.resource.study_id,
             g.resource.series_id, g.resource.instance_id)
            for g in self.grants
        ]  # fmt: skip


def test_the_policies_are_sound() -> None:
    result = cedarpy.validate_policies(POLICIES.read_text(), SCHEMA.read_text())
    assert result.validation_passed, [str(each) for each in result.errors]


@given(
    grants=st.lists(GRANTS, max_size=6), resources=st.lists(RESOURCES, min_size=1, max_size=4, unique=True)
)
def test_the_engine_decides_as_the_rule_does(grants: list[LiveGrant], resources: list[Resource]) -> None:
    question = Question((7,), READING, resources, 0.0)
    graph = orjson.dumps(list(entities_of("7", grants, question))).decode()
    cedarpy.Entities.from_json_str(graph, SCHEMA.read_text())  # raises where they do not fit the schema
    decided = asyncio.run(Engine().decide(Given(grants), question))
    rule = Rule(grants)
    assert decided == [rule.verdict(each) for each in resources]
