"""Materialised: what the grants decide is kept for every principal, so that a read finds it in one probe.

Triggers keep the table `visibility` in the transaction of whatever changes grants, membership or studies (see
materialised.sql): reads become cheap, and a store, a share or a new member pays for each principal that it
concerns. A listing of all studies walks one index in the order of its results, on any page.
"""

from dataclasses import dataclass

from reference_server.accounting.callers import viewing
from reference_server.accounting.levels import Levels
from reference_server.accounting.policy import Access, Credentials, Operation
from reference_server.accounting.rules import Rules
from reference_server.accounting.storing import StoringByGrant
from reference_server.storage.predicate import NOW, Predicate

IN_FORCE = """seen.operations & {operation}
    AND (seen.not_before IS NULL OR seen.not_before <= ?) AND (seen.expires IS NULL OR seen.expires > ?)"""


@dataclass(frozen=True, slots=True)
class Sight:
    """Which rows of `visibility` decide about a row: the key of its study, and a further condition."""

    study_key: str
    scope: str = ""

    def predicate(self, operation: Operation, through: str) -> Predicate:
        """Return the predicate that one of the viewers may do this with the row."""
        in_force = IN_FORCE.format(operation=int(operation))
        sql = (
            "EXISTS (SELECT 1 FROM visibility AS seen"  # noqa: S608  the text is of constants
            f" WHERE seen.principal_id IN (SELECT id FROM {through})"
            f" AND seen.study_id = {self.study_key}{self.scope} AND {in_force})"
        )
        return Predicate(sql, (NOW, NOW))


_OF_SERIES = " AND seen.series_id IN (0, series.id)"
LEVELS = Levels(
    caller="viewer",
    issuer="issuing_viewer",
    study=Sight("study.id"),
    twin=Sight("twin.id"),
    whole_study=Sight("study.id", " AND seen.series_id = 0"),
    series=Sight("series.study_id", _OF_SERIES),
    whole_series=Sight("series.study_id", f"{_OF_SERIES} AND seen.instance_id = 0"),
    instance=Sight(
        "instance.study_id",
        " AND seen.series_id IN (0, instance.series_id) AND seen.instance_id IN (0, instance.id)",
    ),
)


class Materialised(StoringByGrant):
    """Grants decide when they change, not when they are asked."""

    accounts = True
    preparation = "materialised.sql"

    def __init__(self) -> None:
        """Prepare the predicates of each kind of credentials."""
        self._rules = Rules(self._access)

    def access(self, credentials: Credentials, now: float) -> Access:
        """Return the predicates over what the caller was found to see."""
        return self._rules.access(credentials, now)

    def _access(self, credentials: Credentials) -> Access:
        studies = None if credentials.roles else _walk()
        return LEVELS.access(viewing(credentials, NOW), credentials, studies)


def _walk() -> Predicate:
    """Return the statement of all studies of one viewer; the primary key has them in order."""
    in_force = IN_FORCE.format(operation=int(Operation.DISCOVER))
    sql = (
        "SELECT DISTINCT seen.study_id AS id FROM visibility AS seen"  # noqa: S608  the text is of constants
        f" WHERE seen.principal_id = (SELECT id FROM caller) AND {in_force}"
    )
    return Predicate(sql, (NOW, NOW))
