"""Post-filter: the archive is searched as if everybody saw everything, and then sorts out what it found.

This is how access control is added in front of an archive that has none. It costs what the hidden
part of a result costs: whoever sees one study in ten thousand waits for ten thousand candidates.
"""

from reference_server.accounting.decider import Question, Reader, Verdict
from reference_server.accounting.deciding import staged
from reference_server.accounting.live_grants import Rule, live_grants
from reference_server.accounting.policy import Access, Credentials
from reference_server.accounting.storing import StoringByGrant
from reference_server.timing import measured


class ByRule:
    """Decides in the process, upon the grants of the party on the candidates: one round trip."""

    async def decide(self, reader: Reader, question: Question) -> list[Verdict]:
        """Return the verdict on each resource."""
        grants = await live_grants(reader, question)
        with measured("authz"):
            rule = Rule(grants)
            return [rule.verdict(resource) for resource in question.resources]


class PostFilter(StoringByGrant):
    """Grants decide in the process, after the index has matched."""

    accounts = True
    preparation = "unmaterialised.sql"

    def access(self, credentials: Credentials, now: float) -> Access:
        """Return the access whose candidates are sorted out in the process."""
        return staged(ByRule(), credentials, now)
